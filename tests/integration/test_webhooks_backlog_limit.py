"""More deliveries than may wait: new ones are written as failed, and are sent when somebody asks for it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.support.consumers import answer, consumer
from tests.support.queued_hits import drain, enqueue, hit_of, rows
from tests.support.webhook_endpoints import owe, register, sender_of, states, webhook
from tracker.application import Application
from tracker.config import Settings
from tracker.diagnostics.doctor import examine
from tracker.management import webhook_deliveries
from tracker.management.webhook_deliveries import Redelivered
from tracker.schedule import table
from tracker.store import webhook_deliveries as store
from tracker.store.database import Database
from tracker.webhooks.backlog_limit import PROBED_EVERY, note_backlogs
from tracker.wiring.scheduler import scheduler

LIMIT = 4
TOO_MANY = "Too many deliveries were waiting: it was not tried."


@pytest.fixture
def look(database: Database, clock: Any) -> Callable[[], int]:
    return lambda: note_backlogs(database, clock, limit=LIMIT)


def is_full(database: Database, webhook_id: UUID) -> bool:
    return webhook(database, webhook_id, "backlog_full_since") != (None,)


def test_what_comes_when_too_many_wait_is_kept_as_failed_and_is_sent_when_asked_for(
    database: Database, application: Application, clock: Any, look: Callable[[], int]
) -> None:
    with consumer() as one:
        webhook_id, _ = register(database, application, one.url, clock.now())
        other, _ = register(database, application, one.url, clock.now())
        waiting = owe(database, webhook_id, clock.now(), LIMIT)
        assert look() == 0
        waiting += owe(database, webhook_id, clock.now(), 1)
        assert (look(), look(), is_full(database, webhook_id)) == (1, 0, True)
        began = clock.now()
        clock.advance(1)
        late = owe(database, webhook_id, clock.now(), 3)
        owe(database, other, clock.now(), 1)
        assert states(database) == {"waiting": LIMIT + 2, "failed": 3}
        assert rows(
            database,
            "SELECT DISTINCT last_error, attempt, finished_at = created_at, octet_length(payload) > 50 "
            "FROM webhook_deliveries WHERE state = 'failed'",
        ) == [(TOO_MANY, 0, True, True)]  # fmt: skip
        sender = sender_of(database, clock)
        sender.turn()
        assert len(one.ids) == len(waiting) + 1
        assert set(waiting) < set(one.ids)
        assert (look(), is_full(database, webhook_id)) == (1, False)

        def again() -> Redelivered:
            clock.advance(1)
            return webhook_deliveries.redeliver_failed(
                database, webhook_id, since=began, waiting_limit=LIMIT, now=clock.now()
            )

        assert again() == Redelivered(LIMIT // 2, out_of_room=True)
        assert again() == Redelivered(0, out_of_room=True)
        sender.turn()
        assert again() == Redelivered(1, out_of_room=False)
        sender.turn()
        assert set(late) < set(one.ids)
        assert states(database) == {"delivered": LIMIT + 5}


def test_the_scheduler_counts_by_the_limit_of_its_settings(
    database: Database, application: Application, clock: Any, settings: Settings
) -> None:
    webhook_id, _ = register(database, application, "https://hooks.example.com/", clock.now())
    owe(database, webhook_id, clock.now(), LIMIT + 1)
    parts = scheduler(replace(settings, webhook_waiting_limit=LIMIT))
    try:
        [job] = [job for job in table(parts) if job.name == "count what waits for webhooks"]
        job.turn(lambda: True)
    finally:
        parts.close()
    assert is_full(database, webhook_id)
    [backlog] = [finding for finding in examine(settings, clock) if finding.check == "webhooks"]
    assert (backlog.level, str(webhook_id) in backlog.seen) == ("warn", True)


def test_an_endpoint_that_is_back_is_found_by_a_probe_and_gets_at_once_what_waits(
    database: Database, application: Application, clock: Any, look: Callable[[], int]
) -> None:
    with consumer(answer(500)) as one:
        webhook_id, _ = register(database, application, one.url, clock.now())
        owe(database, webhook_id, clock.now(), 2 * LIMIT)
        sender = sender_of(database, clock)
        for seconds in (0, 6, 400, 2000):
            clock.advance(seconds)
            sender.turn()
        assert (look(), sender.turn()) == (1, 0)  # The next retries come in two hours; nobody looks before.
        clock.advance(PROBED_EVERY.total_seconds() + 1)
        tried = len(one.received)
        assert (look(), sender.turn(), look(), sender.turn()) == (0, 1, 0, 0)
        one.manner = answer()
        clock.advance(PROBED_EVERY.total_seconds() + 1)
        assert (look(), sender.turn()) == (0, 1)
        assert (look(), sender.turn()) == (0, 2 * LIMIT - 1)
        assert (look(), is_full(database, webhook_id)) == (1, False)
        assert len(one.received) == tried + 2 * LIMIT + 1


def test_what_is_not_too_much_keeps_to_its_schedule(
    database: Database, application: Application, clock: Any, look: Callable[[], int]
) -> None:
    with consumer(answer(500)) as one:
        webhook_id, _ = register(database, application, one.url, clock.now())
        owe(database, webhook_id, clock.now(), LIMIT)
        sender = sender_of(database, clock)
        sender.turn()
        clock.advance(6)
        sender.turn()
        clock.advance(PROBED_EVERY.total_seconds() + 1)
        assert (look(), sender.turn()) == (0, 0)


def test_between_half_of_the_limit_and_the_limit_nothing_changes(
    database: Database, application: Application, clock: Any, look: Callable[[], int]
) -> None:
    webhook_id, _ = register(database, application, "https://hooks.example.com/", clock.now())
    owe(database, webhook_id, clock.now(), LIMIT + 1)
    assert look() == 1
    with database.transaction() as tx:
        tx.execute("DELETE FROM webhook_deliveries WHERE id IN (SELECT id FROM webhook_deliveries LIMIT 2)")
    assert (look(), is_full(database, webhook_id)) == (0, True)
    with database.transaction() as tx:
        tx.execute("DELETE FROM webhook_deliveries")
    assert (look(), is_full(database, webhook_id)) == (1, False)


def test_without_a_limit_everything_waits(
    database: Database, application: Application, clock: Any, look: Callable[[], int]
) -> None:
    webhook_id, _ = register(database, application, "https://hooks.example.com/", clock.now())
    owe(database, webhook_id, clock.now(), LIMIT + 1)
    assert look() == 1
    assert note_backlogs(database, clock, limit=0) == 1
    owe(database, webhook_id, clock.now(), LIMIT)
    assert (note_backlogs(database, clock, limit=0), states(database)) == (0, {"waiting": 2 * LIMIT + 1})


def test_a_hit_is_stored_and_noted_as_failed_and_a_test_waits_all_the_same(
    database: Database, redis: Any, application: Application, clock: Any, look: Callable[[], int]
) -> None:
    webhook_id, _ = register(database, application, "https://hooks.example.com/", clock.now())
    owe(database, webhook_id, clock.now(), LIMIT + 1)
    look()
    enqueue(redis, [hit_of(application, 1)])
    drain(redis, database)
    [failed] = webhook_deliveries.list_(database, webhook_id, state="failed")
    assert (failed.event_type, failed.last_error, failed.attempts) == ("tracking.created", TOO_MANY, [])
    assert webhook_deliveries.send_test(database, webhook_id, now=clock.now()).state == "waiting"


def test_failed_deliveries_are_found_by_indexes_among_many_others(
    database: Database, application: Application, clock: Any
) -> None:
    webhook_id, _ = register(database, application, "https://hooks.example.com/", clock.now())
    with database.transaction() as tx:
        tx.execute(
            "INSERT INTO webhook_deliveries (webhook_id, event_id, event_type, payload, due_at, created_at, "
            "finished_at, state) SELECT %s, 'hit_' || n, 'tracking.created', '{}', %s, %s, %s, "
            "CASE WHEN n > 50 THEN 'delivered' ELSE 'failed' END FROM generate_series(1, 30000) AS n",
            [webhook_id, *[clock.now()] * 3],
        )
        tx.execute("ANALYZE webhook_deliveries")
        tx.execute("LOAD 'auto_explain'")
        tx.execute("SET LOCAL auto_explain.log_min_duration = 0")
        tx.execute("SET LOCAL client_min_messages = log")
        plans: list[str] = []
        tx.add_notice_handler(lambda notice: plans.append(notice.message_primary or ""))
        failed = store.list_rows(tx, webhook_id, limit=20, state="failed")
        count, _ = store.redeliver_failed(
            tx, webhook_id, after=(clock.now() - timedelta(days=1), 0), now=clock.now(), limit=20
        )
    assert (len(failed), count) == (20, 20)
    by_name = " ".join(plans)
    assert "idx_webhook_deliveries_failed on" in by_name
    assert "idx_webhook_deliveries_failed_at on" in by_name
