"""The stock RQ commands work on the same Redis: `rq worker` drains, `rq info` and `rq suspend` do what they do."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.queue_workers import QUICK, REPOSITORY
from tests.support.queued_hits import enqueue, hit_of, rows
from tests.support.running import running
from tests.support.waiting import PATIENCE, wait_until
from tracker.application import Application
from tracker.config import Settings
from tracker.queueing.connection import Connection
from tracker.queueing.inspection import depths
from tracker.queueing.wakeup import wake_worker
from tracker.store.database import Database

RQ = Path(sys.executable).with_name("rq")


def rq(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [RQ, *arguments], env=environment, cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE, check=True
    )


def test_a_stock_rq_worker_drains(
    redis: Connection, redis_url: str, database: Database, application: Application, environment: dict[str, str]
) -> None:
    enqueue(redis, [hit_of(application, n) for n in range(1, 151)])
    wake_worker(redis, "tracker", drain_seconds=20)
    rq(environment, "worker", "--burst", "--url", redis_url, "tracker")
    assert rows(database, "SELECT count(*) FROM access_logs") == [(150,)]


@pytest.mark.parametrize("burst", [True, False])
def test_our_workers_drain(
    *,
    redis: Connection,
    database: Database,
    application: Application,
    settings: Settings,
    tmp_path: Path,
    burst: bool,
) -> None:
    enqueue(redis, [hit_of(application, n) for n in range(1, 151)])
    with running(settings, tmp_path, "worker.py", "--workers", "2", *(["--burst"] if burst else [])) as workers:
        wait_until(lambda: rows(database, "SELECT count(*) FROM access_logs") == [(150,)])
        assert (workers.process.wait(PATIENCE) if burst else workers.stop()) == 0


def test_rq_info_lists_our_workers_and_rq_suspend_holds_them(
    *,
    redis: Connection,
    redis_url: str,
    database: Database,
    application: Application,
    settings: Settings,
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    def said() -> str:
        return rq(environment, "info", "--url", redis_url).stdout

    rq(environment, "suspend", "--url", redis_url)
    with running(settings, tmp_path, "worker.py", constants=QUICK) as workers:
        wait_until(lambda: "suspended" in (info := said()) and "1 workers" in info)
        enqueue(redis, [hit_of(application)])
        wake_worker(redis, "tracker", drain_seconds=20)
        # A suspended worker looks once a second; it has looked more than once then, and left job and hit alone.
        until = time.monotonic() + 2.5
        while time.monotonic() < until:
            assert redis.llen("rq:queue:tracker") == 1
            assert [depth.pending for depth in depths(redis)] == [0, 0, 0, 0, 0]
            time.sleep(0.05)
        assert rows(database, "SELECT count(*) FROM access_logs") == [(0,)]
        rq(environment, "resume", "--url", redis_url)
        wait_until(lambda: rows(database, "SELECT count(*) FROM access_logs") == [(1,)])
        assert workers.stop() == 0


def test_hits_are_stored_within_a_second_of_their_wake_up(
    redis: Connection, database: Database, application: Application, settings: Settings, tmp_path: Path
) -> None:
    """By the real drain, and with a watch that does not look. The machine may be busy now and then."""
    lasted = []
    never = {"tracker.queueing.watch:_EVERY_SECONDS": 3600}
    with running(settings, tmp_path, "worker.py", constants=never):
        wait_until(lambda: redis.scard("rq:workers") == 1)
        for number in range(1, 6):
            begun = time.monotonic()
            enqueue(redis, [hit_of(application, number)])
            wake_worker(redis, "tracker", drain_seconds=20)
            wait_until(lambda stored=number: rows(database, "SELECT count(*) FROM access_logs") == [(stored,)])
            lasted.append(time.monotonic() - begun)
    assert min(lasted) < 1, lasted
