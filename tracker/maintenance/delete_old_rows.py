"""One turn of forgetting rows that nobody needs any more: runs, entries taken in, sessions, webhooks' deliveries."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from tracker.clock import Clock
from tracker.log import logger
from tracker.maintenance.delete_in_batches import delete_in_batches
from tracker.store import (
    batch_jobs,
    batch_queue,
    batch_queue_events,
    imported_filtered,
    imports,
    ledger,
    sessions,
    webhook_deliveries,
)
from tracker.store.database import Database
from tracker.store.partitions import first_kept, oldest_month

JOB_TYPE = "delete_old_rows"
RETENTION = {
    "batch_jobs": (timedelta(days=30), batch_jobs.delete_old),
    "batch_queue": (timedelta(days=7), batch_queue.delete_completed),
    "batch_queue_events": (batch_queue_events.KNOWN_FOR, batch_queue_events.delete_old),
}
"""How long rows are kept; of `batch_queue` only those that were taken in, failed ones stay until somebody decides."""

_log = logger(__name__)


def delete_old_rows(
    database: Database,
    clock: Clock,
    *,
    deletion_time: Callable[[], datetime | None],
    retention_months: int,
    deliveries_days: int,
    should_continue: Callable[[], bool] = lambda: True,
) -> dict[str, int]:
    """Delete, in small batches, what is older than KEPT, and sessions older than the hits; how many of each table.

    `deletion_time` says by which time, or None where nothing may be deleted now (`tracker.store.deletions`). A session
    goes when its last hit lies before the oldest month that is kept, and before the oldest that is there; a delivery so
    many days after it ended, or, where it waits for a webhook that is disabled, after it was written. Raises
    DatabaseUnavailable.
    """
    started_at = clock.now()
    now = deletion_time()
    if now is None:
        return {}
    deleted = {}
    ended_before = now - timedelta(days=deliveries_days)
    for name, forget in (
        ("webhook_deliveries", webhook_deliveries.delete_finished),
        ("abandoned_deliveries", webhook_deliveries.delete_abandoned),
    ):
        deleted[name] = delete_in_batches(
            database, partial(forget, before=ended_before), should_continue=should_continue
        )
    for table, (kept, delete) in RETENTION.items():
        deleted[table] = delete_in_batches(
            database, partial(delete, before=now - kept), should_continue=should_continue
        )
    kept_from = first_kept(now, retention_months)
    if kept_from is not None:
        with database.transaction() as tx:
            oldest = oldest_month(tx) or kept_from
        before = min(kept_from, oldest).start
        for table, delete in (
            ("imported_hits", imports.delete_old),
            ("imported_filtered", imported_filtered.delete_old),
            ("sessions", sessions.delete_old),
            ("ledger", ledger.delete_old),
        ):
            deleted[table] = delete_in_batches(
                database, partial(delete, before=before), should_continue=should_continue
            )
    deleted = {table: count for table, count in deleted.items() if count}
    if deleted:
        _log.info("old rows deleted", **deleted)
        with database.transaction() as tx:
            total = sum(deleted.values())
            batch_jobs.add_run(tx, JOB_TYPE, count=total, started_at=started_at, completed_at=clock.now())
    return deleted
