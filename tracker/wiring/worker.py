"""What one process of a worker holds."""

import os
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass

from tracker.agreed_clock import AgreedClock
from tracker.clock import SystemClock
from tracker.config import Settings
from tracker.instance.check import InstanceCheck
from tracker.instruments import Untold
from tracker.queueing.connection import Connection, connect
from tracker.queueing.sharded_consumer import AnyConsumer, consumer_of
from tracker.store.database import Database
from tracker.wiring.clock import agreed_clock
from tracker.wiring.metrics import untold_metrics

_NAME = "tracker-worker"
_PATIENCE = 25.0
"""Seconds for one statement, below the drain and the time after it (`wakeup.LATE_SECONDS`)."""
_CANCELLATION = 5.0
"""Seconds for PostgreSQL to end it; `tracker.jobs` leaves room for that before RQ's time limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """The connections of one process, and what it needs to drain the queue."""

    settings: Settings
    redis: Connection
    database: Database
    clock: AgreedClock
    instance: InstanceCheck
    untold: Untold

    def consumer(self) -> AnyConsumer:
        """Return the queue under a consumer's name that no other drain has: host, process and chance."""
        name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        return consumer_of(self.redis, consumer=name, batch_size=self.settings.batch_size, clock=self.clock)

    def close(self) -> None:
        self.database.close()
        self.redis.close()


def worker(settings: Settings) -> Worker:
    """To be called after a fork; nothing connects before it is used."""
    redis = connect(settings.redis_url, name=_NAME)
    database = Database(
        settings.database_url, name=_NAME, connections=1, patience=_PATIENCE, cancellation=_CANCELLATION
    )
    clock = agreed_clock(database, redis)
    return Worker(
        settings=settings,
        redis=redis,
        database=database,
        clock=clock,
        instance=InstanceCheck(database, redis, clock),
        untold=untold_metrics(redis),
    )


def parents_comparison(settings: Settings) -> Callable[[], None]:
    """Return the comparison of PostgreSQL and Redis for the process that forks the workers (`InstanceCheck.look`).

    No connection to PostgreSQL outlives a call: a child would share it.
    """
    database = Database(settings.database_url, name=f"{_NAME}-parent", connections=1, patience=3.0, cancellation=0)
    check = InstanceCheck(database, connect(settings.redis_url, name="parent"), SystemClock(), kind="workers")

    def compare() -> None:
        try:
            check.look()
        finally:
            database.close_idle()

    return compare
