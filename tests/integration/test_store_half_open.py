"""A connection to PostgreSQL that is dead without a word is told from a statement that takes long."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.support.links import Link, link
from tests.support.needed import need
from tests.support.own_network import own_network
from tests.support.poolers import pooler
from tests.support.waiting import wait_until
from tests.support.world import door
from tracker.embedded import Postgres
from tracker.errors import DatabaseUnavailable
from tracker.store import half_open
from tracker.store.database import Database
from tracker.store.statements import sql

PATIENCE = 60.0
SOON = 20.0
"""Less than the patience, with which all would be given up in the end."""


@pytest.fixture(autouse=True)
def looks_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(half_open, "LOOK_AFTER_SECONDS", 0.3)
    monkeypatch.setattr(half_open, "LOOK_AGAIN_SECONDS", 0.2)


@pytest.fixture
def way(postgres: Postgres) -> Iterator[Link]:
    with link(door(postgres), random.Random(1)) as opened:
        yield opened


def through(way: Link, database_url: str, patience: float = PATIENCE) -> Database:
    name = urlsplit(database_url).path.lstrip("/")
    url = f"postgresql://postgres@127.0.0.1:{way.port}/{name}"
    return Database(url, name="through", connections=2, patience=patience, cancellation=0)


def sessions(database_url: str) -> list[int]:
    """The processes of the server that serve these connections."""
    with psycopg.connect(database_url) as other:
        named = "SELECT pid FROM pg_stat_activity WHERE application_name = 'through' AND datname = current_database()"
        return [pid for (pid,) in other.execute(named).fetchall()]


def ask(database: Database, statement: str = "SELECT 1", *, after: Callable[[], object] = lambda: None) -> None:
    """A transaction of two statements, the second of them after something happened."""
    with database.transaction() as tx:
        tx.execute(statement.encode())
        after()
        tx.execute("SELECT 1")


def test_a_dead_connection_is_given_up_and_its_locks_with_it(way: Link, database_url: str) -> None:
    with psycopg.connect(database_url) as other:
        other.execute("CREATE TABLE t (a INTEGER)")
    with closing(through(way, database_url)) as database:
        dead: list[int] = []

        def forget() -> None:
            dead.extend(sessions(database_url))
            way.forget_connections()

        began = time.monotonic()
        with pytest.raises(DatabaseUnavailable, match="dead"):
            ask(database, "LOCK TABLE t", after=forget)
        assert time.monotonic() - began < SOON
        assert len(dead) == 1
        wait_until(lambda: dead[0] not in sessions(database_url))
        ask(database, "LOCK TABLE t NOWAIT")


def test_it_is_so_where_the_kernel_drops_packets(postgres: Postgres, database_url: str) -> None:
    with own_network() as may_drop:
        need(may_drop, "A network of the test's own needs `ip` (iproute2) and the right to make one: root.")
        with link(door(postgres), random.Random(1)) as way, closing(through(way, database_url)) as database:
            with pytest.raises(DatabaseUnavailable, match="dead"):
                ask(database, after=way.drop_packets)
            assert way.packets_dropped > 0
            ask(database)


def test_a_statement_takes_as_long_as_it_does(way: Link, database_url: str) -> None:
    with closing(through(way, database_url)) as database, database.transaction() as tx:
        assert tx.execute("SELECT pg_sleep(2), 7").fetchone() == ("", 7)


def test_who_waits_for_a_lock_goes_on_waiting(way: Link, database_url: str) -> None:
    with closing(through(way, database_url)) as database, psycopg.connect(database_url) as other:
        other.execute("CREATE TABLE t (a INTEGER)")
        other.commit()
        other.execute("LOCK TABLE t")
        releasing = threading.Timer(1.5, other.rollback)
        releasing.start()
        with database.transaction() as tx:
            tx.execute("LOCK TABLE t")
        releasing.join()


def test_an_answer_that_comes_slowly_is_waited_for(
    way: Link, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server has long said everything, and waits; what moves is no dead connection."""
    monkeypatch.setattr("tests.support.links.PIECE", 8192)
    with closing(through(way, database_url)) as database, database.transaction() as tx, way.troubled("slow"):
        began = time.monotonic()
        tx.execute("SELECT repeat('x', 100000)")
        assert time.monotonic() - began > 1.0, "it was slow"


@pytest.fixture
def pooled(way: Link, postgres: Postgres, database_url: str) -> Iterator[Database]:
    """Connections by a pooler, over the network, which has two of its own."""
    name = urlsplit(database_url).path.lstrip("/")
    with (
        link(door(postgres), random.Random(1)) as behind,
        pooler(f"host=127.0.0.1 port={behind.port} user=postgres dbname={name}", connections=2) as between,
    ):
        way.path = between.door
        url = f"postgresql://postgres@127.0.0.1:{way.port}/tracker"
        with closing(Database(url, name="through", connections=5, patience=PATIENCE, cancellation=0)) as database:
            yield database


def test_behind_a_pooler_a_dead_connection_is_given_up_and_its_locks_with_it(
    way: Link, pooled: Database, database_url: str
) -> None:
    with psycopg.connect(database_url) as other:
        other.execute("CREATE TABLE t (a INTEGER)")
    began = time.monotonic()
    with pytest.raises(DatabaseUnavailable, match="dead"):
        ask(pooled, "LOCK TABLE t", after=way.forget_connections)
    ask(pooled, "LOCK TABLE t")
    assert time.monotonic() - began < SOON


def test_behind_a_pooler_a_connection_that_died_before_its_transaction_is_given_up(way: Link, pooled: Database) -> None:
    ask(pooled)
    way.forget_connections()
    with pytest.raises(DatabaseUnavailable, match="dead"):
        ask(pooled)
    ask(pooled)


def test_behind_a_pooler_what_another_application_does_ends_nobodys_wait(
    way: Link, pooled: Database, database_url: str
) -> None:
    """A session in a transaction of another age is none of ours, and is left alone."""
    with psycopg.connect(database_url) as other:
        other.execute("CREATE TABLE t (a INTEGER)")
        other.commit()
        other.execute("LOCK TABLE t")
        time.sleep(1.2)
        with pytest.raises(DatabaseUnavailable, match="dead"):
            ask(pooled, after=way.forget_connections)
        other.execute("SELECT 1 FROM t")


@pytest.mark.parametrize("before", [[], ["SELECT 1"]], ids=["as the first statement", "after another"])
def test_behind_a_pooler_a_statement_takes_as_long_as_it_does(before: list[str], pooled: Database) -> None:
    with pooled.transaction() as tx:
        for statement in before:
            tx.execute(statement.encode())
        assert tx.execute("SELECT pg_sleep(1.5), 7").fetchone() == ("", 7)
    with pooled.look() as tx:
        assert tx.execute("SELECT pg_sleep(1.5), 7").fetchone() == ("", 7)


def test_behind_a_pooler_who_waits_for_a_connection_of_its_goes_on_waiting(pooled: Database) -> None:
    """It has two, and both are in use for longer than a dead one is believed in."""
    with ThreadPoolExecutor(5) as pool:
        done = [pool.submit(ask, pooled, "SELECT pg_sleep(1)") for _ in range(4)]
    assert [asked.result() for asked in done] == [None] * 4


def test_what_began_while_the_question_waited_in_the_pooler_is_not_taken_for_another(database_url: str) -> None:
    """A transaction is as much older by then than its client reckoned; who only waits is not ended for it."""
    with psycopg.connect(database_url) as worker, psycopg.connect(database_url) as idle, ThreadPoolExecutor(1) as pool:
        idle.execute("SELECT 1")
        working = pool.submit(worker.execute, "SELECT pg_sleep(2)")
        with psycopg.connect(database_url, autocommit=True) as asking:
            busy = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND now() - xact_start > '0.1 s'"
            wait_until(lambda: asking.execute(busy).fetchone() is not None)
            reckoned = {"oldest": 0.01, "youngest": 0.0, "waits_for": 0.0, "end": True}
            answers = [
                asking.execute(sql("server/is_left_alone"), {**reckoned, "asked_within": within}).fetchone()
                for within in (half_open.ASKING_SECONDS, 0.0)
            ]
        assert answers == [(False, 0), (True, 0)]
        idle.execute("SELECT 1")
        working.result()
