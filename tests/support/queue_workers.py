"""A worker pool whose drain only counts, for tests of what becomes of the queue when processes end.

Run (`python -m tests.support.queue_workers`) it is `worker.py` with another `tracker.jobs`; imported it is how a
test starts that and looks at its processes. A drain notes its process in Redis, then claims and settles, one entry at
a time. It holds what it claims for as long as the key `hold` exists.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
import types
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.support.with_constants import command_with
from tracker import config, log
from tracker.clock import SystemClock
from tracker.queueing import wakeup
from tracker.queueing.connection import connect
from tracker.queueing.consumer import Consumer
from tracker.queueing.pool import run_workers

REPOSITORY = Path(__file__).resolve().parents[2]
HOLD, HORSES, DONE = "hold", "horses", "done"


def drain() -> None:
    redis = connect(os.environ["REDIS_URL"], name="drain")
    redis.rpush(HORSES, os.getpid())
    wakeup.clear(redis)
    claims = Consumer(redis, consumer=f"drain-{os.getpid()}", batch_size=1, clock=SystemClock())
    while claimed := claims.claim():
        while redis.exists(HOLD):
            time.sleep(0.02)
        redis.rpush(DONE, *[str(claim.entry.id.int) for claim in claimed])
        claims.settle(claimed)
    claims.close()


class Workers:
    """A running pool."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    @property
    def pid(self) -> int:
        return self.process.pid

    def workers(self) -> list[psutil.Process]:
        try:
            return psutil.Process(self.pid).children()
        except psutil.NoSuchProcess:
            return []

    def everyone(self) -> list[psutil.Process]:
        try:
            return psutil.Process(self.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []


QUICK = {"tracker.queueing.watch:_EVERY_SECONDS": 0.5}
"""The watch looks often, so that no test waits for it."""


@contextmanager
def workers(redis_url: str, *options: str, constants: Mapping[str, float] = QUICK) -> Iterator[Workers]:
    """A pool in a process of its own, which is gone with all its children when the block ends."""
    process = subprocess.Popen(
        command_with(constants, "-m", "tests.support.queue_workers", *options),
        cwd=REPOSITORY,
        env={
            "PATH": os.environ["PATH"],
            "DATABASE_URL": "postgresql://nobody@nowhere/none",
            "REDIS_URL": redis_url,
            "TRACKER_LOG_FORMAT": "console",
        },
        stderr=subprocess.PIPE,
        text=True,
    )
    running = Workers(process)
    seen: dict[int, psutil.Process] = {}
    try:
        yield running
        seen |= {child.pid: child for child in running.everyone()}
    finally:
        seen |= {child.pid: child for child in running.everyone()}
        process.kill()
        for child in seen.values():
            if child.is_running():
                child.kill()
        process.communicate()


def is_gone(process: psutil.Process) -> bool:
    """Whether it has ended, a zombie that nobody has fetched yet included."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def main() -> None:
    jobs = types.ModuleType("tracker.jobs")
    jobs.__dict__["drain"] = drain
    sys.modules["tracker.jobs"] = jobs
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--burst", action="store_true")
    parser.add_argument("--queues", nargs="*", default=[])
    arguments = parser.parse_args()
    settings = config.load()
    log.configure(settings.log_format)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    run_workers(settings, workers=arguments.workers, burst=arguments.burst, queues=arguments.queues)


if __name__ == "__main__":
    main()
