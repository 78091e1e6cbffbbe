"""The application's connections: what a transaction promises, and what becomes of it when the server goes away."""

import gc
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import psycopg
import pytest

from tests.support.waiting import wait_until
from tracker.embedded import Postgres
from tracker.errors import DatabaseUnavailable, SettingsInvalid, TookTooLong, Unclear, Unstorable
from tracker.store.database import Database, without_waiting


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Postgres]:
    """A server of the test's own, to be stopped and frozen."""
    with Postgres(tmp_path, durable=False) as server:
        yield server


def backend(database: Database) -> int:
    with database.transaction() as tx:
        (process_id,) = tx.execute("SELECT pg_backend_pid()").fetchone() or (0,)
        return int(process_id)


def backend_at_last(database: Database) -> int:
    """The same where half a second may not be enough for a busy machine."""
    backends: list[int] = []

    def answers() -> bool:
        with suppress(DatabaseUnavailable):
            backends.append(backend(database))
        return bool(backends)

    wait_until(answers)
    return backends[0]


def test_what_a_block_does_is_committed_at_its_end_and_rolled_back_where_it_raises(database: Database) -> None:
    with database.transaction() as tx:
        tx.execute("CREATE TABLE t (a INTEGER)")
        tx.execute("INSERT INTO t VALUES (1)")

    def fail() -> None:
        with database.transaction() as tx:
            tx.execute("INSERT INTO t VALUES (2)")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with database.transaction() as tx:
        assert tx.execute("SELECT a FROM t").fetchall() == [(1,)]


def test_a_transaction_whose_error_was_swallowed_is_not_taken_for_committed(database: Database) -> None:
    with (
        pytest.raises(Unclear, match="not committed"),
        database.transaction() as tx,
        pytest.raises(psycopg.errors.DivisionByZero),
    ):
        tx.execute("SELECT 1 / 0")
    with database.transaction() as tx:
        assert tx.execute("SELECT 1").fetchone() == (1,)


def test_a_connection_is_used_again_and_says_who_it_is_and_speaks_utc(database: Database) -> None:
    assert backend(database) == backend(database)
    with database.transaction() as tx:
        settings = "SELECT current_setting('application_name'), current_setting('TimeZone'), now()"
        name, zone, now = tx.execute(settings).fetchone() or ()
    assert (name, zone, now.tzinfo) == ("tests", "UTC", UTC)
    assert abs((datetime.now(UTC) - now).total_seconds()) < 60


def test_nothing_is_prepared_however_often_a_statement_runs(database: Database) -> None:
    for _ in range(10):
        with database.transaction() as tx:
            tx.execute("SELECT %s::int", [1])
            tx.cursor().executemany("SELECT %s::int", [[1], [2]])
    with database.transaction() as tx:
        assert tx.execute("SELECT count(*) FROM pg_prepared_statements").fetchone() == (0,)


def test_a_connection_that_the_server_ended_is_not_lent_again(database: Database, database_url: str) -> None:
    first = backend(database)
    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [first])
    assert backend(database) != first


def test_a_connection_that_ends_within_a_transaction_is_an_outage_and_the_next_works(
    database: Database, database_url: str
) -> None:
    with pytest.raises(DatabaseUnavailable), database.transaction() as tx:  # noqa: PT012
        with psycopg.connect(database_url, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [tx.info.backend_pid])
        tx.execute("SELECT 1")
    backend(database)


def test_more_than_there_are_connections_wait_for_one_and_then_fail(database_url: str) -> None:
    with closing(Database(database_url, name="tests", connections=1, wait=0.1)) as database:
        with database.transaction(), pytest.raises(DatabaseUnavailable, match="All 1 connections"):
            backend(database)
        backend(database)


def test_many_threads_share_few_connections(database_url: str) -> None:
    with closing(Database(database_url, name="tests", connections=3, wait=30)) as database:
        with ThreadPoolExecutor(20) as pool:
            backends = list(pool.map(lambda _: backend(database), range(200)))
        assert 1 <= len(set(backends)) <= 3


def test_close_leaves_no_connection_and_no_thread(database_url: str) -> None:
    threads = threading.active_count()
    database = Database(database_url, name="to be closed")
    with database.transaction():
        backend(database)
    assert threading.active_count() == threads
    with database.transaction():
        database.close()
    with pytest.raises(DatabaseUnavailable, match="closed"):
        backend(database)
    with psycopg.connect(database_url) as other:
        left = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'to be closed'"
        while other.execute(left).fetchone() != (0,):
            other.rollback()


def test_a_server_that_is_down_fails_at_once_and_is_found_again_when_it_is_back(server: Postgres) -> None:
    with closing(Database(server.url, name="tests", wait=30)) as database:
        backend(database)
        server.stop()
        started = monotonic()
        for _ in range(3):
            with pytest.raises(DatabaseUnavailable):
                backend(database)
        assert monotonic() - started < 20  # Less than one wait.
        server.start()
        backend(database)


def test_a_server_that_hangs_before_it_answers_is_given_up_after_the_wait() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with closing(Database(f"postgresql://u@127.0.0.1:{port}/d", name="tests", wait=1)) as database:
            started = monotonic()
            with pytest.raises(DatabaseUnavailable):
                backend(database)
            assert monotonic() - started < 20


def test_a_server_that_stops_answering_is_given_up_and_its_connection_closed(server: Postgres) -> None:
    with closing(Database(server.url, name="tests", patience=0.5, cancellation=0.5)) as database:
        frozen = backend_at_last(database)
        os.kill(frozen, signal.SIGSTOP)
        try:
            with pytest.raises(DatabaseUnavailable, match=r"no answer within 0\.5 s"):
                backend(database)
            assert backend_at_last(database) != frozen
        finally:
            os.kill(frozen, signal.SIGCONT)


def test_a_statement_that_is_given_up_ends_at_the_server_too_and_its_connection_goes_on(database_url: str) -> None:
    with closing(Database(database_url, name="impatient", cancellation=60)) as database:
        first = backend(database)
        with pytest.raises(TookTooLong), database.snapshot(patience=0.3) as tx:
            tx.execute("SELECT pg_sleep(600)")
        with psycopg.connect(database_url) as other:
            left = "SELECT query FROM pg_stat_activity WHERE application_name = 'impatient' AND state <> 'idle'"
            assert other.execute(left.encode()).fetchall() == []
        assert backend(database) == first


def begin_and_fail(database: Database) -> None:
    with database.transaction() as tx:
        tx.execute("CREATE TABLE begun (number integer NOT NULL)")
        with without_waiting(tx):
            tx.execute("INSERT INTO begun VALUES (NULL)")
            tx.execute("INSERT INTO begun VALUES (1 / 0)")


def test_statements_sent_without_waiting_raise_the_first_error_at_the_end_and_nothing_of_them_stays(
    database_url: str,
) -> None:
    with closing(Database(database_url, name="tests")) as database:
        first = backend(database)
        with pytest.raises(Unstorable):
            begin_and_fail(database)
        with database.transaction() as tx:
            assert tx.execute("SELECT to_regclass('begun')").fetchone() == (None,)
        assert backend(database) == first


def test_a_connection_that_is_lost_among_statements_sent_without_waiting_leaves_no_traceback(
    database: Database, database_url: str
) -> None:
    """Python prints one for a generator that fails when it is collected; here it is an error."""

    def lose() -> None:
        with database.transaction() as tx:
            (process_id,) = tx.execute("SELECT pg_backend_pid()").fetchone() or (0,)
            with without_waiting(tx):
                tx.execute("SELECT 1")
                with psycopg.connect(database_url, autocommit=True) as another:
                    another.execute("SELECT pg_terminate_backend(%s, 60000)", [process_id])
                tx.execute("SELECT 2")

    with pytest.raises(DatabaseUnavailable):
        lose()
    gc.collect()


def test_a_statement_sent_without_waiting_is_given_up_like_any_other(database_url: str) -> None:
    with closing(Database(database_url, name="impatient", patience=0.3, cancellation=60)) as database:
        with pytest.raises(TookTooLong), database.transaction() as tx, without_waiting(tx):
            tx.execute("SELECT pg_sleep(600)")
        with psycopg.connect(database_url) as other:
            left = "SELECT query FROM pg_stat_activity WHERE application_name = 'impatient' AND state <> 'idle'"
            assert other.execute(left.encode()).fetchall() == []
        assert backend(database) > 0


def test_nothing_connects_before_the_first_use_and_a_url_that_is_none_is_refused() -> None:
    Database("postgresql://nobody@192.0.2.1/nowhere", name="tests").close()
    with pytest.raises(SettingsInvalid) as refused:
        Database("postgresql://user:secret@[host/db", name="tests")
    assert "secret" not in str(refused.value)


def test_the_shelf_is_imported_without_the_libraries_of_migrations() -> None:
    program = """
import sys, pathlib, importlib
for path in pathlib.Path("tracker/store").glob("*.py"):
    if path.stem not in {"__init__", "migrations"}:
        importlib.import_module(f"tracker.store.{path.stem}")
assert not {"alembic", "sqlalchemy", "mako", "psycopg_pool"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, cwd=Path(__file__).parents[2])
