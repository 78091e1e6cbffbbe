"""One turn of the applications' own retention: hits and sessions older than their `retention_days` are deleted."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

from tracker.application_settings import RETENTION_DAYS
from tracker.clock import Clock
from tracker.log import logger
from tracker.maintenance.delete_in_batches import delete_in_batches
from tracker.store import (
    access_logs,
    application_settings,
    archived_days,
    batch_jobs,
    custom_parameter_values,
    partitions,
    sessions,
)
from tracker.store.database import Database, Transaction

JOB_TYPE = "delete_expired_hits"
MAX_MONTHS_PER_STATEMENT = 12
"""Months that one statement looks at: it locks each with all its indexes, and the server's lock table is for all."""

_log = logger(__name__)


def _tell_nobody(_tx: Transaction, _before: datetime, _application_id: UUID | None = None) -> None:
    pass


def delete_expired_hits(
    database: Database,
    clock: Clock,
    *,
    deletion_time: Callable[[], datetime | None],
    note_removal: Callable[[Transaction, datetime, UUID | None], None] = _tell_nobody,
    should_continue: Callable[[], bool] = lambda: True,
) -> int:
    """Delete what is older than its application wants it, a small batch a transaction; how many hits.

    `deletion_time` says by which time, or None where nothing may be deleted now (`tracker.store.deletions`).
    `retention_days` are whole days (UTC): on the 10th, 3 days keep the 7th and later. The parameter values of a hit go
    before it. `note_removal` hears, before the first hit of an application goes, that its raw rows are no longer
    complete; statistics stay. Raises DatabaseUnavailable.
    """
    started_at = clock.now()
    now = deletion_time()
    if now is None:
        return 0
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    with database.transaction() as tx:
        rows = application_settings.of_all(tx, RETENTION_DAYS.key)
    total = 0
    for row in rows:
        days = RETENTION_DAYS.value({RETENTION_DAYS.key: row["setting_value"]})
        if not days or not should_continue():
            continue
        application, before = (row["application_id"], row["app_id"]), today - timedelta(days=days)
        total += _delete_before(
            database, application, before, note_removal=note_removal, should_continue=should_continue
        )
    if total:
        with database.transaction() as tx:
            batch_jobs.add_run(tx, JOB_TYPE, count=total, started_at=started_at, completed_at=clock.now())
    return total


def _delete_before(
    database: Database,
    application: tuple[UUID, str],
    before: datetime,
    *,
    note_removal: Callable[[Transaction, datetime, UUID | None], None],
    should_continue: Callable[[], bool],
) -> int:
    application_id, app_id = application

    def delete_hits(tx: Transaction, *, start: datetime, end: datetime, limit: int) -> int:
        hits = access_logs.expired(tx, application_id, app_id, start=start, end=end, limit=limit)
        if not hits:
            return 0
        note_removal(tx, before, application_id)
        custom_parameter_values.delete_of_hits(tx, hits)
        return access_logs.delete(tx, hits)

    hits = sum(
        delete_in_batches(database, partial(delete_hits, start=start, end=end), should_continue=should_continue)
        for start, end in _periods(database, before)
    )
    with database.transaction() as tx:
        archived = archived_days.expire(tx, application_id, before.date())
    delete_sessions = partial(sessions.delete_old, before=before, application_id=application_id)
    ended = delete_in_batches(database, delete_sessions, should_continue=should_continue)
    if hits or ended or archived:
        _log.info("expired hits deleted", app_id=app_id, hits=hits, sessions=ended, archived=archived)
    return hits


def _periods(database: Database, before: datetime) -> list[tuple[datetime, datetime]]:
    """Return the time before `before`, as far as there are partitions, in periods of few months, the oldest first."""
    with database.transaction() as tx:
        there = [partition for partition in partitions.list_partitions(tx) if partition.table == partitions.TABLES[0]]
    months = sorted({partition.month for partition in there if partition.month and partition.month.start < before})
    if any(partition.month is None for partition in there):
        # Cut in some other way, or a default partition: what lies in it is known only to who looks at all.
        return [(datetime.min.replace(tzinfo=UTC), before)]
    parts = [months[at : at + MAX_MONTHS_PER_STATEMENT] for at in range(0, len(months), MAX_MONTHS_PER_STATEMENT)]
    return [(part[0].start, min(part[-1].plus(1).start, before)) for part in parts]
