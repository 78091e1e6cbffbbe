"""PostgreSQL takes no writes for a while and keeps its connections open: what goes on by itself once it does again.

Sessions that begin while `default_transaction_read_only` is on stay read-only when it is off again, as do those of a
standby whose name leads to another server by then.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier

import psycopg
import pytest

from tests.support.command_line import tracker
from tests.support.queued_hits import rows
from tests.support.receiving import Receiving, code
from tests.support.running import running
from tests.support.servers_away import redis_away
from tests.support.waiting import wait_until
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.config import Settings
from tracker.embedded import Valkey
from tracker.errors import DatabaseUnavailable
from tracker.scheduler.lease import Lease
from tracker.store import server_facts
from tracker.store.database import Database

HIT = {"app_id": "shop", "url": "https://shop.example/"}
BY_ROLE = "ROLE CURRENT_USER IN DATABASE {name}"
BY_DATABASE = "DATABASE {name}"


@contextmanager
def read_only(database_url: str, whom: str = BY_DATABASE) -> Iterator[None]:
    """New sessions write nothing, and there are none but new ones; in the end they may again, and nobody is told."""
    with psycopg.connect(database_url, autocommit=True, options="-c default_transaction_read_only=off") as operator:
        subject = whom.format(name=operator.info.dbname)
        operator.execute(f"ALTER {subject} SET default_transaction_read_only = on".encode())
        operator.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        try:
            yield
        finally:
            operator.execute(f"ALTER {subject} RESET default_transaction_read_only".encode())


def write(database: Database) -> None:
    with database.transaction() as tx:
        server_facts.write(tx)


def fill(database: Database, connections: int) -> None:
    """Have so many connections open, all of which only read so far."""
    barrier = Barrier(connections)

    def read(_: int) -> None:
        with database.transaction() as tx:
            tx.execute("SELECT 1")
            barrier.wait(60)

    with ThreadPoolExecutor(connections) as pool:
        list(pool.map(read, range(connections)))


@pytest.mark.parametrize("whom", [BY_DATABASE, BY_ROLE])
def test_after_one_refusal_no_connection_of_that_time_is_lent_again(
    database: Database, database_url: str, whom: str
) -> None:
    with read_only(database_url, whom):
        fill(database, 4)
        with pytest.raises(DatabaseUnavailable, match=r"takes no writes.*25006"):
            write(database)
        fill(database, 4)
    with pytest.raises(DatabaseUnavailable):
        write(database)
    for _ in range(4):
        write(database)


def test_a_connection_that_only_reads_is_not_kept_for_ever(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker.store.database.MAX_CONNECTION_SECONDS", 0.0)
    backends = {backend(database) for _ in range(3)}
    monkeypatch.setattr("tracker.store.database.MAX_CONNECTION_SECONDS", 60.0)
    assert len(backends) == 3
    assert len({backend(database) for _ in range(3)}) == 1


def backend(database: Database) -> int:
    with database.snapshot() as tx:
        return tx.info.backend_pid


def test_the_lease_is_taken_again_with_the_next_question(database: Database, database_url: str) -> None:
    lease = Lease(database, SystemClock(), name="test", owner="one")
    with read_only(database_url):
        assert not lease.ask()
        assert not lease.ask()
    lease.ask()  # May meet the connection of the last question.
    assert lease.ask()


def test_a_scheduler_takes_its_lease_within_ten_seconds(settings: Settings, database: Database, tmp_path: Path) -> None:
    held = "SELECT count(*) FROM leases WHERE name = 'scheduler' AND expires_at > clock_timestamp()"
    with running(settings, tmp_path, "scheduler.py") as scheduler:
        wait_until(lambda: rows(database, held) == [(1,)])
        with read_only(settings.database_url):
            wait_until(lambda: scheduler.said("lease lost"))
            assert "25006" in scheduler.output
        ended = time.monotonic()
        wait_until(lambda: scheduler.output.count("lease taken") == 2)
        assert time.monotonic() - ended < 10
        with read_only(settings.database_url):  # And so once more.
            wait_until(lambda: scheduler.output.count("lease lost") == 2)
        wait_until(lambda: scheduler.output.count("lease taken") == 3, 10)


def test_a_receiver_without_redis_takes_hits_again(
    settings: Settings, valkey: Valkey, application: Application
) -> None:
    receiving = Receiving(settings)
    assert code(receiving.track(HIT)) == (200, None)
    with redis_away(valkey):
        with read_only(settings.database_url):
            wait_until(lambda: code(receiving.track(HIT)) == (503, "SERVICE_UNAVAILABLE"))
            assert health(receiving) == (503, "away")
        wait_until(lambda: code(receiving.track(HIT)) == (200, None), 10)
        wait_until(lambda: health(receiving) == (200, "ok"), 10)
    receiving.close()


def health(receiving: Receiving) -> tuple[int, str]:
    """The status, and the state of PostgreSQL."""
    answer = receiving.client.get("/health")
    return answer.status_code, answer.get_json()["data"]["parts"]["postgresql"]["state"]


def test_the_doctor_and_health_see_that_nothing_can_be_written(settings: Settings, application: Application) -> None:
    receiving = Receiving(settings)
    assert health(receiving) == (200, "ok")
    with read_only(settings.database_url):
        findings = {finding["check"]: finding for finding in tracker(settings, "doctor", "--json").json}
        assert findings["PostgreSQL"]["level"] == "ok"
        assert findings["writable"]["level"] == "fail"
        assert "default_transaction_read_only" in findings["writable"]["seen"]
        wait_until(lambda: health(receiving) == (200, "away"), 10)
    wait_until(lambda: health(receiving) == (200, "ok"), 10)
    assert {finding["check"]: finding["level"] for finding in tracker(settings, "doctor", "--json").json}[
        "writable"
    ] == "ok"
    receiving.close()
