"""Hits that are left out are counted once each, from the receiver to the table, whatever is interrupted."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tracker.application import Application
from tracker.clock import SystemClock
from tracker.ingest.filtered import fold, fold_now
from tracker.queueing import filtered, watch
from tracker.queueing.connection import Connection
from tracker.queueing.producer import Producer
from tracker.receiver.filtering import FilteredCounts
from tracker.store import filtered_hits
from tracker.store.database import Database
from tracker.store.filtered_hits import FilteredCount
from tracker.web.circuit_breaker import CircuitBreaker

NOON = datetime(2026, 1, 31, 12, 34, 56, tzinfo=UTC)
HOUR = NOON.replace(minute=0, second=0)


@pytest.fixture
def counts(redis: Connection) -> FilteredCounts:
    return FilteredCounts(Producer(redis, queue_limit=1000), redis_breaker=CircuitBreaker(SystemClock()))


def stored(database: Database, application: Application) -> list[tuple[Any, ...]]:
    with database.transaction() as tx:
        return [tuple(row.values()) for row in filtered_hits.list_rows(tx, application.id)]


def test_hits_are_counted_by_hour_and_reason(
    counts: FilteredCounts, redis: Connection, database: Database, application: Application
) -> None:
    for reason, now in (("bot", NOON), ("bot", NOON + timedelta(minutes=25)), ("gpc", NOON)):
        counts.add(application.id, reason, now)
    counts.add(application.id, "bot", NOON + timedelta(minutes=26), 5)
    assert fold_now(redis, database, SystemClock()) == 8
    counts.add(application.id, "bot", NOON)
    assert fold_now(redis, database, SystemClock()) == 1
    assert fold_now(redis, database, SystemClock()) == 0
    assert stored(database, application) == [(HOUR, "bot", 3), (HOUR, "gpc", 1), (HOUR + timedelta(hours=1), "bot", 5)]


def test_counts_that_were_written_and_not_forgotten_are_not_written_again(
    counts: FilteredCounts, redis: Connection, database: Database, application: Application
) -> None:
    counts.add(application.id, "bot", NOON)
    taken = filtered.take(redis)
    assert taken is not None
    with database.transaction() as tx:
        assert filtered_hits.add(tx, taken.id, [FilteredCount(application.id, HOUR, "bot", 1)], NOON)
    # Here a worker was killed. Meanwhile the receivers go on.
    counts.add(application.id, "bot", NOON)
    assert fold_now(redis, database, SystemClock()) == 1
    assert stored(database, application) == [(HOUR, "bot", 2)]


def test_whoever_is_late_forgets_nobody_elses_counts(
    counts: FilteredCounts, redis: Connection, database: Database, application: Application
) -> None:
    counts.add(application.id, "bot", NOON)
    first = filtered.take(redis)
    assert first is not None
    assert filtered.take(redis) == first
    assert fold_now(redis, database, SystemClock()) == 1
    counts.add(application.id, "bot", NOON)
    second = filtered.take(redis)
    filtered.forget(redis, first)
    assert filtered.take(redis) == second


def test_counts_of_an_application_that_is_gone_and_of_another_version_are_passed_over(
    counts: FilteredCounts, redis: Connection, database: Database, application: Application
) -> None:
    counts.add(uuid4(), "bot", NOON)
    counts.add(application.id, "bot", NOON)
    redis.hset(filtered.COUNTS, "something:else", "x")
    redis.hset(filtered.COUNTS, filtered.field_of(application.id, "bo\0t", NOON), 1)
    redis.hset(filtered.COUNTS, filtered.field_of(application.id, "accepted", NOON), 10**20)
    fold_now(redis, database, SystemClock())
    assert stored(database, application) == [(HOUR, "bot", 1)]


def test_what_redis_does_not_take_is_held_until_it_does(
    counts: FilteredCounts, redis: Connection, monkeypatch: pytest.MonkeyPatch, application: Application
) -> None:
    field = filtered.field_of(application.id, "bot", NOON)
    redis.config_set("maxmemory", "1")
    redis.config_set("maxmemory-policy", "noeviction")
    try:
        counts.add(application.id, "bot", NOON)
        counts.add(application.id, "bot", NOON)
    finally:
        redis.config_set("maxmemory", "0")
    assert redis.hgetall(filtered.COUNTS) == {}
    counts.flush()
    counts.flush()
    assert redis.hgetall(filtered.COUNTS) == {field.encode(): b"2"}


def test_the_watch_wakes_a_worker_for_counts_once_a_minute(
    counts: FilteredCounts, redis: Connection, database: Database, application: Application
) -> None:
    assert not watch.look(redis, "default", drain_seconds=20)
    counts.add(application.id, "bot", NOON)
    assert watch.look(redis, "default", drain_seconds=20)
    fold(redis, database, SystemClock())
    assert stored(database, application) == [(HOUR, "bot", 1)]
    counts.add(application.id, "bot", NOON)
    assert not watch.look(redis, "default", drain_seconds=20)
    fold(redis, database, SystemClock())
    assert stored(database, application) == [(HOUR, "bot", 1)]
    redis.delete("tracker:filtered:turn")
    assert watch.look(redis, "default", drain_seconds=20)
