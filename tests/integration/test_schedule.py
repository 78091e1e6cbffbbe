"""The table of the scheduler: every line runs, also when there is nothing to do and when there is everything."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.queued_hits import rows
from tests.support.waiting import wait_until
from tracker.clock import SystemClock
from tracker.config import Settings
from tracker.schedule import table
from tracker.scheduler.job import Job, ShouldContinue
from tracker.scheduler.loop import Loop
from tracker.store import deletions
from tracker.store.database import Database
from tracker.wiring.scheduler import Scheduler, scheduler

STOPS_WITHIN = 10.0
"""Seconds: a few steps, on a busy machine."""


@pytest.fixture
def parts(settings: Settings) -> Iterator[Scheduler]:
    built = scheduler(settings)
    yield built
    built.close()


def jobs(parts: Scheduler) -> dict[str, Job]:
    return {job.name: job for job in table(parts)}


def test_every_line_of_the_table_may_run_twice_with_nothing_to_do(
    parts: Scheduler, database: Database, settings: Settings
) -> None:
    for job in [*table(parts), *table(parts)]:
        job.turn(lambda: True)
    assert rows(database, "SELECT count(*) FROM batch_jobs") == [(0,)]


def test_no_line_is_rarer_than_the_documents_say_and_none_has_a_jitter_that_matters(parts: Scheduler) -> None:
    lines = jobs(parts)
    assert len(lines) == len(table(parts))
    assert lines["make partitions"].every <= timedelta(hours=1)
    assert lines["fold statistics"].every <= timedelta(seconds=30)
    for job in lines.values():
        assert timedelta(0) < job.jitter <= job.every / 4
        assert len(job.name) <= 50


def test_a_month_is_dropped_with_the_real_statistics_and_they_are_told(
    parts: Scheduler, database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletions, "FIRST_SECONDS", 0)
    lines = jobs(replace(parts, settings=replace(settings, retention_months=1)))
    lines["make partitions"].turn(lambda: True)
    with database.transaction() as tx:
        tx.execute("SELECT create_monthly_partition('2020-01')")
    lines["drop months that are over"].turn(lambda: True)
    left = rows(database, "SELECT relname FROM pg_class WHERE relname LIKE 'access\\_logs\\_2020\\_0_'")
    assert left == []
    assert datetime.now(UTC).year > 2020


def test_a_failed_turn_is_noted(parts: Scheduler, database: Database) -> None:
    parts.note_failure("fold statistics", datetime.now(UTC), "It did not work.")
    assert rows(database, "SELECT job_type, status, error_count, error_message FROM batch_jobs") == [
        ("fold statistics", "failed", 1, "It did not work.")
    ]


def test_a_scheduler_stops_between_two_steps_of_what_never_ends(database: Database) -> None:
    """Under steady load a turn always finds more to do."""
    working, stop = threading.Event(), threading.Event()

    def turn(should_continue: ShouldContinue) -> None:
        while should_continue():
            working.set()
            time.sleep(0.01)

    job = Job(name="endless", every=timedelta(seconds=1), jitter=timedelta(seconds=0.1), turn=turn)
    loop = Loop([job], database, SystemClock(), owner="me", failed=lambda *_: None)
    running = threading.Thread(target=loop.run, args=[stop])
    running.start()
    wait_until(working.is_set)
    stop.set()
    running.join(STOPS_WITHIN)
    assert not running.is_alive()
    assert rows(database, "SELECT count(*) FROM leases") == [(0,)]
