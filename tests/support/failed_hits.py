"""Hits that stand as failed, for tests of what operators do about them."""

from uuid import UUID

from tests.support.queued_hits import hit_of
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.store import batch_queue
from tracker.store.batch_queue import QueueRow
from tracker.store.database import Database


def fail(database: Database, application: Application, number: int) -> UUID:
    """A sound hit that stands as failed, as after a definition that was wrong for a while."""
    hit = hit_of(application, number)
    now = SystemClock().now()
    row = QueueRow(
        id=hit.tracking_id,
        tracking_data=hit.encode(),
        retry_count=3,
        status="failed",
        processed_at=now,
        error_message="it could not be",
        created_at=now,
        updated_at=now,
    )
    with database.transaction() as tx:
        batch_queue.add(tx, [row])
    return row.id
