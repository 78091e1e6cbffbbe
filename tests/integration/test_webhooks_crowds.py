"""The sender where many endpoints are bad at once: the others do not notice, and the database is left in peace."""

import threading
from typing import Any

from tests.support.consumers import Consumer, consumer, hang
from tests.support.queued_hits import rows
from tests.support.waiting import PATIENCE, wait_until
from tests.support.webhook_endpoints import owe, register, sender_of, states
from tracker.application import Application
from tracker.store.database import Database
from tracker.webhooks.concurrency import MAX_IDLE_SECONDS
from tracker.webhooks.sender import LEASE

HANGS_ON = {"read_seconds": PATIENCE, "whole_seconds": PATIENCE}
"""Whoever hangs does so until the test ends it."""


def test_more_hanging_endpoints_than_threads_hold_up_no_other(
    database: Database, application: Application, clock: Any
) -> None:
    bad = Consumer(hang)
    for _ in range(60):
        owe(database, register(database, application, bad.url, clock.now())[0], clock.now(), 3)
    with database.transaction() as tx:
        tx.execute("UPDATE webhooks SET failure_count = 3, failing_since = now()")
    with consumer() as one:
        good, _ = register(database, application, one.url, clock.now())
        sender = sender_of(database, clock, threads=8, **HANGS_ON)
        stop = threading.Event()
        turn = threading.Thread(target=sender.turn, args=[lambda: not stop.is_set()])
        turn.start()
        wait_until(lambda: len(bad.received) >= 4)
        for number in range(1, 4):
            clock.advance(0.001)
            owe(database, good, clock.now(), 10)
            wait_until(lambda expected=10 * number: len(one.received) == expected)
        assert len(bad.received) == bad.open_connections == 4
        stop.set()
        bad.close()
        turn.join(PATIENCE)


def test_a_key_that_is_wrong_puts_each_delivery_off_with_few_writes(
    database: Database, application: Application, clock: Any
) -> None:
    with consumer() as one:
        webhook_id, _ = register(database, application, one.url, clock.now())
        owe(database, webhook_id, clock.now(), 300)
        sender = sender_of(database, clock, key="another key than at first")
        claimed = 0
        claim = sender._claim_in

        def counting(tx: Any) -> Any:
            nonlocal claimed
            deliveries = claim(tx)
            claimed += len(deliveries)
            return deliveries

        sender._claim_in = counting  # type: ignore[method-assign]
        sender.turn()
        assert one.received == []
        assert claimed <= 2 * 300
        assert states(database) == {"waiting": 300}
        assert rows(
            database, "SELECT DISTINCT attempt, last_error LIKE 'TRACKER_SECRET_KEY is not%%' FROM webhook_deliveries"
        ) == [(0, True)]  # fmt: skip
        assert sender.turn() == 0
        clock.advance(301)
        assert sender_of(database, clock).turn() == 300


def test_idle_connections_are_closed_in_the_middle_of_a_turn(
    database: Database, application: Application, clock: Any
) -> None:
    bad = Consumer(hang)
    with consumer() as one:
        slow, _ = register(database, application, bad.url, clock.now())
        good, _ = register(database, application, one.url, clock.now())
        owe(database, slow, clock.now())
        owe(database, good, clock.now())
        sender = sender_of(database, clock, **HANGS_ON)
        turn = threading.Thread(target=sender.turn)
        turn.start()
        wait_until(lambda: states(database) == {"waiting": 1, "delivered": 1} and bad.received)
        clock.advance(MAX_IDLE_SECONDS + 1)
        wait_until(lambda: good not in sender._limiter._endpoints)
        assert slow in sender._limiter._endpoints
        bad.close()
        turn.join(PATIENCE)


def test_what_is_under_way_when_the_machine_slept_is_not_sent_twice_at_a_time(
    database: Database, application: Application, clock: Any
) -> None:
    bad = Consumer(hang)
    webhook_id, _ = register(database, application, bad.url, clock.now())
    owe(database, webhook_id, clock.now())
    sender = sender_of(database, clock, **HANGS_ON)
    turn = threading.Thread(target=sender.turn)
    turn.start()
    wait_until(lambda: bad.received)
    clock.advance(LEASE.total_seconds() + 1)  # The lease is over, and this sender may claim what it is sending.
    leased = "SELECT count(*) FROM webhook_deliveries WHERE leased_until > %s"
    wait_until(lambda: rows(database, leased, clock.now()) == [(1,)])
    bad.close()
    turn.join(PATIENCE)
    assert not turn.is_alive()
    assert len(bad.received) == 1
    assert rows(database, "SELECT state, attempt FROM webhook_deliveries") == [("waiting", 1)]
    assert sender.turn() == 0
