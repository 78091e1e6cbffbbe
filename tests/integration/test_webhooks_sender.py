"""The sender against real consumers: what becomes of deliveries and of endpoints, whatever the endpoints do."""

import threading
from collections.abc import Iterator
from datetime import UTC, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.support.consumers import Consumer, answer, consumer, hang
from tests.support.queued_hits import rows
from tests.support.servers_away import postgres_away
from tests.support.waiting import PATIENCE, wait_until
from tests.support.webhook_endpoints import SECRET_BOX, owe, register, sender_of, states, webhook
from tracker.application import Application
from tracker.encryption import new_secret
from tracker.store import webhooks
from tracker.store.database import Database
from tracker.webhooks.concurrency import MAX_CONCURRENCY
from tracker.webhooks.retry_policy import RETRIES


@pytest.fixture
def one() -> Iterator[Consumer]:
    with consumer() as opened:
        yield opened


def test_a_delivery_arrives_signed_and_is_recorded(
    database: Database, application: Application, clock: Any, one: Consumer
) -> None:
    webhook_id, secret = register(database, application, one.url, clock.now())
    [event_id] = owe(database, webhook_id, clock.now())
    assert sender_of(database, clock).turn() == 1
    [received] = one.received
    assert received.id == event_id
    assert Webhook(secret).verify(received.body, received.headers)["data"] == {"n": f"{event_id} é"}
    assert received.headers["user-agent"].startswith("AccessLogTracker")
    assert rows(
        database, "SELECT state, attempt, last_status, last_error, leased_by, finished_at > created_at "
        "FROM webhook_deliveries",
    ) == [("delivered", 1, 200, None, None, True)]  # fmt: skip
    assert rows(database, "SELECT attempt, status, error, duration_ms >= 0 FROM webhook_attempts") == [
        (1, 200, None, True)
    ]
    assert webhook(database, webhook_id, "last_triggered_at IS NOT NULL", "failure_count") == (True, 0)


def test_nothing_due_means_nothing_sent(
    database: Database, application: Application, clock: Any, one: Consumer
) -> None:
    webhook_id, _ = register(database, application, one.url, clock.now())
    owe(database, webhook_id, clock.now() + timedelta(seconds=60))
    assert sender_of(database, clock).turn() == 0
    assert one.received == []


def test_during_a_rotation_both_secrets_sign(
    database: Database, application: Application, clock: Any, one: Consumer
) -> None:
    webhook_id, old = register(database, application, one.url, clock.now())
    new, now = new_secret(), clock.now()
    with database.transaction() as tx:
        webhooks.rotate(
            tx,
            webhook_id,
            encrypted_secret=SECRET_BOX.encrypt(new),
            previous_expires_at=now + timedelta(hours=24),
            now=now,
        )
    owe(database, webhook_id, now)
    sender = sender_of(database, clock)
    sender.turn()
    for secret in (old, new):
        Webhook(secret).verify(one.received[0].body, one.received[0].headers)
    assert one.received[0].headers["webhook-signature"].count("v1,") == 2
    clock.advance(24 * 3600)
    owe(database, webhook_id, clock.now())
    sender.turn()
    assert one.received[1].headers["webhook-signature"].count("v1,") == 1


def test_an_endpoint_that_fails_is_tried_through_the_whole_schedule_with_one_id(
    database: Database, application: Application, clock: Any, one: Consumer
) -> None:
    one.manner = answer(500)
    webhook_id, _ = register(database, application, one.url, clock.now())
    [event_id] = owe(database, webhook_id, clock.now())
    sender = sender_of(database, clock)
    for number, delay in enumerate(RETRIES, 1):
        assert sender.turn() == 1
        assert sender.turn() == 0
        assert webhook(database, webhook_id, "failure_count", "is_active") == (number, True)
        clock.advance(delay.total_seconds())
        assert sender.turn() == 0  # The jitter is still to come.
        clock.advance(delay.total_seconds() * 0.06)
    assert sender.turn() == 1
    assert rows(database, "SELECT state, attempt, last_status FROM webhook_deliveries") == [("failed", 10, 500)]
    assert rows(database, "SELECT array_agg(attempt ORDER BY attempt) FROM webhook_attempts") == [(list(range(1, 11)),)]
    assert one.ids == [event_id] * 10
    stamps = [int(received.headers["webhook-timestamp"]) for received in one.received]
    assert stamps == sorted(set(stamps))
    clock.advance(30 * 86400)
    assert sender.turn() == 0


def test_a_success_ends_the_streak(database: Database, application: Application, clock: Any, one: Consumer) -> None:
    one.manner = answer(302, "Location: http://127.0.0.1/")
    webhook_id, _ = register(database, application, one.url, clock.now())
    owe(database, webhook_id, clock.now())
    sender = sender_of(database, clock)
    sender.turn()
    assert webhook(database, webhook_id, "failure_count", "failing_since IS NOT NULL") == (1, True)
    assert rows(database, "SELECT last_error FROM webhook_deliveries") == [
        ("It answered 302: redirects are not followed.",)
    ]
    one.manner = answer(204)
    clock.advance(6)
    sender.turn()
    assert webhook(database, webhook_id, "failure_count", "failing_since") == (0, None)
    assert states(database) == {"delivered": 1}


def test_410_disables_and_tells_the_other_webhooks(
    database: Database, application: Application, clock: Any, one: Consumer
) -> None:
    webhook_id, _ = register(database, application, one.url, clock.now())
    with consumer() as other:
        register(database, application, other.url, clock.now(), events=("webhook.disabled",))
        one.manner = answer(410)
        owe(database, webhook_id, clock.now(), 3)
        sender_of(database, clock).turn()
        assert webhook(database, webhook_id, "is_active", "disabled_at IS NOT NULL", "disabled_reason") == (
            False, True, "It answered 410: it wants no more deliveries.",
        )  # fmt: skip
        assert len(one.received) == 1
        assert b'"type":"webhook.disabled"' in other.received[0].body


@pytest.mark.parametrize("asked", ["429 in seconds", "503 in seconds", "429 as a date", "503 as a date"])
def test_retry_after_pauses_the_whole_endpoint(
    database: Database, application: Application, clock: Any, one: Consumer, asked: str
) -> None:
    date = format_datetime((clock.now() + timedelta(seconds=600)).astimezone(UTC), usegmt=True)
    one.manner = answer(int(asked[:3]), f"Retry-After: {date if 'date' in asked else 600}")
    webhook_id, _ = register(database, application, one.url, clock.now())
    owe(database, webhook_id, clock.now(), 5)
    sender = sender_of(database, clock)
    assert sender.turn() == 1
    clock.advance(590)
    assert sender.turn() == 0
    one.manner = answer()
    clock.advance(15)
    assert sender.turn() == 5


def test_a_webhook_is_disabled_after_five_days_and_ten_attempts_and_enabling_takes_up_what_is_due(
    database: Database, application: Application, clock: Any, one: Consumer
) -> None:
    one.manner = answer(500)
    webhook_id, _ = register(database, application, one.url, clock.now())
    sender = sender_of(database, clock)
    for _ in range(12):
        owe(database, webhook_id, clock.now())
        sender.turn()
    assert webhook(database, webhook_id, "is_active") == (True,)
    clock.advance(5 * 86400 - 60)
    owe(database, webhook_id, clock.now())
    sender.turn()
    assert webhook(database, webhook_id, "is_active") == (True,)
    clock.advance(120)
    [last] = owe(database, webhook_id, clock.now())
    sender.turn()
    active, reason = webhook(database, webhook_id, "is_active", "disabled_reason")
    assert not active
    assert reason.startswith("Nothing has succeeded since ")
    one.manner = answer()
    clock.advance(86400)
    assert sender.turn() == 0
    with database.transaction() as tx:
        webhooks.enable(tx, webhook_id, now=clock.now())
    assert sender.turn() == 14
    assert last in one.ids
    assert webhook(database, webhook_id, "failure_count", "is_active") == (0, True)


def test_a_secret_that_cannot_be_opened_is_no_fault_of_the_endpoint(
    database: Database, application: Application, clock: Any, one: Consumer
) -> None:
    webhook_id, _ = register(database, application, one.url, clock.now())
    owe(database, webhook_id, clock.now())
    sender_of(database, clock, key="another key than at first").turn()
    assert one.received == []
    [(state, attempt, error)] = rows(database, "SELECT state, attempt, last_error FROM webhook_deliveries")
    assert (state, attempt) == ("waiting", 0)
    assert error.startswith("TRACKER_SECRET_KEY is not the key")
    assert webhook(database, webhook_id, "failure_count") == (0,)
    clock.advance(301)
    assert sender_of(database, clock).turn() == 1
    assert states(database) == {"delivered": 1}


def test_a_url_that_is_no_longer_allowed_is_not_connected_to(
    database: Database, application: Application, clock: Any, one: Consumer
) -> None:
    webhook_id, _ = register(database, application, "http://10.0.0.1/", clock.now())
    owe(database, webhook_id, clock.now())
    sender_of(database, clock).turn()
    [(error,)] = rows(database, "SELECT last_error FROM webhook_deliveries")
    assert error.startswith("It leads to a private address")


def test_two_senders_at_once_send_everything_once(
    database: Database, application: Application, one: Consumer, clock: Any
) -> None:
    webhook_id, _ = register(database, application, one.url, clock.now())
    ids = owe(database, webhook_id, clock.now(), 300)
    senders = [sender_of(database, clock, owner=owner) for owner in ("one", "two")]
    threads = [threading.Thread(target=sender.turn) for sender in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert sorted(one.ids) == sorted(ids)
    assert states(database) == {"delivered": 300}


def test_what_a_dead_sender_had_claimed_is_sent_when_its_lease_is_over(
    database: Database, application: Application, one: Consumer, clock: Any
) -> None:
    webhook_id, _ = register(database, application, one.url, clock.now())
    [event_id] = owe(database, webhook_id, clock.now())
    sender_of(database, clock, owner="dead")._claim()
    assert sender_of(database, clock, owner="alive").turn() == 0
    clock.advance(61)
    assert sender_of(database, clock, owner="alive").turn() == 1
    assert one.ids == [event_id]


def test_a_stopped_turn_begins_nothing_and_gives_back_what_it_had_claimed(
    database: Database, application: Application, one: Consumer, clock: Any
) -> None:
    webhook_id, _ = register(database, application, one.url, clock.now())
    owe(database, webhook_id, clock.now(), 50)
    sender = sender_of(database, clock)
    assert sender.turn(lambda: len(one.received) == 0) < 50
    assert rows(database, "SELECT count(*) FROM webhook_deliveries WHERE leased_by IS NOT NULL") == [(0,)]
    assert states(database)["delivered"] == len(one.received)


def test_results_are_kept_while_the_database_is_away(
    database: Database, application: Application, one: Consumer, clock: Any, postgres: Any
) -> None:
    webhook_id, _ = register(database, application, one.url, clock.now())
    arrived, may_answer = threading.Event(), threading.Event()

    def wait(sock: Any, received: Any) -> None:
        arrived.set()
        may_answer.wait(PATIENCE)
        answer()(sock, received)

    one.manner = wait
    owe(database, webhook_id, clock.now())
    sender = sender_of(database, clock)
    turn = threading.Thread(target=sender.turn)
    turn.start()
    assert arrived.wait(PATIENCE)
    with postgres_away(postgres):
        may_answer.set()
        turn.join(PATIENCE)
        assert not turn.is_alive()
        assert sender.turn() == 0
    clock.advance(2)
    sender.turn()
    assert len(one.received) == 1
    assert states(database) == {"delivered": 1}


def test_an_endpoint_that_hangs_holds_up_itself_alone(
    database: Database, application: Application, one: Consumer, clock: Any
) -> None:
    bads = [Consumer(hang) for _ in range(3)]
    hanging = [register(database, application, bad.url, clock.now())[0] for bad in bads]
    good, _ = register(database, application, one.url, clock.now())
    for webhook_id in hanging:
        owe(database, webhook_id, clock.now(), 20)
    sender = sender_of(database, clock, threads=8, read_seconds=PATIENCE, whole_seconds=PATIENCE)
    stop = threading.Event()
    turn = threading.Thread(target=sender.turn, args=[lambda: not stop.is_set()])
    turn.start()
    wait_until(lambda: all(bad.received for bad in bads))
    owe(database, good, clock.now(), 50)
    wait_until(lambda: len(one.received) == 50)
    stop.set()
    for bad in bads:
        assert len(bad.received) <= MAX_CONCURRENCY
        bad.close()
    turn.join(PATIENCE)
