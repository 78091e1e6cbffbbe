"""Writing: everything that a batch brings, or several of a deep backlog, in one transaction.

COPY is the fast way, and it refuses the whole batch when one hit is stored already, which happens after a worker
died between commit and acknowledgement. The batch is then written once more, slower, by INSERT ... ON CONFLICT DO
NOTHING; parameter values, sessions and refusals follow only for the hits that this transaction added.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from tracker.clock import Clock
from tracker.hit import identity_of
from tracker.ingest import statistics_deltas
from tracker.ingest.activity import activities_of
from tracker.ingest.check import Failed, Good
from tracker.ingest.webhook_events import announce
from tracker.queueing.consumer import Claim
from tracker.store import (
    access_logs,
    batch_jobs,
    batch_queue,
    custom_parameter_refusals,
    custom_parameter_values,
    imports,
    ledger,
    sessions,
    statistics_increments,
)
from tracker.store.access_logs import AlreadyStored, HitIdentity
from tracker.store.batch_jobs import BatchJob
from tracker.store.batch_queue import QueueRow
from tracker.store.custom_parameter_refusals import Refusal
from tracker.store.database import Database, Transaction, without_waiting
from tracker.store.imports import StoredBatch
from tracker.store.ledger import LedgerChange
from tracker.store.sessions import SessionActivity
from tracker.store.standby import await_standby

JOB_TYPE = "ingest"


@dataclass(frozen=True, slots=True)
class Written:
    """What one transaction did with a batch or several. Stored, duplicates and failed add up to their size."""

    batches: int
    stored: int
    duplicates: int
    """Hits that were stored before, or came twice in the batch."""
    failed: Sequence[Failed]


def write(
    database: Database,
    batch: Sequence[Good | Failed],
    clock: Clock,
    *,
    batch_size: int,
    begin: Callable[[Transaction], None] = lambda _: None,
    meanwhile: Callable[[], None] = lambda: None,
) -> Written:
    """Write one batch or several: the good hits to their tables, the failed ones to `batch_queue`.

    `batch_size` is what one of them has at most, each with its row in `batch_jobs`; `begin` is what the transaction
    begins with; `meanwhile` is called while PostgreSQL is at work, and what it raises undoes the whole. All of it is
    there afterwards or none of it; written again, it changes nothing. Raises DatabaseUnavailable, Unstorable or
    Unclear.
    """
    run = _Run(clock.now(), clock, batch_size, meanwhile)
    good = {(item.hit.id, item.hit.created_at): item for item in batch if isinstance(item, Good)}
    try:
        with database.transaction() as tx:
            begin(tx)
            new = _copy(tx, good)
            return _write_the_rest(tx, batch, new, run)
    except AlreadyStored:
        with database.transaction() as tx:
            begin(tx)
            new = _insert(tx, good)
            return _write_the_rest(tx, batch, new, run)


def _copy(tx: Transaction, good: Mapping[HitIdentity, Good]) -> Sequence[Good]:
    new = list(good.values())
    access_logs.copy(tx, [item.hit for item in new])
    return new


def _insert(tx: Transaction, good: Mapping[HitIdentity, Good]) -> Sequence[Good]:
    added = access_logs.insert_new(tx, [item.hit for item in good.values()])
    return [item for identity, item in good.items() if identity in added]


def _write_the_rest(tx: Transaction, batch: Sequence[Good | Failed], new: Sequence[Good], run: "_Run") -> Written:
    # PostgreSQL takes longest over the values; what follows is made ready meanwhile.
    with without_waiting(tx):
        custom_parameter_values.add(tx, [(item.hit, item.values) for item in new])
        run.meanwhile()
        increments = statistics_deltas.increments_of(tx, new)
        activities = _activities(new)
    statistics_increments.copy(tx, increments)
    # From here on workers wait for each other: a session's row is locked until the commit.
    begun = _write_sessions(tx, activities)
    _write_refusals(tx, new)
    _note_imported(tx, new)
    failed = _write_failed(tx, [item for item in batch if isinstance(item, Failed)], run.clock.now())
    entries = {id(item.claim.entry): item.claim.entry for item in batch if isinstance(item, Good)}
    batch_queue.forget_failed(tx, list({entry.id for entry in entries.values()}))
    duplicates = len(batch) - len(new) - len(failed)
    if duplicates:
        ledger.add(tx, _repeats(batch, new))
        await_standby(tx)
    announce(tx, new, begun, failed, run.clock.now())
    jobs = _jobs(batch, new, failed, run)
    for job in jobs:
        batch_jobs.add_or_join(tx, job, limit=run.batch_size)
    return Written(
        batches=max(1, len(jobs)),
        stored=len(new),
        duplicates=duplicates,
        failed=failed,
    )


class _Run(NamedTuple):
    """When the writing began, by which clock, how large a batch is, and what is done beside it."""

    started_at: datetime
    clock: Clock
    batch_size: int
    meanwhile: Callable[[], None]


def _jobs(items: Sequence[Good | Failed], new: Sequence[Good], failed: Sequence[Failed], run: _Run) -> list[BatchJob]:
    """List what each batch came to; one that held nothing new has no row."""
    added, refused = set(map(id, new)), {id(item): item.reason for item in failed}
    jobs = []
    for at in range(0, len(items), run.batch_size):
        batch = list(map(id, items[at : at + run.batch_size]))
        stored = sum(item in added for item in batch)
        reasons = [refused[item] for item in batch if item in refused]
        if stored or reasons:
            jobs.append(
                BatchJob(
                    job_type=JOB_TYPE,
                    status="completed" if stored else "failed",
                    batch_size=len(batch),
                    processed_count=stored,
                    error_count=len(reasons),
                    started_at=run.started_at,
                    completed_at=run.clock.now(),
                    error_message=reasons[0] if reasons else None,
                )
            )
    return jobs


def _repeats(batch: Sequence[Good | Failed], new: Sequence[Good]) -> list[LedgerChange]:
    """Return the hits that were accepted once more: those of the batch that were stored before, or come twice in it.

    One that another worker had claimed is counted already: that one stored it, and died before it settled.
    """
    first = {id(item) for item in new}
    return [
        LedgerChange(application_id=item.hit.application_id, accepted_at=item.claim.entry.created_at, repeated=1)
        for item in batch
        if isinstance(item, Good)
        and id(item) not in first
        and not item.claim.was_anothers
        and not item.claim.entry.is_imported
    ]


def _activities(items: Sequence[Good]) -> list[Sequence[SessionActivity]]:
    """Return what the hits add to sessions, to be written list after list."""
    return [_over_if_imported(activities, items) for activities in activities_of(item.hit for item in items)]


def _write_sessions(tx: Transaction, rounds: Iterable[Sequence[SessionActivity]]) -> list[SessionActivity]:
    """Begin sessions and go on with them; those that began."""
    begun = []
    for activities in rounds:
        new = set(sessions.upsert(tx, activities))
        begun += [activity for activity in activities if activity.session_id in new]
    return begun


def _over_if_imported(activities: Sequence[SessionActivity], items: Sequence[Good]) -> Sequence[SessionActivity]:
    """Return the activities; those that are imported, and nothing else, are history: they let no session go on."""
    if not any(item.claim.entry.is_imported for item in items):
        return activities
    live = {(item.hit.application_id, item.hit.session_id) for item in items if not item.claim.entry.is_imported}
    return [
        activity if (activity.application_id, activity.session_id) in live else replace(activity, is_active=False)
        for activity in activities
    ]


def _note_imported(tx: Transaction, items: Sequence[Good]) -> None:
    """Note which import a hit is of, so that the import can be undone."""
    by_import: dict[tuple[int, UUID], list[Good]] = {}
    for _, same_import in groupby(items, _import_of):
        same = list(same_import)
        if (import_id := same[0].claim.entry.import_id) is not None:
            by_import.setdefault((import_id, same[0].hit.application_id), []).extend(same)
    batches = [
        batch
        for (import_id, application_id), stored in by_import.items()
        for batch in _noted(import_id, application_id, stored)
    ]
    if batches:
        imports.note_stored(tx, batches)


def _noted(import_id: int, application_id: UUID, stored: Sequence[Good]) -> list[StoredBatch]:
    # A block of an import has one entry for all of its hits.
    entries = {id(item.claim.entry): item.claim.entry for item in stored}
    accepted_at = min(entry.created_at for entry in entries.values())
    identities = [(item.hit.id, item.hit.created_at) for item in stored]
    return [
        StoredBatch(
            import_id=import_id,
            application_id=application_id,
            accepted_at=accepted_at,
            identities=identities[at : at + imports.NOTED_TOGETHER],
        )
        for at in range(0, len(identities), imports.NOTED_TOGETHER)
    ]


def _import_of(item: Good) -> tuple[int, str]:
    return item.claim.entry.priority, item.hit.app_id


def _write_refusals(tx: Transaction, items: Sequence[Good]) -> None:
    counts = Counter(
        Refusal(item.hit.application_id, _utc_date(item.hit.created_at), key, reason)
        for item in items
        for key, reason in item.refusals
    )
    if counts:
        custom_parameter_refusals.add(tx, counts)


def _write_failed(tx: Transaction, items: Sequence[Failed], now: datetime) -> Sequence[Failed]:
    """Write the failed to `batch_queue`, except hits that are stored already, by a worker who knew better; the rest."""
    if not items:
        return items
    identities = [_identity(item.claim) for item in items]
    stored = access_logs.existing(tx, [identity for identity in identities if identity is not None])
    failed = [item for item, identity in zip(items, identities, strict=True) if identity not in stored]
    batch_queue.add(tx, [_row(item, now) for item in failed])
    return failed


def _identity(claim: Claim) -> HitIdentity | None:
    try:
        return identity_of(claim.entry.id)
    except ValueError:
        return None


def _row(item: Failed, now: datetime) -> QueueRow:
    entry = item.claim.entry
    return QueueRow(
        id=entry.id,
        tracking_data=entry.tracking_data,
        priority=entry.priority,
        retry_count=entry.retry_count,
        max_retries=entry.max_retries,
        status="failed",
        processed_at=now,
        error_message=item.reason,
        created_at=entry.created_at,
        updated_at=now,
    )


def _utc_date(time: datetime) -> date:
    return time.astimezone(UTC).date()
