"""How much waits where, and who works on it."""

from collections.abc import Sequence
from dataclasses import dataclass

from tracker.errors import DatabaseUnavailable
from tracker.queueing.connection import Connection
from tracker.queueing.inspection import Depth, depths
from tracker.queueing.registered_workers import RegisteredWorker, registered_workers
from tracker.queueing.throughput import Throughput, throughput
from tracker.store import batch_queue
from tracker.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStatus:
    """`batch_queue` counts rows by status; None where PostgreSQL is unavailable, and `database_away` says why."""

    streams: Sequence[Depth]
    throughput: Throughput
    workers: Sequence[RegisteredWorker]
    batch_queue: dict[str, int] | None
    database_away: str | None = None


def look(database: Database, redis: Connection) -> QueueStatus:
    """Raises QueueUnavailable. PostgreSQL may be unavailable: that is when somebody looks at the queue."""
    streams, workers = depths(redis), registered_workers(redis)
    rates = throughput(redis, streams)
    try:
        with database.transaction() as tx:
            counts = batch_queue.count_by_status(tx)
    except DatabaseUnavailable as error:
        return QueueStatus(
            streams=streams, throughput=rates, workers=workers, batch_queue=None, database_away=str(error)
        )
    return QueueStatus(streams=streams, throughput=rates, workers=workers, batch_queue=counts)
