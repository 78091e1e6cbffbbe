"""One turn of removing what dead workers left behind in Redis."""

from tracker.clock import Clock
from tracker.log import logger
from tracker.queueing import consumer
from tracker.queueing.connection import Connection
from tracker.store import batch_jobs
from tracker.store.database import Database

JOB_TYPE = "remove_dead_consumers"

_log = logger(__name__)


def remove_dead_consumers(
    database: Database, redis: Connection, clock: Clock, *, idle_seconds: float = consumer.DEAD_CONSUMER_SECONDS
) -> int:
    """Remove consumers that hold nothing and have been silent for so long; how many.

    Raises QueueUnavailable, DatabaseUnavailable.
    """
    started_at = clock.now()
    removed = consumer.remove_dead_consumers(redis, idle_seconds=idle_seconds)
    if removed:
        _log.info("dead consumers removed", consumers=removed)
        with database.transaction() as tx:
            batch_jobs.add_run(tx, JOB_TYPE, count=removed, started_at=started_at, completed_at=clock.now())
    return removed
