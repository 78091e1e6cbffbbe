"""The job as RQ runs it: by its forking worker, by its simple one, called directly, and cut by its time limit."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from rq.timeouts import JobTimeoutException, UnixSignalDeathPenalty

from tests.faults.test_worker_killed import let_claims_grow_old
from tests.support.queued_hits import drain, enqueue, hit_of, rows
from tests.support.waiting import PATIENCE, wait_until
from tracker import jobs
from tracker.application import Application
from tracker.queueing import wakeup
from tracker.queueing.connection import Connection
from tracker.queueing.consumer import RETRIES
from tracker.queueing.entry import NORMAL
from tracker.store.database import Database

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def in_worker_environment(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """This process has the settings of a worker, and no parts of an earlier test's."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(jobs, "_workers", {})


@pytest.mark.parametrize("kind", ["rq.Worker", "rq.SimpleWorker"])
def test_a_stock_worker_drains(
    kind: str, database: Database, redis: Connection, application: Application, environment: dict[str, str]
) -> None:
    enqueue(redis, [hit_of(application, n) for n in range(1, 151)])
    wakeup.enqueue(redis, "tracker", drain_seconds=20)

    command = ["worker", "--burst", "--url", environment["REDIS_URL"], "-w", kind, "tracker"]
    subprocess.run(
        [sys.executable, "-m", "rq.cli", *command],
        cwd=PROJECT, env=environment, check=True, capture_output=True, timeout=PATIENCE,
    )  # fmt: skip

    assert rows(database, "SELECT count(*) FROM access_logs") == [(150,)]
    assert redis.xlen(NORMAL) == 0


@pytest.mark.usefixtures("in_worker_environment")
def test_called_directly_the_job_keeps_its_connections_for_the_next_one(
    database: Database, redis: Connection, application: Application
) -> None:
    for number in (1, 2):
        enqueue(redis, [hit_of(application, number)])
        redis.set(wakeup.WAKE_UP_KEY, "1")
        jobs.drain()
        assert redis.get(wakeup.WAKE_UP_KEY) is None

    assert rows(database, "SELECT count(*) FROM access_logs") == [(2,)]
    connected = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND datname = current_database()"
    assert rows(database, connected, "tracker-worker") == [(1,)]
    assert list(jobs._workers) == [os.getpid()]
    assert redis.xinfo_consumers(NORMAL, "workers") == []
    jobs._workers.popitem()[1].close()


@pytest.mark.usefixtures("in_worker_environment")
def test_a_drain_that_is_out_of_time_wakes_again(
    redis: Connection, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_DRAIN_SECONDS", "1")
    monkeypatch.setenv("TRACKER_BATCH_SIZE", "1")
    jobs.drain()  # Connects, which a slow machine does not do within the second.
    enqueue(redis, [hit_of(application, n) for n in range(1, 4001)])

    while redis.xlen(NORMAL) == 4000:  # A busy machine claims nothing within a second.
        jobs.drain()
    jobs._workers.popitem()[1].close()

    assert redis.xlen(NORMAL) > 0
    assert redis.llen("rq:queue:tracker") == 1


@pytest.mark.usefixtures("in_worker_environment")
def test_a_statement_that_hangs_is_cut_by_rqs_time_limit_and_nothing_is_lost(
    database: Database, redis: Connection, application: Application
) -> None:
    enqueue(redis, [hit_of(application, n, session_id="s") for n in range(1, 11)])
    with database.transaction() as tx:
        tx.execute("LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(JobTimeoutException), UnixSignalDeathPenalty(1, JobTimeoutException):
            jobs.drain()
        assert jobs._workers == {}
        assert waiting_backends(database) == 0
    assert rows(database, "SELECT count(*) FROM access_logs") == [(0,)]
    assert redis.zcard(RETRIES) == 0

    let_claims_grow_old(redis)
    assert drain(redis, database).stored == 10
    assert rows(database, "SELECT page_views FROM sessions") == [(10,)]


def waiting_backends(database: Database) -> int:
    """How many sessions of workers wait for a lock."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tracker-worker' "
        "AND datname = current_database() AND wait_event_type = 'Lock'"
    )
    return int(rows(database, waiting)[0][0])


@pytest.mark.usefixtures("in_worker_environment")
def test_behind_a_lock_a_statement_is_cancelled_before_rqs_time_limit(
    database: Database, redis: Connection, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_DRAIN_SECONDS", "1")
    monkeypatch.setattr("tracker.queueing.wakeup.LATE_SECONDS", 10)
    enqueue(redis, [hit_of(application, n, session_id="s") for n in range(1, 11)])
    with database.transaction() as tx:
        tx.execute("LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE")
        for _ in range(2):
            with UnixSignalDeathPenalty(11, JobTimeoutException):
                jobs.drain()
            assert waiting_backends(database) == 0
            let_claims_grow_old(redis)
    jobs._workers.popitem()[1].close()
    assert redis.zcard(RETRIES) == 0
    assert drain(redis, database).stored == 10


def test_what_a_killed_process_waited_for_ends(database: Database, environment: dict[str, str]) -> None:
    program = (
        "import os; from tracker.store.database import Database\n"
        "with Database(os.environ['DATABASE_URL'], name='tracker-worker').transaction() as tx:\n"
        "    tx.execute('LOCK TABLE sessions')"
    )
    with database.transaction() as tx:
        tx.execute("LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE")
        with subprocess.Popen([sys.executable, "-c", program], cwd=PROJECT, env=environment) as waiter:
            wait_until(lambda: waiting_backends(database) == 1)
            waiter.kill()
        wait_until(lambda: waiting_backends(database) == 0)


@pytest.mark.usefixtures("in_worker_environment")
def test_without_redis_the_job_ends_quietly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REDIS_URL", f"unix://{tmp_path}/nobody.sock")
    jobs.drain()
    jobs._workers.popitem()[1].close()
