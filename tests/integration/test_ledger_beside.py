"""The ledger beside its balance: what was never accepted, what went with its month, who is told of missing hits."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
import structlog

from tests.support.browsing import Browsing, text_of
from tests.support.ledger import CLOCK, counts, look, offer, write_down
from tests.support.managing import Managing, data
from tests.support.queue_entries import offer_of
from tests.support.queued_hits import drain, entry_of, hit_of, rows
from tests.support.receiving import Receiving, code
from tests.support.webhook_endpoints import register
from tracker.application import Application
from tracker.config import Settings
from tracker.ingest import filtered
from tracker.ledger import balance as ledger_balance
from tracker.ledger.watch import LedgerWatch
from tracker.management import applications
from tracker.outbox.events import ledger_unbalanced
from tracker.outbox.publish import publish_all
from tracker.queueing.connection import Connection
from tracker.queueing.entry import NORMAL
from tracker.queueing.producer import Producer
from tracker.reading import stored
from tracker.store import partition_making, partition_removal
from tracker.store.database import Database
from tracker.store.ledger import LedgerHour
from tracker.store.partitions import Month

HIT = {"app_id": "shop", "url": "https://shop.example/"}
BOT = {"User-Agent": "Googlebot/2.1 (+http://www.google.com/bot.html)"}


def hours_of(database: Database) -> list[LedgerHour]:
    now = datetime.now(UTC)
    return ledger_balance.hours(database, now - timedelta(days=2), now + timedelta(hours=1))


def test_what_was_never_accepted_stands_beside_by_reason_and_by_code(
    settings: Settings,
    database: Database,
    redis: Connection,
    application_and_key: tuple[Application, str],
    managing: Managing,
) -> None:
    application, application_key = application_and_key
    receiving = Receiving(settings)
    commands = []
    for _ in range(50):
        assert code(receiving.track({**HIT, "age_ms": "soon"})) == (400, "VALIDATION_ERROR")
        commands.append(redis.info("stats")["total_commands_processed"])
    assert commands[-1] - commands[0] < 2 * 49, "each look is a command; a refused hit is none"
    assert code(receiving.track(HIT, key="wrong"))[1] == "INVALID_API_KEY"
    answer = receiving.batch({"app_id": "shop", "events": [HIT, {"url": 5}]}, key=application_key)
    assert code(answer) == (200, None)
    receiving.track(HIT, headers=BOT)
    receiving.close()  # What it has counted goes to Redis, as every two seconds.
    over = [entry_of(hit_of(application, n), created_at=datetime.now(UTC)) for n in range(1, 6)]
    Producer(redis, queue_limit=1000).enqueue(offer_of(application.id, 1, over, datetime.now(UTC)))
    drain(redis, database)
    filtered.fold_now(redis, database, CLOCK)
    shown = data(managing.get("/v1/ledger"))
    [hour] = shown["hours"]
    refused = hour["refused"]
    assert {name: refused[name] for name in ("VALIDATION_ERROR", "INVALID_API_KEY")} == {
        "VALIDATION_ERROR": 51,
        "INVALID_API_KEY": 1,
    }
    assert refused["RATE_LIMIT_EXCEEDED"] >= 4
    assert hour["filtered"] == {"bot": 1}
    assert shown["balance"]["is_balanced"]
    assert hour["accepted"] == hour["stored"] == shown["balance"]["accepted"]
    # Who reads what was left out of the statistics sees no codes there.
    assert {row["reason"] for row in stored.read_filtered(database, "shop")} == {"bot", "rate_limit"}


def test_a_full_queue_is_in_it_by_its_code(
    settings: Settings, database: Database, redis: Connection, application_key: str
) -> None:
    full = Receiving(settings)
    for shard in full.receiver.producer.shards:
        shard._max_bytes = 1
    full.receiver.producer.look_at_memory()
    assert code(full.batch({"app_id": "shop", "events": [HIT, HIT]}, key=application_key))[0] == 503
    full.close()
    filtered.fold_now(redis, database, CLOCK)
    [hour] = hours_of(database)
    assert (hour.accepted, hour.refused) == (0, {"SERVICE_UNAVAILABLE": 2})


@pytest.mark.parametrize("way", ["at once", "emptied first"])
def test_hits_that_go_with_their_month_are_counted_once_in_the_hour_of_the_drop(  # noqa: PLR0917 fixtures
    way: str,
    settings: Settings,
    database: Database,
    redis: Connection,
    application: Application,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other, _ = applications.create(database, name="Other", app_id="other")
    old = Month.of(datetime.now(UTC)).plus(-30)
    partition_making.create(settings.database_url, [old])
    with psycopg.connect(settings.database_url) as connection:
        for number, owner in enumerate([application, application, other]):
            connection.execute(
                "INSERT INTO access_logs (id, application_id, app_id, created_at) VALUES (%s, %s, %s, %s)",
                [number, owner.id, owner.app_id, old.start + timedelta(hours=number)],
            )
    if way == "emptied first":
        tried, failed = partition_removal._tried, list[str]()

        def fails_at_first(connection: Any, partition: Any, *hooks: Any) -> bool:
            if partition.table == "access_logs" and not failed:
                failed.append(partition.name)
                return False
            return tried(connection, partition, *hooks)

        monkeypatch.setattr(partition_removal, "_tried", fails_at_first)
    for _ in range(2):
        partition_removal.remove(settings.database_url, old, should_continue=lambda: True)
    for _ in range(2):
        assert {hour.app_id: (hour.dropped, hour.open) for hour in hours_of(database)} == {
            "shop": (2, 0),
            "other": (1, 0),
        }
    assert counts(look(database, redis)) == {}


class Told:
    """A scheduler's watch, whose webhooks are real rows."""

    def __init__(self) -> None:
        self.watch = LedgerWatch(self.publish)

    def publish(self, tx: Any, hours: Any) -> None:
        now = CLOCK.now()
        publish_all(tx, [(hour.application_id, ledger_unbalanced(hour, now)) for hour in hours], now)

    def look(self, database: Database, redis: Connection, clock: Any) -> list[LedgerHour]:
        return self.watch.look(database, redis, clock, sleep=lambda _: None)


class Later:
    """The clock, an hour and a few minutes on."""

    def now(self) -> datetime:
        return CLOCK.now() + timedelta(hours=1, minutes=5)


def deliveries(database: Database) -> list[tuple[Any, ...]]:
    return rows(database, "SELECT event_type, payload::jsonb->'data'->>'missing' FROM webhook_deliveries ORDER BY id")


def lose_one_of_five(redis: Connection, database: Database, application: Application, first: int) -> None:
    now = datetime.now(UTC)
    numbers = range(first, first + 5)
    offer(redis, application, *(entry_of(hit_of(application, n), created_at=now) for n in numbers))
    ((lost, _), *_) = redis.xrange(NORMAL, count=1)
    redis.xdel(NORMAL, lost)


def test_webhooks_hear_of_an_hour_that_does_not_balance_once(
    redis: Connection, database: Database, application: Application, clock: Any
) -> None:
    other, _ = applications.create(database, name="Other", app_id="other")
    for owner in (application, other):
        register(database, owner, "https://hooks.example/", clock.now(), events=("ledger.unbalanced",))
    told, later = Told(), Later()
    lose_one_of_five(redis, database, application, 1)
    assert told.look(database, redis, later) == [], "hits wait: lost ones cannot be told from them"
    drain(redis, database)
    write_down(database, redis)
    assert told.look(database, redis, CLOCK) == [], "the hour is not over"
    with structlog.testing.capture_logs() as lines:
        for _ in range(3):
            [hour] = told.look(database, redis, later)
        # Another process, and a loss more in the same hour.
        [hour] = Told().look(database, redis, later)
    assert (hour.app_id, hour.open) == ("shop", 1)
    assert deliveries(database) == [("ledger.unbalanced", "1")]
    said = [line for line in lines if line["event"] == "ledger does not balance"]
    assert [(line["app_id"], line["missing"]) for line in said] == [("shop", 1)] * 2, "once by each process"
    ledger_balance.write_off(
        database, redis, CLOCK, write_down=lambda: write_down(database, redis), sleep=lambda _: None
    )
    assert told.look(database, redis, later) == []


def test_the_operators_page_shows_whether_it_balances(
    managing: Managing, redis: Connection, database: Database, application: Application
) -> None:
    operator = Browsing(managing)
    operator.sign_in(managing.admin_token)
    offer(redis, application, *(entry_of(hit_of(application, n), created_at=datetime.now(UTC)) for n in (11, 12)))
    drain(redis, database)
    write_down(database, redis)
    said = text_of(operator.get("/dashboard/operations"))
    assert "2 accepted: 2 stored" in said
    assert "Nothing is missing." in said
    assert "Repeats" not in said, "a column of zeros"
    lose_one_of_five(redis, database, application, 21)
    drain(redis, database)
    said = text_of(operator.get("/dashboard/operations"))
    assert "1 accepted hit is neither stored nor waiting" in said
    assert "1 missing." in said
    assert "Nothing is missing." not in said
