"""The stock RQ commands work on the same Redis: `rq worker` drains, `rq info` and `rq suspend` do what they do."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.queue_workers import QUICK, REPOSITORY
from tests.queued_hits import enqueue, hit_of, rows
from tests.waiting import PATIENCE, wait_until
from tests.with_constants import command_with
from tracker.application import Application
from tracker.queueing.connection import Connection
from tracker.queueing.depth import depths
from tracker.queueing.nudges import nudge
from tracker.store.database import Database

RQ = Path(sys.executable).with_name("rq")


def rq(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [RQ, *arguments], env=environment, cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE, check=True
    )


@contextmanager
def our_workers(
    environment: dict[str, str], *options: str, constants: dict[str, float] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command_with(constants or QUICK, "worker.py", *options), env=environment, cwd=REPOSITORY)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_stock_rq_worker_drains(
    redis: Connection, redis_url: str, database: Database, application: Application, environment: dict[str, str]
) -> None:
    enqueue(redis, [hit_of(application, n) for n in range(1, 151)])
    nudge(redis, "default", drain_seconds=20)
    rq(environment, "worker", "--burst", "--url", redis_url, "default")
    assert rows(database, "SELECT count(*) FROM access_logs") == [(150,)]


@pytest.mark.parametrize("burst", [True, False])
def test_our_workers_drain(
    redis: Connection,
    database: Database,
    application: Application,
    environment: dict[str, str],
    burst: bool,  # noqa: FBT001 a test's parameter
) -> None:
    enqueue(redis, [hit_of(application, n) for n in range(1, 151)])
    with our_workers(environment, "--workers", "2", *(["--burst"] if burst else [])) as workers:
        wait_until(lambda: rows(database, "SELECT count(*) FROM access_logs") == [(150,)])
        if not burst:
            workers.terminate()
        assert workers.wait(PATIENCE) == 0


def test_rq_info_lists_our_workers_and_rq_suspend_holds_them(
    redis: Connection, redis_url: str, database: Database, application: Application, environment: dict[str, str]
) -> None:
    rq(environment, "suspend", "--url", redis_url)
    with our_workers(environment) as workers:
        wait_until(lambda: "suspended" in rq(environment, "info", "--url", redis_url).stdout)
        assert "1 workers" in rq(environment, "info", "--url", redis_url).stdout
        enqueue(redis, [hit_of(application)])
        nudge(redis, "default", drain_seconds=20)
        # A suspended worker looks once a second; it has looked more than once then, and left job and hit alone.
        until = time.monotonic() + 2.5
        while time.monotonic() < until:
            assert redis.llen("rq:queue:default") == 1
            assert [depth.pending for depth in depths(redis)] == [0, 0, 0, 0]
            time.sleep(0.05)
        assert rows(database, "SELECT count(*) FROM access_logs") == [(0,)]
        rq(environment, "resume", "--url", redis_url)
        wait_until(lambda: rows(database, "SELECT count(*) FROM access_logs") == [(1,)])
        workers.terminate()
        assert workers.wait(PATIENCE) == 0


def test_hits_are_stored_within_a_second_of_their_nudge(
    redis: Connection, database: Database, application: Application, environment: dict[str, str]
) -> None:
    """By the real drain, and with a watch that does not look. The machine may be busy now and then."""
    lasted = []
    with our_workers(environment, constants={"tracker.queueing.watch:_EVERY_SECONDS": 3600}):
        wait_until(lambda: redis.scard("rq:workers") == 1)
        for number in range(1, 6):
            begun = time.monotonic()
            enqueue(redis, [hit_of(application, number)])
            nudge(redis, "default", drain_seconds=20)
            wait_until(lambda stored=number: rows(database, "SELECT count(*) FROM access_logs") == [(stored,)])
            lasted.append(time.monotonic() - begun)
    assert min(lasted) < 1, lasted
