"""PostgreSQL or Redis goes away while a worker is at it: nothing is lost, nothing is counted, work goes on after."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.made_data import copy_data
from tests.support.queued_hits import claims_of, drain, enqueue, hit_of, rows
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.embedded import Postgres, Valkey
from tracker.ingest.drain import Drain
from tracker.ingest.drain_result import Drained
from tracker.management import applications
from tracker.queueing.connection import Connection, connect
from tracker.queueing.consumer import GROUP, RETRIES, Consumer
from tracker.queueing.entry import NORMAL
from tracker.store import sessions
from tracker.store.database import Database


@pytest.fixture
def own_postgres(tmp_path: Path, migrated_data: Path) -> Iterator[Postgres]:
    """A server that this test may stop."""
    with Postgres(copy_data(migrated_data, tmp_path / "postgres"), durable=False) as server:
        yield server


@pytest.fixture
def own_database(own_postgres: Postgres) -> Iterator[Database]:
    opened = Database(own_postgres.url_of("tracker"), name="tests")
    yield opened
    opened.close()


@pytest.fixture
def shop(own_database: Database) -> Application:
    return applications.create(own_database, name="Shop", app_id="shop")[0]


def on_call(monkeypatch: pytest.MonkeyPatch, owner: Any, function: str, number: int, act: Any) -> None:
    """Call `act` before the `number`-th call of a function."""
    original = getattr(owner, function)
    calls = 0

    def counting(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == number:
            act()
        return original(*arguments, **named)

    monkeypatch.setattr(owner, function, counting)


def test_postgresql_restarts_in_the_middle_of_a_drain(
    own_postgres: Postgres,
    own_database: Database,
    shop: Application,
    redis: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    enqueue(redis, [hit_of(shop, n, session_id=f"s{n % 7}") for n in range(1, 3001)])
    on_call(monkeypatch, sessions, "upsert", 2, own_postgres.stop)

    interrupted = drain(redis, own_database)
    still_away = drain(redis, own_database)

    assert (interrupted.ended, interrupted.postponed, interrupted.failed) == ("away", 0, 0)
    assert 0 < interrupted.stored < 3000
    assert (still_away.ended, still_away.stored) == ("away", 0)
    assert redis.zcard(RETRIES) == 0
    assert {fields[b"retry_count"] for _, fields in redis.xrange(NORMAL)} == {b"0"}

    own_postgres.start()
    assert drain(redis, own_database).ended == "dry"

    assert rows(own_database, "SELECT count(*) FROM access_logs") == [(3000,)]
    assert rows(own_database, "SELECT count(*), sum(page_views) FROM sessions") == [(7, 3000)]
    assert rows(own_database, "SELECT count(*) FROM batch_queue") == [(0,)]


def test_what_was_claimed_in_an_outage_is_there_for_the_next_drain_at_once(
    own_postgres: Postgres, own_database: Database, shop: Application, redis: Connection
) -> None:
    enqueue(redis, [hit_of(shop, n) for n in range(1, 11)])
    own_postgres.stop()
    assert drain(redis, own_database).ended == "away"
    own_postgres.start()
    assert drain(redis, own_database).stored == 10


def test_redis_restarts_between_commit_and_acknowledgement(
    tmp_path: Path, database: Database, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Valkey(tmp_path / "valkey") as valkey:
        redis = connect(valkey.url, name="tests")
        enqueue(redis, [hit_of(application, n, session_id="s") for n in range(1, 101)])
        on_call(monkeypatch, Consumer, "settle", 1, valkey.stop)

        assert drain_without_leaving(redis, database).ended == "away"
        valkey.start()
        pending = redis.xpending_range(NORMAL, GROUP, "-", "+", 999)
        assert len(pending) == 100
        ids = [delivered["message_id"] for delivered in pending]
        redis.xclaim(NORMAL, GROUP, "gone", 0, ids, idle=60_000, justid=True)
        again = drain(redis, database)

        assert (again.ended, again.stored, again.duplicates) == ("dry", 0, 100)
        assert rows(database, "SELECT page_views FROM sessions") == [(100,)]
        assert redis.xlen(NORMAL) == 0
        redis.close()


def drain_without_leaving(redis: Connection, database: Database) -> Drained:
    """A drain whose Redis is gone at its end, so that it cannot leave the group."""
    return Drain(claims_of(redis), database, SystemClock(), seconds=20, sleep=lambda _: None).run()


def test_a_deadlock_or_a_busy_database_counts_no_try(
    database: Database, redis: Connection, application: Application
) -> None:
    with database.transaction() as tx:
        tx.execute("CREATE FUNCTION busy() RETURNS trigger LANGUAGE plpgsql AS "
                   "$$ BEGIN RAISE EXCEPTION USING ERRCODE = '40P01'; END $$")  # fmt: skip
        tx.execute("CREATE TRIGGER busy BEFORE INSERT ON sessions FOR EACH STATEMENT EXECUTE FUNCTION busy()")
    enqueue(redis, [hit_of(application, n, session_id="s") for n in range(1, 11)])

    assert drain(redis, database).ended == "away"
    with database.transaction() as tx:
        tx.execute("DROP TRIGGER busy ON sessions")

    assert drain(redis, database).stored == 10
    assert redis.zcard(RETRIES) == 0
