"""Webhooks from the operator's command line."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from standardwebhooks import Webhook

from tests.support.command_line import Finished, tracker
from tests.support.consumers import answer, consumer
from tests.support.queued_hits import rows
from tests.support.running import running
from tests.support.waiting import PATIENCE
from tracker.application import Application
from tracker.config import Settings
from tracker.outbox.event import Event
from tracker.outbox.publish import publish
from tracker.store.database import Database

pytestmark = pytest.mark.usefixtures("application")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
URL = "https://127.0.0.1:9443/hook"
ALLOWED = {"TRACKER_SECRET_KEY": "secret key of the tests", "TRACKER_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8"}


@pytest.fixture
def webhooks(settings: Settings) -> Any:
    """Runs `python -m tracker webhooks ...` where webhooks may go to this machine."""

    def run(*arguments: str, constants: dict[str, float] | None = None, **more: str) -> Finished:
        return tracker(settings, "webhooks", *arguments, constants=constants, **{**ALLOWED, **more})

    return run


@pytest.fixture
def made(webhooks: Any) -> dict[str, Any]:
    created = webhooks(
        "create", "--app-id", "shop", "--url", URL, "--events", "tracking.created,session.ended", "--json"
    )
    assert created.status == 0, created.errors
    row: dict[str, Any] = created.json
    return row


def test_a_webhook_is_made_shown_changed_and_deleted(webhooks: Any, made: dict[str, Any], database: Database) -> None:
    assert list(made)[:3] == ["id", "url", "secret"]
    assert (made["url"], made["events"]) == (URL, ["tracking.created", "session.ended"])
    assert made["secret"].startswith("whsec_")
    shown = webhooks("show", made["id"], "--json")
    assert shown.json == {name: value for name, value in made.items() if name != "secret"}
    listed = webhooks("list", "--app-id", "shop", "--json")
    assert listed.json == webhooks("list", "--json").json == [shown.json]
    assert made["id"] in webhooks("list").output
    changed = webhooks("update", made["id"], "--events", "*", "--json")
    assert (changed.json["events"], changed.json["url"]) == (["*"], URL)
    rotated = webhooks("rotate", made["id"], "--json")
    assert rotated.json["secret"] not in (made["secret"], None)
    assert rotated.json["previous_secret_expires_at"]
    assert webhooks("disable", made["id"], "--json").json["is_active"] is False
    assert webhooks("enable", made["id"], "--json").json["is_active"] is True
    assert webhooks("delete", made["id"], "--yes").status == 0
    gone = webhooks("show", made["id"])
    assert (gone.status, "There is no webhook" in gone.errors) == (1, True)
    actors = rows(database, "SELECT DISTINCT actor_kind FROM audit_log WHERE action LIKE 'webhook%%'")
    assert actors == [("command",)]


@pytest.mark.parametrize(
    ("url", "events", "more", "status", "words"),
    [
        ("http://127.0.0.1/", "*", {}, 1, "https://"),
        ("https://169.254.169.254/", "*", {}, 1, "metadata"),
        (URL, "*", {"TRACKER_WEBHOOK_ALLOWED_NETWORKS": ""}, 1, "loopback"),
        (URL, "sesion.ended", {}, 1, "Do you mean session.ended?"),
        (URL, "*", {"TRACKER_SECRET_KEY": ""}, 2, "TRACKER_SECRET_KEY is not set"),
    ],
)
def test_what_is_refused_says_why(
    *, webhooks: Any, url: str, events: str, more: dict[str, str], status: int, words: str
) -> None:
    refused = webhooks("create", "--app-id", "shop", "--url", url, "--events", events, **more)
    assert (refused.status, refused.output) == (status, "")
    assert words in refused.errors
    assert "Traceback" not in refused.errors


def test_without_a_scheduler_a_test_says_that_nothing_is_sent(webhooks: Any, made: dict[str, Any]) -> None:
    tested = webhooks("test", made["id"], "--json", constants={"tracker.cli.webhooks:_TEST_SECONDS": 0.3})
    assert tested.status == 1
    assert "No scheduler works" in tested.errors
    assert (tested.json["event_type"], tested.json["state"]) == ("webhook.test", "waiting")


def test_a_test_is_sent_and_shows_what_became_of_it(settings: Settings, webhooks: Any, tmp_path: Path) -> None:
    allowed = {**ALLOWED, "TRACKER_WEBHOOK_ALLOW_HTTP": "true"}
    with consumer() as endpoint, running(settings, tmp_path, "scheduler.py", **allowed):
        created = webhooks(
            "create", "--app-id", "shop", "--url", endpoint.url, "--events", "*", "--json", **allowed
        ).json
        patient = {"tracker.cli.webhooks:_TEST_SECONDS": PATIENCE}
        tested = webhooks("test", created["id"], "--json", constants=patient)
        endpoint.manner = answer(503)
        in_vain = webhooks("test", created["id"], constants=patient)
    assert tested.status == 0, tested.errors
    assert (tested.json["state"], [attempt["status"] for attempt in tested.json["attempts"]]) == ("delivered", [200])
    received = endpoint.received[0]
    assert received.id == tested.json["event_id"]
    event = Webhook(created["secret"]).verify(received.body, received.headers)
    assert (event["type"], event["data"]["app_id"]) == ("webhook.test", "shop")
    assert in_vain.status == 1
    assert "503" in in_vain.output


def test_deliveries_are_listed_and_sent_again(
    webhooks: Any, made: dict[str, Any], database: Database, application: Application
) -> None:
    assert webhooks("deliveries", made["id"]).output == "Nothing was sent, and nothing waits.\n"
    with database.transaction() as tx:
        tx.execute(
            "INSERT INTO webhook_deliveries (webhook_id, event_id, event_type, payload, state, attempt, due_at,"
            " created_at, finished_at, last_status) SELECT %s, 'hit_' || n, 'tracking.created', '{}', 'failed', 2,"
            " now(), now(), now(), 500 FROM generate_series(1, 3) AS n",
            [made["id"]],
        )
        tx.execute(
            "INSERT INTO webhook_attempts SELECT id, n, now(), 500, 'It answered 500.', 12 FROM webhook_deliveries,"
            " generate_series(1, 2) AS n"
        )
    listed = webhooks("deliveries", made["id"], "--json").json
    assert [row["event_id"] for row in listed] == ["hit_3", "hit_2", "hit_1"]
    assert [attempt["status"] for attempt in listed[0]["attempts"]] == [500, 500]
    plain = webhooks("deliveries", made["id"], "--state", "failed").output.splitlines()
    assert len(plain) == 1 + 6
    assert webhooks("redeliver", made["id"], "hit_1", str(listed[0]["id"]), "--json").json["redelivered"] == 2
    since = webhooks("redeliver", made["id"], "--failed-since", "2020-01-01", "--json")
    assert since.json == {"redelivered": 1, "out_of_room": False}
    assert webhooks("redeliver", made["id"], "hit_9").status == 1
    assert webhooks("redeliver", made["id"]).status == 2
    assert webhooks("redeliver", made["id"], "--failed-since", "yesterday").status == 2
    assert len(webhooks("deliveries", made["id"], "--state", "waiting", "--json").json) == 3
    assert webhooks("discard", made["id"], "hit_1", str(listed[0]["id"])).output == "2 discarded.\n"
    assert webhooks("discard", made["id"], "hit_1").status == 1
    assert webhooks("discard", made["id"]).status == 2
    again = webhooks("redeliver", made["id"], "--failed-since", "2020-01-01", "--json")
    assert again.json == {"redelivered": 0, "out_of_room": False}, "what was discarded stays so"
    assert webhooks("deliveries", made["id"]).output.count("It was discarded while it waited") == 2


def test_why_a_delivery_was_not_even_sent_is_listed(webhooks: Any, made: dict[str, Any], database: Database) -> None:
    with database.transaction() as tx:
        tx.execute(
            "INSERT INTO webhook_deliveries (webhook_id, event_id, event_type, payload, due_at, created_at, last_error)"
            " VALUES (%s, 'hit_1', 'tracking.created', '{}', now(), now(), 'The key is another one.')",
            [made["id"]],
        )
    assert "The key is another one." in webhooks("deliveries", made["id"]).output


def test_what_failed_because_too_many_waited_is_listed_and_sent_again_as_far_as_there_is_room(
    webhooks: Any, made: dict[str, Any], database: Database
) -> None:
    with database.transaction() as tx:
        tx.execute("UPDATE webhooks SET backlog_full_since = now()")
        for number in range(3):
            publish(tx, UUID(made["application_id"]), [Event("tracking.created", f"hit_{number}", NOW, {})], NOW)
    assert webhooks("show", made["id"], "--json").json["backlog_full_since"]
    assert webhooks("deliveries", made["id"]).output.count("Too many deliveries were waiting") == 3
    again = webhooks("redeliver", made["id"], "--failed-since", "2020-01-01", TRACKER_WEBHOOK_WAITING_LIMIT="4")
    assert again.output == "2 sent again.\n"
    assert "run it again when these are delivered" in again.errors
    assert len(webhooks("deliveries", made["id"], "--state", "failed", "--json").json) == 1
    assert webhooks("list", TRACKER_WEBHOOK_WAITING_LIMIT="-1").status == 2
