"""Which database and which Redis belong together: told by processes, and found out where they do not."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
import structlog.testing

from tests.conftest import database_for_a_while, execute
from tests.integration.conftest import MovableClock
from tests.support.queue_entries import entry
from tests.support.receiving import Receiving, code, queued
from tests.support.servers_away import postgres_away, redis_away
from tracker.config import Settings
from tracker.embedded import Postgres, Valkey
from tracker.errors import DatabaseUnavailable, ForeignQueue, QueueUnavailable, Refused
from tracker.ingest.drain import Drain
from tracker.instance import operator
from tracker.instance.check import InstanceCheck
from tracker.queueing import adding
from tracker.queueing.connection import Connection
from tracker.queueing.consumer import Consumer
from tracker.store import batch_queue
from tracker.store import instance as store
from tracker.store.database import Database

HIT = {"app_id": "shop", "url": "https://shop.example/"}


@pytest.fixture
def copy_url(postgres: Postgres, database_url: str, database: Database) -> Iterator[str]:
    """A copy of this test's database, as a restore makes one: the same rows, elsewhere."""
    with psycopg.connect(database_url) as connection:
        (name,) = connection.execute("SELECT current_database()").fetchone() or ("",)
    database.close_idle()
    execute(postgres, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    with database_for_a_while(postgres, f"TEMPLATE {name} STRATEGY file_copy") as url:
        yield url


@pytest.fixture
def copy(copy_url: str) -> Iterator[Database]:
    opened = Database(copy_url, name="tests")
    yield opened
    opened.close()


def rows(database: Database, status: str) -> int:
    with database.transaction() as tx:
        return batch_queue.count_by_status(tx).get(status, 0)


def test_the_first_one_takes_redis_and_a_copy_of_its_database_is_refused_by_name(
    copy: Database, database: Database, redis: Connection, clock: MovableClock
) -> None:
    check = InstanceCheck(database, redis, clock)
    check.look()
    with pytest.raises(ForeignQueue) as refused:
        InstanceCheck(copy, redis, clock).look()
    check.look()
    for other in (database, copy):
        assert str(operator.look(other, redis).instance.database) in str(refused.value)
    assert "instance adopt" in str(refused.value)


def test_a_new_database_beside_another_is_refused_too(
    postgres: Postgres, template: str, database: Database, redis: Connection, clock: MovableClock
) -> None:
    InstanceCheck(database, redis, clock).look()
    with database_for_a_while(postgres, f"TEMPLATE {template} STRATEGY file_copy") as url:
        other = Database(url, name="tests")
        with other.transaction() as tx:
            store.renew(tx)
        with pytest.raises(ForeignQueue):
            InstanceCheck(other, redis, clock).look()
        other.close()


def test_a_role_that_may_not_know_the_server_is_the_same_database(
    database: Database, database_url: str, redis: Connection, clock: MovableClock
) -> None:
    InstanceCheck(database, redis, clock).look()
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
        connection.execute("CREATE ROLE knows_little LOGIN")
        connection.execute("GRANT SELECT, UPDATE ON instance TO knows_little")
    try:
        low = Database(f"{database_url}&user=knows_little", name="tests")
        with low.transaction() as tx:
            assert store.get(tx).database.system_identifier is None
        InstanceCheck(low, redis, clock).look()
        low.close()
    finally:
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("DROP OWNED BY knows_little")
            connection.execute("DROP ROLE knows_little")


def test_after_a_flush_who_knew_redis_says_it_again_and_who_did_not_waits_for_an_operator(
    database: Database, redis: Connection, clock: MovableClock
) -> None:
    knows = InstanceCheck(database, redis, clock)
    knows.look()
    queue_id = operator.look(database, redis).claim
    redis.flushall()
    adding.add(redis, [entry()])
    with pytest.raises(ForeignQueue, match="does not say any more"):
        InstanceCheck(database, redis, clock).look()
    knows.look()
    assert operator.look(database, redis).claim == queue_id
    InstanceCheck(database, redis, clock).look()


def test_a_wiped_redis_without_hits_is_anybodys_who_starts(
    database: Database, redis: Connection, clock: MovableClock
) -> None:
    InstanceCheck(database, redis, clock).look()
    redis.flushall()
    InstanceCheck(database, redis, clock).look()


def test_hits_of_a_version_that_said_nothing_are_taken_by_the_first_one(
    database: Database, redis: Connection, clock: MovableClock
) -> None:
    adding.add(redis, [entry()])
    InstanceCheck(database, redis, clock).look()
    assert operator.look(database, redis).is_together


@pytest.mark.parametrize("said", [b"", b"null", b"[]", b"{}", b"\xff", b'{"id": "x"}'])
def test_what_cannot_be_read_is_refused_and_adopted(
    database: Database, redis: Connection, clock: MovableClock, said: bytes
) -> None:
    redis.set("tracker:instance", said)
    with pytest.raises(ForeignQueue, match="cannot be read"):
        InstanceCheck(database, redis, clock).look()
    operator.adopt(database, redis)
    InstanceCheck(database, redis, clock).look()


def test_a_restored_database_goes_on_once_an_operator_says_so(
    copy: Database, database: Database, redis: Connection, clock: MovableClock
) -> None:
    original = InstanceCheck(database, redis, clock)
    original.look()
    operator.adopt(copy, redis)
    InstanceCheck(copy, redis, clock).look()
    with pytest.raises(ForeignQueue):
        original.look()


def test_only_a_copy_is_renewed(copy: Database, database: Database, redis: Connection, clock: MovableClock) -> None:
    InstanceCheck(database, redis, clock).look()
    with pytest.raises(Refused, match="belongs to this database"):
        operator.renew(database, redis)
    before = operator.look(copy, redis).instance.database
    operator.renew(copy, redis)
    assert operator.look(copy, redis).instance.database.id != before.id


def test_while_a_server_is_away_nothing_is_said_and_what_was_known_stays_known(
    postgres: Postgres, valkey: Valkey, database: Database, redis: Connection, clock: MovableClock
) -> None:
    check = InstanceCheck(database, redis, clock)
    with postgres_away(postgres), pytest.raises(DatabaseUnavailable):
        check.look()
    assert redis.get("tracker:instance") is None
    check.look()
    clock.advance(60)
    with postgres_away(postgres):
        check.look()
    with redis_away(valkey), pytest.raises(QueueUnavailable):
        check.look()
    check.look()


def test_a_database_that_changes_behind_its_name_is_noticed(
    copy: Database, database: Database, redis: Connection, clock: MovableClock
) -> None:
    check: Any = InstanceCheck(database, redis, clock)
    check.look()
    check._database = copy  # Where the name leads now.
    clock.advance(30)
    with pytest.raises(ForeignQueue):
        check.look()


def test_a_worker_writes_nothing_from_a_redis_of_another_database(
    copy: Database, database: Database, redis: Connection, clock: MovableClock, application: object
) -> None:
    InstanceCheck(database, redis, clock).look()
    adding.add(redis, [entry(), entry()])
    claims = Consumer(redis, consumer="tests", batch_size=100, clock=clock)
    pauses: list[float] = []
    drain = Drain(claims, copy, clock, seconds=20, sleep=pauses.append, permit=InstanceCheck(copy, redis, clock).look)
    assert drain.run().ended == "away"
    assert pauses
    assert rows(copy, "failed") == 0
    assert redis.xlen("tracker:hits:normal") == 2
    assert not redis.xinfo_groups("tracker:hits:normal")


def test_a_receiver_keeps_hits_in_its_own_batch_queue_while_redis_is_anothers(
    settings: Settings, copy_url: str, database: Database, redis: Connection, clock: MovableClock
) -> None:
    from tracker.management import applications

    applications.create(database, name="Shop", app_id="shop", rate_limit=1000)
    InstanceCheck(database, redis, clock).look()
    mixed = replace(settings, database_url=copy_url, database_read_url=copy_url)
    copy = Database(copy_url, name="tests")
    applications.create(copy, name="Shop", app_id="shop", rate_limit=1000)
    with structlog.testing.capture_logs() as lines:
        receiving = Receiving(mixed)
        try:
            assert code(receiving.track(HIT)) == (200, None)
            assert code(receiving.pixel("app_id=shop")) == (200, None)
            assert queued(redis) == []
            assert rows(copy, "queued") == 2
            health = receiving.client.get("/health").get_json()
            operator.adopt(copy, redis)
            receiving.receiver.context.background_tasks.turn()
            assert code(receiving.track(HIT)) == (200, None)
            assert len(queued(redis)) == 1
        finally:
            receiving.close()
            copy.close()
    said = [line for line in lines if line["event"] == "wrong redis, hits go into batch_queue"]
    assert len(said) == 1
    assert said[0]["log_level"] == "error"
    assert health["data"]["parts"]["redis"]["state"] == "away"


def test_a_receiver_that_starts_without_postgresql_puts_hits_into_redis(
    settings: Settings, postgres: Postgres, redis: Connection, application: object
) -> None:
    known = Receiving(settings)
    assert code(known.track(HIT)) == (200, None)
    known.close()
    with postgres_away(postgres):
        receiving = Receiving(settings)
        assert code(receiving.track(HIT)) == (200, None)
    receiving.close()
    assert len(queued(redis)) == 2
