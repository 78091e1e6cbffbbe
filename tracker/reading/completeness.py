"""How far the numbers reach: before which time everything that was received is in them."""

from datetime import datetime
from uuid import UUID

from tracker.clock import Clock
from tracker.errors import QueueAway
from tracker.queueing.connection import Connection
from tracker.queueing.inspection import GRACE, settled_until
from tracker.store import statistics_reading
from tracker.store.database import Transaction


def queue_settled_until(redis: Connection, clock: Clock) -> datetime | None:
    """Before which time nothing is in the queue any more; None while Redis cannot be asked.

    To be asked before the database is, because hits move from the queue into it.
    """
    try:
        return settled_until(redis, clock.now()) - GRACE
    except QueueAway:
        return None


def complete_until(tx: Transaction, application_id: UUID, queue: datetime | None, *, folded: bool) -> datetime | None:
    """Return the time for an answer: `queue` is what the queue said.

    `folded` says that hours and days are read, not raw rows.
    """
    if queue is None:
        return None
    return statistics_reading.counted_until(tx, application_id, queue, folded=folded)
