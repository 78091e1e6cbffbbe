"""The synchronous standby is gone: what a commit left in the primary alone does not count as stored.

PostgreSQL keeps a transaction whose wait for the standby is given up, and everybody sees it. A failover takes it away.
"""

import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support.made_data import copy_data
from tests.support.queued_hits import drain, enqueue, hit_of, rows
from tracker.clock import SystemClock
from tracker.embedded import Postgres
from tracker.errors import DatabaseUnavailable
from tracker.ingest import filtered
from tracker.management import applications
from tracker.queueing.connection import Connection
from tracker.queueing.entry import NORMAL
from tracker.queueing.filtered import COUNTS, TAKEN, field_of
from tracker.store.database import Database


@pytest.fixture
def primary(tmp_path: Path, migrated_data: Path) -> Iterator[Postgres]:
    with Postgres(copy_data(migrated_data, tmp_path / "postgres")) as server:
        yield server


def name_standby(server: Postgres, name: str) -> None:
    with psycopg.connect(server.url_of("tracker"), autocommit=True) as connection:
        connection.execute("SET synchronous_commit = local")
        connection.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'".encode())
        connection.execute("SELECT pg_reload_conf()")


def test_hits_stay_in_the_queue_until_a_standby_has_them(primary: Postgres, redis: Connection) -> None:
    database = Database(primary.url_of("tracker"), name="tests", patience=1.0)
    shop, _ = applications.create(database, name="Shop", app_id="shop")
    enqueue(redis, [hit_of(shop, number, session_id="s") for number in range(1, 6)])
    name_standby(primary, "gone")

    for _ in range(2):
        drained = drain(redis, database)

        assert (drained.ended, drained.stored, drained.duplicates) == ("away", 0, 0)
        assert rows(database, "SELECT count(*) FROM access_logs") == [(5,)], "the primary has them"
        assert redis.xlen(NORMAL) == 5

    name_standby(primary, "")
    drained = drain(redis, database)
    assert (drained.ended, drained.duplicates) == ("dry", 5)
    assert redis.xlen(NORMAL) == 0
    assert rows(database, "SELECT count(*) FROM access_logs") == [(5,)]
    database.close()


def test_a_wait_that_somebody_breaks_off_leaves_hits_in_the_queue(primary: Postgres, redis: Connection) -> None:
    database = Database(primary.url_of("tracker"), name="tests", patience=30.0)
    shop, _ = applications.create(database, name="Shop", app_id="shop")
    enqueue(redis, [hit_of(shop, number) for number in range(1, 6)])
    name_standby(primary, "gone")
    ended = threading.Event()

    def break_off() -> None:
        with psycopg.connect(primary.url_of("tracker"), autocommit=True) as connection:
            while not ended.wait(0.1):
                connection.execute("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")

    operator = threading.Thread(target=break_off)
    operator.start()
    try:
        drained = drain(redis, database)
    finally:
        ended.set()
        operator.join()

    assert (drained.ended, drained.stored) == ("away", 0)
    assert rows(database, "SELECT count(*) FROM access_logs") == [(5,)], "the primary has them"
    assert redis.xlen(NORMAL) == 5
    database.close()


def test_counts_stay_in_redis_until_a_standby_has_them(primary: Postgres, redis: Connection) -> None:
    database = Database(primary.url_of("tracker"), name="tests", patience=1.0)
    shop, _ = applications.create(database, name="Shop", app_id="shop")
    clock = SystemClock()
    redis.hset(COUNTS, field_of(shop.id, "bot", clock.now()), 7)
    name_standby(primary, "gone")

    for _ in range(2):
        with pytest.raises(DatabaseUnavailable):
            filtered.fold_now(redis, database, clock)
        assert rows(database, "SELECT hits FROM filtered_hits") == [(7,)], "the primary has them"
        assert redis.exists(TAKEN)

    name_standby(primary, "")
    filtered.fold_now(redis, database, clock)
    assert not redis.exists(COUNTS, TAKEN)
    assert rows(database, "SELECT hits FROM filtered_hits") == [(7,)]
    database.close()
