"""Requeues waiting hits and stops between the adding and the commit: `python tests/support/halting_requeue.py`.

At that point it prints a line and waits for a signal, so that a test can kill it exactly there.
"""

import signal
from typing import Any

from tracker import config
from tracker.clock import SystemClock
from tracker.maintenance.requeue_waiting import requeue_waiting
from tracker.queueing.connection import connect
from tracker.store import batch_queue
from tracker.store.database import Database


def halt(*_arguments: Any) -> None:
    print("added", flush=True)  # noqa: T201 the test waits for this line
    signal.sigwait([signal.SIGUSR1])


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    batch_queue.complete = halt
    settings = config.load()
    database = Database(settings.database_url, name="halting")
    redis = connect(settings.redis_url, name="halting")
    requeue_waiting(database, redis, SystemClock(), queue="default", drain_seconds=20, queue_limit=1_000_000)
