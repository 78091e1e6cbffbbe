"""The months over the years: made before they are needed, dropped when they are over, without a writer that waits."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import psycopg
import pytest

from tests.support.deleting import DeletionsBy
from tests.support.detaching import interrupt_detach
from tests.support.queued_hits import rows
from tests.support.waiting import wait_until
from tracker.maintenance.create_partitions import create_partitions
from tracker.maintenance.drop_partitions import StatisticsHooks, drop_expired, drop_month, drop_old_partitions, expired
from tracker.store import partition_making, partition_removal, partitions
from tracker.store.database import Database
from tracker.store.partitions import Month

NOTHING_TO_COUNT = StatisticsHooks(
    is_final=lambda _database, _month: True, note_removal=lambda _tx, _before: None, retire=lambda _database, _month: 0
)
LONGEST_WAIT = "1s"
"""For a lock, as the server counts it: how long a writer takes altogether is also a matter of the machine."""


class FixedClock:
    """A clock that a test sets."""

    def __init__(self, now: datetime) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return time.monotonic()


def add_hit(connection: psycopg.Connection[Any], at: datetime, number: int) -> None:
    """A hit with a parameter value, in one transaction, as a worker writes it."""
    with connection.transaction():
        connection.execute(
            "INSERT INTO access_logs (id, application_id, app_id, created_at)"
            " SELECT %s, id, app_id, %s FROM applications",
            [number, at],
        )
        connection.execute(
            "INSERT INTO custom_parameter_values (access_log_id, application_id, parameter_key, created_at)"
            " SELECT %s, id, 'page_type', %s FROM applications",
            [number, at],
        )


class Prober:
    """A writer beside a test, which fails where it has to wait too long for a lock."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self.written = 0
        self.failure: psycopg.Error | None = None

    def _write(self) -> None:
        with psycopg.connect(self._url, options=f"-c lock_timeout={LONGEST_WAIT}") as connection:
            while not self._stop.is_set():
                try:
                    add_hit(connection, datetime.now(UTC), 10_000_000 + self.written)
                except psycopg.Error as error:
                    self.failure = error
                    return
                self.written += 1

    @contextmanager
    def writing(self) -> Iterator[None]:
        self._thread.start()
        try:
            self.wait_for_more()
            yield
            self.wait_for_more()
        finally:
            self._stop.set()
            self._thread.join()
        assert self.failure is None

    def wait_for_more(self) -> None:
        seen = self.written
        wait_until(lambda: self.written >= seen + 50 or self.failure is not None)


def months_of(database: Database) -> list[str]:
    """The months that both tables have."""
    with database.transaction() as tx:
        there = partitions.list_partitions(tx)
    assert partitions.problems(there) == []
    logs, values = (
        [str(partition.month) for partition in there if partition.table == table] for table in partitions.TABLES
    )
    assert logs == values
    return logs


def drop_old(database: Database, url: str, clock: Any, months: int, **more: Any) -> list[Month]:
    more = {"statistics": NOTHING_TO_COUNT, "deletions": DeletionsBy(database, clock), **more}
    return drop_old_partitions(database, url, clock, retention_months=months, **more)


def drop_at_a_word(database: Database, url: str, clock: Any, months: int) -> None:
    with database.transaction() as tx:
        due = expired(partitions.list_partitions(tx), partitions.first_kept(clock.now(), months))
    drop_expired(database, url, clock, due, now=clock.now(), statistics=NOTHING_TO_COUNT, on_step=lambda _: None)


def test_over_a_years_end_and_a_leap_day_there_is_always_a_month_for_every_hit(
    database: Database, database_url: str, application: Any
) -> None:
    clock = FixedClock(datetime(2047, 10, 30, 12, tzinfo=UTC))
    partition_making.create(database_url, partitions.needed(clock.now().date()))
    drop_at_a_word(database, database_url, clock, 2)  # The months of the day on which this test runs.
    with psycopg.connect(database_url) as connection:
        for day in range(130):
            clock.time = datetime(2047, 10, 30, 23, 59, 59, 999_999, tzinfo=UTC) + timedelta(days=day)
            create_partitions(database, database_url, clock, retention_months=2)
            drop_old(database, database_url, clock, 2)
            add_hit(connection, clock.now(), day)
            expected = [str(Month.of(clock.now()).plus(months)) for months in range(-2, 4)]
            assert months_of(database)[-5:] == expected[1:]
            assert set(months_of(database)) <= set(expected)
    stored = rows(database, "SELECT count(*), min(created_at), max(created_at) FROM access_logs")
    assert stored == [(67, datetime(2048, 1, 1, 23, 59, 59, 999_999, tzinfo=UTC), clock.now())]
    leap_day = rows(database, "SELECT tableoid::regclass::text FROM access_logs WHERE created_at::date = '2048-02-29'")
    assert leap_day == [("access_logs_2048_02",)]
    jobs = rows(database, "SELECT job_type, sum(processed_count) FROM batch_jobs GROUP BY 1 ORDER BY 1")
    assert [job[0] for job in jobs] == ["create_partitions", "drop_partitions"]


def test_a_gap_between_months_is_filled_and_one_before_the_retention_is_not(
    database: Database, database_url: str, clock: Any
) -> None:
    current = Month.of(clock.now())
    partition_making.create(database_url, [current.plus(-4), current.plus(-8)])
    made = create_partitions(database, database_url, clock, retention_months=6)
    assert made == [current.plus(-6), current.plus(-5), current.plus(-3), current.plus(-2)]
    assert create_partitions(database, database_url, clock, retention_months=6) == []


def test_a_month_is_made_while_hits_arrive(database: Database, database_url: str, clock: Any, application: Any) -> None:
    clock.advance(timedelta(days=62).total_seconds())
    prober = Prober(database_url)
    with prober.writing():
        assert create_partitions(database, database_url, clock)
    assert prober.written >= 40


def test_a_month_is_made_past_maintenance_of_the_table_without_a_writer_that_waits(
    database: Database, database_url: str, clock: Any, application: Any
) -> None:
    """A VACUUM holds this lock; an autovacuum would be ended after a second, this one is waited for."""
    clock.advance(timedelta(days=62).total_seconds())
    current = str(Month.of(datetime.now(UTC))).replace("-", "_")
    with psycopg.connect(database_url) as vacuuming:
        vacuuming.execute(f"LOCK TABLE access_logs_{current} IN SHARE UPDATE EXCLUSIVE MODE".encode())
        timer = threading.Timer(2, vacuuming.rollback)
        with Prober(database_url).writing():
            timer.start()
            assert create_partitions(database, database_url, clock)
        timer.join()


def test_a_month_is_dropped_while_hits_arrive(
    database: Database, database_url: str, clock: Any, application: Any
) -> None:
    old = Month.of(clock.now()).plus(-30)
    partition_making.create(database_url, [old])
    with psycopg.connect(database_url) as connection:
        for number in range(300):
            add_hit(connection, old.start + timedelta(minutes=number), number)
    with Prober(database_url).writing():
        assert drop_old(database, database_url, clock, 24) == [old]
    assert str(old) not in months_of(database)


def test_a_month_waits_until_its_statistics_are_final_and_they_hear_of_it(
    database: Database, database_url: str, clock: Any
) -> None:
    old = Month.of(clock.now()).plus(-30)
    partition_making.create(database_url, [old])
    heard: list[Any] = []
    statistics = StatisticsHooks(
        is_final=lambda _database, _month: bool(heard),
        note_removal=lambda _tx, before: heard.append(before),
        retire=lambda _database, month: heard.append(month) or 0,
    )
    assert drop_old(database, database_url, clock, 24, statistics=statistics) == []
    heard.append("final")
    assert drop_old(database, database_url, clock, 24, statistics=statistics) == [old]
    assert heard == ["final", old.plus(1).start, old.plus(1)]


def test_without_a_retention_everything_stays(database: Database, database_url: str, clock: Any) -> None:
    partition_making.create(database_url, [Month(2011, 1)])
    assert drop_old(database, database_url, clock, 0) == []


def test_a_turn_that_loses_its_lease_drops_no_further_table(database: Database, database_url: str, clock: Any) -> None:
    old = Month.of(clock.now()).plus(-30)
    partition_making.create(database_url, [old])
    asked = iter([True, True, False])
    drop_old(database, database_url, clock, 24, should_continue=partial(next, asked))
    with database.transaction() as tx:
        left = [partition.table for partition in partitions.list_partitions(tx) if partition.month == old]
    assert left == ["access_logs"]
    assert drop_old(database, database_url, clock, 24) == [old]
    assert str(old) not in months_of(database)


@pytest.mark.parametrize("table", partitions.TABLES)
def test_an_interrupted_detach_of_an_old_month_is_finished(
    table: str, database: Database, database_url: str, clock: Any
) -> None:
    old = Month.of(clock.now()).plus(-30)
    partition_making.create(database_url, [old])
    interrupt_detach(database_url, table, old)
    assert drop_old(database, database_url, clock, 24) == [old]
    left = rows(database, "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE %s", f"%{old.year}\\_%")
    assert [name for (name,) in left if name.endswith(f"{old.month:02}")] == []


def test_a_month_that_is_too_large_to_be_detached_at_once_is_emptied_first(
    database: Database, database_url: str, clock: Any, application: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = Month.of(clock.now()).plus(-30)
    partition_making.create(database_url, [old])
    with psycopg.connect(database_url) as connection:
        for number in range(50):
            add_hit(connection, old.start + timedelta(minutes=number), number)
    tried = partition_removal._tried
    emptied: list[str] = []

    def fails_while_there_are_hits(connection: Any, partition: Any, *hooks: Any) -> bool:
        full = rows(database, "SELECT 1 FROM access_logs WHERE created_at < %s LIMIT 1", old.plus(1).start)
        if partition.table == "access_logs" and full:
            emptied.append(partition.name)
            return False
        return tried(connection, partition, *hooks)

    monkeypatch.setattr(partition_removal, "_tried", fails_while_there_are_hits)
    with Prober(database_url).writing():
        assert drop_old(database, database_url, clock, 24) == [old]
    assert len(emptied) == 1


def test_a_reader_that_does_not_end_puts_a_drop_off_and_nobody_else(
    database: Database, database_url: str, clock: Any, application: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.store.maintenance.PAUSES", (0.1, 0.1))
    old = Month.of(clock.now()).plus(-30)
    partition_making.create(database_url, [old])
    with psycopg.connect(database_url) as reader:
        reader.execute("SELECT count(*) FROM access_logs")
        with Prober(database_url).writing(), pytest.raises(Exception, match="Others use the tables"):
            drop_month(database, database_url, clock, old, statistics=NOTHING_TO_COUNT)
    assert drop_month(database, database_url, clock, old, statistics=NOTHING_TO_COUNT)
