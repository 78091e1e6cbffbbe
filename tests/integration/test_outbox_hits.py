"""What a worker writes for webhooks, in the transaction that stores the hits."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import psycopg
import pytest

from tests.support.queued_hits import NOON, define, drain, enqueue, entry_of, hit_of, rows, set_mode
from tests.support.registered_webhooks import deliveries, register, types
from tracker.application import Application
from tracker.ingest.application_lookup import ApplicationLookup
from tracker.management import applications
from tracker.queueing.connection import Connection
from tracker.queueing.entry import IMPORT_PRIORITY
from tracker.store import application_settings, webhooks
from tracker.store.database import Database


def test_a_hit_is_told_with_its_columns_and_nothing_about_who_it_was(
    database: Database, redis: Connection, application: Application
) -> None:
    webhook = register(database, application, "tracking.created")
    hit = hit_of(
        application,
        referrer="https://search.example/",
        client_sub_id="client",
        module_id="module",
        session_id="session",
        user_agent="Mozilla/5.0",
        ip_address="192.0.2.0",
        event_name="click",
        event_data={"x": 'a "b" \\ é 日本'},
        custom_params={"price": 12.5},
        screen_resolution="1x1",
    )
    enqueue(redis, [hit])
    drain(redis, database)
    (delivery,) = deliveries(database, webhook)
    assert delivery["event_id"] == f"hit_{hit.tracking_id.hex}"
    assert delivery["body"]["timestamp"] == delivery["data"]["created_at"] == f"{hit.created_at:%Y-%m-%dT%H:%M:%S}Z"
    assert delivery["data"] == {
        "app_id": "shop",
        "tracking_id": str(hit.tracking_id),
        "url": "https://shop.example/1",
        "referrer": "https://search.example/",
        "event_name": "click",
        "event_data": {"x": 'a "b" \\ é 日本'},
        "custom_params": {"price": 12.5},
        "session_id": "session",
        "client_sub_id": "client",
        "module_id": "module",
        "created_at": delivery["data"]["created_at"],
    }
    assert rows(
        database, "SELECT state, attempt, due_at = created_at, leased_until, finished_at FROM webhook_deliveries"
    ) == [("waiting", 0, True, None, None)]


@pytest.mark.parametrize(
    ("asked_for", "event_name", "expected"),
    [
        (["tracking.created"], "purchase", ["tracking.created"]),
        (["tracking.created"], None, ["tracking.created"]),
        (["*"], "purchase", ["tracking.created"]),
        (["tracking.purchase"], "purchase", ["tracking.purchase"]),
        (["tracking.purchase"], "click", []),
        (["tracking.purchase"], None, []),
        (["tracking.created", "tracking.purchase"], "purchase", ["tracking.purchase"]),
        (["*", "tracking.purchase"], "purchase", ["tracking.purchase"]),
        (["*", "tracking.purchase"], "click", ["tracking.created"]),
        (["tracking.created"], "created", ["tracking.created"]),
        (["session.ended", "batch.failed"], "purchase", []),
    ],
)
def test_a_webhook_gets_a_hit_once_under_the_name_it_asks_for(
    *,
    database: Database,
    redis: Connection,
    application: Application,
    asked_for: list[str],
    event_name: str | None,
    expected: list[str],
) -> None:
    webhook = register(database, application, *asked_for)
    enqueue(redis, [hit_of(application, event_name=event_name)])
    assert drain(redis, database).stored == 1
    assert types(database, webhook) == expected


def test_each_webhook_of_an_application_gets_its_own_and_other_applications_get_nothing(
    database: Database, redis: Connection, application: Application
) -> None:
    news, _ = applications.create(database, name="News", app_id="news")
    every, clicks, disabled = (register(database, application, *names) for names in (["*"], ["tracking.click"], ["*"]))
    other = register(database, news, "*")
    with database.transaction() as tx:
        webhooks.disable(tx, disabled, reason="test", now=NOON)
    hits = [hit_of(application, number, event_name="click" if number % 2 else None) for number in range(1, 11)]
    enqueue(redis, [*hits, hit_of(news, 11)])
    drain(redis, database)
    assert types(database, every) == ["tracking.created"] * 10
    assert types(database, clicks) == ["tracking.click"] * 5
    assert types(database, disabled) == []
    (delivery,) = deliveries(database, other)
    assert delivery["data"]["app_id"] == "news"


def test_address_and_user_agent_are_told_where_the_settings_ask_for_them(
    database: Database, redis: Connection, application: Application
) -> None:
    webhook = register(database, application, "*")
    with database.transaction() as tx:
        application_settings.put(tx, application.id, "webhook_ip_address", "true")
        application_settings.put(tx, application.id, "webhook_user_agent", "true")
    enqueue(redis, [hit_of(application, user_agent="Mozilla/5.0", ip_address="192.0.2.0")])
    drain(redis, database)
    (delivery,) = deliveries(database, webhook)
    assert (delivery["data"]["ip_address"], delivery["data"]["user_agent"]) == ("192.0.2.0", "Mozilla/5.0")


def test_a_body_stays_under_20_kb_and_says_what_was_cut(
    database: Database, redis: Connection, application: Application
) -> None:
    webhook = register(database, application, "*")
    long = {"url": "https://shop.example/" + "日" * 8000, "event_data": {"html": "<" * 9000, "price": 3}}
    enqueue(redis, [hit_of(application, **long, custom_params={"a": 1})])
    drain(redis, database)
    (delivery,) = deliveries(database, webhook)
    ((size,),) = rows(database, "SELECT octet_length(payload) FROM webhook_deliveries")
    assert 15_000 < size < 20_000
    data = delivery["data"]
    assert data["truncated"] == ["url"]
    assert long["url"].startswith(data["url"])
    assert (data["event_data"], data["custom_params"]) == (long["event_data"], {"a": 1})


def test_imported_hits_and_their_sessions_are_history_and_are_told_to_nobody(
    database: Database, redis: Connection, application: Application
) -> None:
    webhook = register(database, application, "*")
    imported = {"priority": IMPORT_PRIORITY}
    bad = entry_of(hit_of(application, 3, ip_address="nowhere"), **imported)
    enqueue(redis, [entry_of(hit_of(application, n, session_id="s"), **imported) for n in (1, 2)])
    enqueue(redis, [bad])
    drained = drain(redis, database)
    assert (drained.stored, drained.failed) == (2, 1)
    assert types(database, webhook) == []
    assert rows(database, "SELECT session_id, is_active FROM sessions") == [("s", False)]
    enqueue(redis, [hit_of(application, 4, session_id="s")])
    drain(redis, database)
    assert rows(database, "SELECT session_id, is_active FROM sessions") == [("s", True)]
    assert types(database, webhook) == ["tracking.created"]


def test_a_session_that_begins_is_told_once(database: Database, redis: Connection, application: Application) -> None:
    webhook = register(database, application, "session.started")
    enqueue(redis, [hit_of(application, n, session_id="a.b", client_sub_id="me") for n in (2, 1, 3)])
    drain(redis, database)
    enqueue(redis, [hit_of(application, 4, session_id="a.b")])
    drain(redis, database)
    (delivery,) = deliveries(database, webhook)
    assert "." not in delivery["event_id"]
    assert delivery["data"] == {
        "app_id": "shop",
        "session_id": "a.b",
        "client_sub_id": "me",
        "module_id": None,
        "first_accessed_at": f"{NOON + timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}Z",
    }


def test_hits_that_failed_are_told_together_without_their_values(
    database: Database, redis: Connection, application: Application
) -> None:
    webhook = register(database, application, "batch.failed")
    define(database, application, "price", "number")
    set_mode(database, application, "reject")
    bad = [hit_of(application, n, custom_params={"price": "a secret price"}) for n in (1, 2)]
    worse = hit_of(application, 3, ip_address="nowhere")
    enqueue(redis, [*bad, worse, hit_of(application, 4)])
    drained = drain(redis, database)
    assert (drained.stored, drained.failed) == (1, 3)
    told = deliveries(database, webhook)
    assert sorted(event["data"]["failed"] for event in told) == [1, 2]
    by_count = {event["data"]["failed"]: event["data"] for event in told}
    assert by_count[2]["kinds"] == {"rejected": 2}
    assert by_count[2]["hits"][0] == {
        "tracking_id": str(bad[0].tracking_id),
        "reason": "Custom parameters are refused, and the application rejects: price (type).",
    }
    assert by_count[1]["kinds"] == {"unstorable": 1}
    assert by_count[1]["hits"][0]["tracking_id"] == str(worse.tracking_id)
    payloads = str(rows(database, "SELECT payload FROM webhook_deliveries"))
    assert "secret" not in payloads
    assert "nowhere" not in payloads


def test_a_batch_that_is_delivered_again_is_not_told_again(
    database: Database, redis: Connection, application: Application
) -> None:
    webhook = register(database, application, "*")
    broken = entry_of(hit_of(application, 9, ip_address="nowhere"))
    batch = [*(hit_of(application, n, session_id="s") for n in range(1, 6)), broken]
    enqueue(redis, batch)
    drain(redis, database)
    once = deliveries(database, webhook)
    assert sorted(event["type"] for event in once) == ["batch.failed", "session.started", *["tracking.created"] * 5]
    enqueue(redis, batch)
    enqueue(redis, [*batch[:3], hit_of(application, 7, session_id="s")])
    drain(redis, database)
    again = deliveries(database, webhook)
    assert again[: len(once)] == once
    assert [event["type"] for event in again[len(once) :]] == ["tracking.created"]


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that is executed from now on."""
    seen: list[str] = []
    for name in ("execute", "copy"):
        original: Callable[..., Any] = getattr(psycopg.Cursor, name)

        def spied(self: Any, query: Any, *args: Any, _original: Callable[..., Any] = original, **named: Any) -> Any:
            seen.append(str(query))
            return _original(self, query, *args, **named)

        monkeypatch.setattr(psycopg.Cursor, name, spied)
    return seen


def test_an_application_that_nobody_listens_to_costs_one_cached_look_and_no_statement_more(
    database: Database, redis: Connection, application: Application, statements: list[str]
) -> None:
    register(database, application, "session.ended", "tracking.purchase")
    news, _ = applications.create(database, name="News", app_id="news")
    for listened in (news, application):
        enqueue(redis, [hit_of(listened, number, session_id=f"{listened.app_id}{number}") for number in range(300)])
        statements.clear()
        drained = drain(redis, database)
        assert drained.stored + drained.duplicates == 300
        about_webhooks = [statement for statement in statements if "webhook" in statement]
        assert [statement.splitlines()[0] for statement in about_webhooks] == [
            "-- Who listens: the active webhooks of some applications, for writing deliveries."
        ]


def test_a_webhook_that_was_deleted_a_moment_ago_holds_up_no_hit(
    database: Database, redis: Connection, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = register(database, application, "*")
    stays = register(database, application, "*")
    numbers = count()
    original = ApplicationLookup.of

    def of(self: ApplicationLookup, app_ids: Any) -> Any:
        """After the first batch the webhook goes, while the drain still knows it."""
        known = original(self, app_ids)
        if next(numbers) == 1:
            with database.transaction() as tx:
                webhooks.delete(tx, gone)
        return known

    monkeypatch.setattr(ApplicationLookup, "of", of)
    enqueue(redis, [hit_of(application, number) for number in range(250)])
    drained = drain(redis, database)
    assert (drained.batches, drained.stored, drained.failed, drained.postponed) == (3, 250, 0, 0)
    assert len(deliveries(database, stays)) == 250
    assert deliveries(database, gone) == []
