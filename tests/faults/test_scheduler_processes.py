"""Schedulers as processes: killed, stopped, two at a time, with PostgreSQL or Redis away."""

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import environment as environment_of
from tests.support.command_line import run
from tests.support.queued_hits import drain, entry_of, hit_of, rows
from tests.support.running import Running, running
from tests.support.stepping import stepping
from tests.support.waiting import wait_until
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.config import Settings
from tracker.maintenance.requeue_waiting import requeue_waiting
from tracker.scheduler import lease
from tracker.store import batch_queue, leases
from tracker.store.batch_queue import QueueRow
from tracker.store.database import Database

pytestmark = pytest.mark.slow


def has_lease(scheduler: Running, database: Database) -> bool:
    return scheduler.said("lease taken") and f":{scheduler.process.pid}:" in str(holder(database))


def holder(database: Database) -> str | None:
    with database.transaction() as tx:
        return leases.holder(tx, "scheduler")


@pytest.fixture
def start(settings: Settings, tmp_path: Path) -> Iterator[Any]:
    """Starts schedulers; they are gone when the test is."""
    with ExitStack() as started:

        def start_one(*, lease: float = 6, **more: str) -> Running:
            constants = {"tracker.scheduler.lease:SECONDS": lease, "tracker.scheduler.lease:RENEWED_EVERY": 0.5}
            process = running(
                settings, tmp_path, "scheduler.py", constants=constants, TRACKER_LOG_FORMAT="json", **more
            )
            return started.enter_context(process)

        yield start_one


def keep(database: Database, application: Application, number: int) -> None:
    """A hit that the receiver kept while Redis was unavailable."""
    entry = entry_of(hit_of(application, number))
    with database.transaction() as tx:
        batch_queue.add(tx, [QueueRow(**{name: getattr(entry, name) for name in QueueRow.__dataclass_fields__})])


def is_checked(settings: Settings) -> bool:
    """Whether `scheduler.py --check` says that one works."""
    return run(environment_of(settings), "scheduler.py", "--check").status == 0


def queued(database: Database) -> int:
    with database.transaction() as tx:
        return batch_queue.count_by_status(tx).get("queued", 0)


def test_a_scheduler_says_its_table_works_and_gives_the_lease_back_on_sigterm(
    start: Any, settings: Settings, database: Database, application: Application
) -> None:
    keep(database, application, 1)
    one = start()
    wait_until(lambda: queued(database) == 0)
    assert has_lease(one, database)
    assert is_checked(settings)
    assert one.said('"take in hits that waited for Redis": 2')
    assert one.stop() == 0
    assert rows(database, "SELECT count(*) FROM leases") == [(0,)]
    assert not is_checked(settings)
    assert not one.said("Traceback")


def test_the_second_takes_over_within_fifteen_seconds_when_the_first_is_killed(
    start: Any, database: Database, application: Application
) -> None:
    first = start()
    wait_until(lambda: has_lease(first, database))
    second = start()
    wait_until(lambda: second.said("scheduler starts"))
    time.sleep(1.5)  # More than one look of the second, which must leave the lease where it is.
    assert has_lease(first, database)
    first.kill()
    keep(database, application, 1)
    wait_until(lambda: has_lease(second, database) and queued(database) == 0)
    # Here a lease lasts six seconds and is looked at twice a second. An operator's:
    assert lease.SECONDS + lease.RENEWED_EVERY < 15


def test_the_second_takes_over_at_once_when_the_first_is_stopped(start: Any, database: Database) -> None:
    first = start(lease=600)
    wait_until(lambda: has_lease(first, database))
    second = start()
    wait_until(lambda: second.said("scheduler starts"))
    assert first.stop() == 0
    wait_until(lambda: has_lease(second, database))


def test_a_scheduler_that_was_frozen_finds_itself_replaced_and_stands_by(start: Any, database: Database) -> None:
    first = start()
    wait_until(lambda: has_lease(first, database))
    second = start()
    first.process.send_signal(signal.SIGSTOP)
    wait_until(lambda: has_lease(second, database))
    first.process.send_signal(signal.SIGCONT)
    wait_until(lambda: first.said("lease lost"))
    assert has_lease(second, database)


def test_a_scheduler_starts_while_redis_is_away_and_does_what_needs_none(
    start: Any, database: Database, application: Application
) -> None:
    with database.transaction() as tx:
        tx.execute(
            "INSERT INTO sessions (session_id, application_id, app_id, last_accessed_at)"
            " VALUES ('s', %s, 'shop', now() - interval '1 hour')",
            [application.id],
        )
    keep(database, application, 1)
    one = start(REDIS_URL="redis://127.0.0.1:1")
    wait_until(lambda: rows(database, "SELECT is_active FROM sessions") == [(False,)])
    wait_until(lambda: one.said("turn postponed"))
    assert queued(database) == 1
    assert not one.said("Traceback")


def test_a_scheduler_waits_for_postgresql_and_ends_when_told(start: Any) -> None:
    one = start(DATABASE_URL="postgresql://nobody@127.0.0.1:1/nowhere")
    wait_until(lambda: one.said("lease cannot be renewed"))
    assert not one.said("lease taken")
    assert one.stop(signal.SIGINT) == 0


def test_hits_are_stored_once_when_the_turn_is_killed_between_the_adding_and_the_commit(
    settings: Settings, database: Database, redis: Any, application: Application
) -> None:
    for number in range(5):
        keep(database, application, number)
    with stepping(environment_of(settings), "halting_requeue") as turn:
        assert turn.step() == "added"
    wait_until(lambda: not rows(database, "SELECT 1 FROM pg_stat_activity WHERE application_name = 'halting'"))
    assert queued(database) == 5
    drain(redis, database)
    assert requeue_waiting(database, redis, SystemClock(), queue="default", drain_seconds=20, queue_limit=1000) == 5
    drain(redis, database)
    assert rows(database, "SELECT count(*), count(DISTINCT id) FROM access_logs") == [(5, 5)]
    assert queued(database) == 0
