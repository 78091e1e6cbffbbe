"""Deliveries as a webhook's owner sees them: listed with every attempt, sent again, tried out."""

from datetime import timedelta
from uuid import UUID

import orjson
import pytest

from tests.support.queued_hits import rows
from tests.support.registered_webhooks import URL, audited, local_rules, refused
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.config import Settings
from tracker.management import webhook_deliveries, webhooks
from tracker.management.webhook_deliveries import Redelivered
from tracker.outbox.event import Event
from tracker.outbox.publish import publish
from tracker.store.database import Database
from tracker.store.webhook_deliveries import DISCARDED

NOW = SystemClock().now().replace(microsecond=0)
HOUR = timedelta(hours=1)


@pytest.fixture
def made(database: Database, settings: Settings, application: Application) -> webhooks.WithSecret:
    return webhooks.create(database, local_rules(settings), application.app_id, url=URL, events=["*"], now=NOW)


@pytest.fixture
def sent(database: Database, made: webhooks.WithSecret, application: Application) -> UUID:
    """A webhook with six deliveries, of which 1 and 2 were delivered, 3 and 4 failed and 5 and 6 wait, 6 being sent."""
    with database.transaction() as tx:
        publish(tx, application.id, [Event("batch.failed", f"failed_{n}", NOW, {"n": n}) for n in range(1, 7)], NOW)
        ended = NOW - timedelta(hours=1)
        for state, first, last in (("delivered", 1, 2), ("failed", 3, 4)):
            tx.execute(
                "UPDATE webhook_deliveries SET state = %s, attempt = 10, finished_at = %s WHERE event_id IN (%s, %s)",
                [state, ended, f"failed_{first}", f"failed_{last}"],
            )
        tx.execute(
            "UPDATE webhook_deliveries SET leased_by = 'sender', leased_until = now() WHERE event_id = 'failed_6'"
        )
        tx.execute(
            "INSERT INTO webhook_attempts SELECT id, number, %s, 500, 'no', 7 FROM webhook_deliveries,"
            " generate_series(1, attempt) AS number",
            [ended],
        )
    return made.webhook.id


def test_deliveries_are_listed_page_by_page_with_every_attempt(database: Database, sent: UUID) -> None:
    listed = webhook_deliveries.list_(database, sent)
    assert [row.event_id for row in listed] == [f"failed_{n}" for n in range(6, 0, -1)]
    assert [len(row.attempts) for row in listed] == [0, 0, 10, 10, 10, 10]
    assert [attempt.attempt for attempt in listed[-1].attempts] == list(range(1, 11))
    first = webhook_deliveries.list_(database, sent, limit=4)
    second = webhook_deliveries.list_(database, sent, limit=4, before_id=first[-1].id)
    assert [*first, *second] == listed
    assert [row.event_id for row in webhook_deliveries.list_(database, sent, state="failed")] == [
        "failed_4",
        "failed_3",
    ]


@pytest.mark.parametrize("event_id", ["failed_1", "failed_3"])
def test_one_delivery_is_sent_again_under_its_id_with_new_retries(
    database: Database, sent: UUID, event_id: str
) -> None:
    later = NOW + timedelta(minutes=1)
    row = webhook_deliveries.redeliver(database, sent, event_id, now=later)
    assert (row.event_id, row.state, row.attempt, row.attempts_before) == (event_id, "waiting", 10, 10)
    assert (row.due_at, row.finished_at) == (NOW, None)
    assert webhook_deliveries.redeliver(database, sent, str(row.id), now=later) == row
    ((payload,),) = rows(database, "SELECT payload FROM webhook_deliveries WHERE id = %s", row.id)
    assert orjson.loads(payload)["data"]["n"] == int(event_id[-1])
    assert audited(database)[-1][3] == {"event_id": event_id}


def test_one_that_is_being_sent_stays_its_sender_s(database: Database, sent: UUID) -> None:
    webhook_deliveries.redeliver(database, sent, "failed_6", now=NOW)
    lease = "SELECT leased_by FROM webhook_deliveries WHERE event_id = 'failed_6'"
    assert rows(database, lease) == [("sender",)]


def test_all_that_failed_since_a_time_are_sent_again(
    database: Database, sent: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_deliveries, "_BATCH", 1)
    for since, count in ((NOW, 0), (NOW - timedelta(hours=2), 2)):
        again = webhook_deliveries.redeliver_failed(database, sent, since=since, waiting_limit=0, now=NOW)
        assert again == Redelivered(count, out_of_room=False)
    counts = "SELECT state, count(*) FROM webhook_deliveries GROUP BY 1 ORDER BY 1"
    assert rows(database, counts) == [("delivered", 2), ("waiting", 4)]


def test_only_what_waits_and_is_not_being_sent_is_discarded(database: Database, sent: UUID) -> None:
    with database.transaction() as tx:
        tx.execute("UPDATE webhook_deliveries SET leased_until = %s WHERE leased_by IS NOT NULL", [NOW + HOUR])
    webhooks.disable(database, sent, now=NOW)
    row = webhook_deliveries.discard(database, sent, "failed_5", now=NOW)
    assert (row.state, row.finished_at, row.last_error) == ("failed", NOW, DISCARDED)
    for event_id, why in (("failed_1", "does not wait any more"), ("failed_6", "is being sent at this moment")):
        with refused("CONFLICT", 409) as error:
            webhook_deliveries.discard(database, sent, event_id, now=NOW)
        assert why in str(error.value)
    assert webhook_deliveries.discard(database, sent, "failed_6", now=NOW + HOUR).state == "failed", "the lease lapsed"
    webhooks.enable(database, sent, now=NOW)
    again = webhook_deliveries.redeliver_failed(database, sent, since=NOW - HOUR, waiting_limit=0, now=NOW + HOUR)
    assert again.count == 2, "those that failed, not those that were discarded"
    row = webhook_deliveries.redeliver(database, sent, "failed_5", now=NOW + HOUR)
    assert (row.state, row.last_error) == ("waiting", None), "it is sent, after all"
    noted = [after for action, _, _, after in audited(database) if action == "webhook.discarded"]
    assert noted == [{"event_id": "failed_5"}, {"event_id": "failed_6"}]


@pytest.mark.parametrize("name", ["failed_7", "999999", "9" * 30, "", "-1", "x'; DROP TABLE webhooks; --"])
def test_a_delivery_that_there_is_not_is_not_found(database: Database, sent: UUID, name: str) -> None:
    with refused("NOT_FOUND", 404):
        webhook_deliveries.redeliver(database, sent, name, now=NOW)


def test_nothing_is_sent_again_to_a_disabled_webhook(database: Database, sent: UUID) -> None:
    webhooks.disable(database, sent, now=NOW)
    for call in (
        lambda: webhook_deliveries.redeliver(database, sent, "failed_1", now=NOW),
        lambda: webhook_deliveries.redeliver_failed(database, sent, since=NOW, waiting_limit=0, now=NOW),
        lambda: webhook_deliveries.send_test(database, sent, now=NOW),
    ):
        with refused("CONFLICT", 409):
            call()


def test_a_test_is_written_whatever_the_webhook_asks_for_and_waited_for(
    database: Database, settings: Settings, application: Application
) -> None:
    webhook = webhooks.create(
        database, local_rules(settings), application.app_id, url=URL, events=["session.ended"], now=NOW
    ).webhook
    written = webhook_deliveries.send_test(database, webhook.id, now=NOW)
    assert (written.event_type, written.state, written.due_at) == ("webhook.test", "waiting", NOW)
    assert not webhook_deliveries.is_sent(database)
    assert webhook_deliveries.wait(database, written, SystemClock(), seconds=0) == written

    def deliver(_: float) -> None:
        with database.transaction() as tx:
            tx.execute("UPDATE webhook_deliveries SET state = 'delivered', attempt = 1, last_status = 204")

    delivery = webhook_deliveries.wait(database, written, SystemClock(), seconds=30, sleep=deliver)
    assert (delivery.state, delivery.last_status) == ("delivered", 204)
