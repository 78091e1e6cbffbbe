"""Hits that failed for good: looked at, edited, sent in again, given up. And where any one hit is."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from msgspec import convert

from tracker.errors import Refused, conflict, invalid, not_found
from tracker.hit import NO_HIT, Hit, identity_of
from tracker.management.audit import COMMAND, Actor, record
from tracker.queueing import adding
from tracker.queueing.connection import Connection
from tracker.queueing.entry import MAX_IMPORTED_PRIORITY, Entry
from tracker.queueing.inspection import find
from tracker.store import access_logs, batch_queue
from tracker.store.batch_queue import QueueRow
from tracker.store.database import Database, Transaction

_MAX_NOTED: Final = 100


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a hit is: `stored`, `failed`, `queued` (kept in batch_queue until Redis is back) or `waiting`; and as what.

    `values` are the columns of access_logs where it is stored, else those of batch_queue.
    """

    state: str
    values: dict[str, Any]
    where: str | None = None
    """The stream that it waits in, or `retries`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedHitRow:
    """A hit that failed for good: its tracking id, whose it is as far as that is known, why, and since when."""

    id: UUID
    app_id: str | None
    reason: str | None
    failed_at: datetime | None


def list_(database: Database, *, limit: int, app_id: str | None = None) -> list[QueueRow]:
    """Return the failed ones, the latest first."""
    with database.transaction() as tx:
        return batch_queue.failed(tx, limit=limit, app_id=app_id)


def reasons(database: Database, *, limit: int, app_id: str | None = None) -> list[FailedHitRow]:
    """Return which hits failed and why, without what they hold, the latest first."""
    with database.transaction() as tx:
        return [FailedHitRow(**row) for row in batch_queue.failed_reasons(tx, limit=limit, app_id=app_id)]


def show(database: Database, redis: Connection, tracking_id: UUID) -> Whereabouts:
    """One hit by its tracking id, wherever it is. Raises Refused where it is nowhere."""
    with database.transaction() as tx:
        stored = _stored(tx, tracking_id)
        row = batch_queue.get(tx, tracking_id)
    if stored is not None:
        return Whereabouts("stored", stored)
    if row is not None:
        return Whereabouts(row.status, asdict(row))
    waiting = find(redis, tracking_id)
    if waiting is None:
        # It may have been stored while its stream was being read.
        with database.transaction() as tx:
            stored = _stored(tx, tracking_id)
        if stored is not None:
            return Whereabouts("stored", stored)
        raise not_found(f"No hit {tracking_id} is stored, failed or waiting.")
    return Whereabouts("waiting", waiting[1]._asdict(), waiting[0])


def failed_ids(database: Database, *, app_id: str | None = None, reason: str | None = None) -> list[UUID]:
    """Return all that failed, the oldest first; of an application, or with `reason` in the sentence that says why."""
    with database.transaction() as tx:
        return batch_queue.failed_ids(tx, app_id=app_id, reason=reason)


def retry(
    database: Database, redis: Connection, tracking_ids: Sequence[UUID], now: datetime, *, by: Actor = COMMAND
) -> list[UUID]:
    """Send failed hits in again, with the identity they have and no retries counted; returns those that are not failed.

    The row stays until a worker has stored the hit, which takes it away in the same transaction, or until it fails
    anew: so nothing is lost whatever breaks off in between, and what is sent in twice is stored once.
    """
    missing = []
    if tracking_ids:
        with database.transaction() as tx:
            _note(tx, by, "hits.retried", tracking_ids)
    for tracking_id in tracking_ids:
        with database.transaction() as tx:
            row = batch_queue.take_for_retry(tx, tracking_id)
            if row is None:
                missing.append(tracking_id)
            else:
                adding.add(redis, [_entry_again(row, now)])
    return missing


def edit(
    database: Database, tracking_id: UUID, text: str, *, seen_at: datetime, now: datetime, by: Actor = COMMAND
) -> None:
    """Give a failed hit other values, for `retry` to send in; it stays whose it is, and the hit that it is.

    Raises Refused: NOT_FOUND where it is not failed, CONFLICT where it was changed after `seen_at`, and
    VALIDATION_ERROR for what is no such hit.
    """
    hit, data = _hit_of(text)
    with database.transaction() as tx:
        row = batch_queue.take_for_retry(tx, tracking_id)
        if row is None:
            raise not_found(f"No hit {tracking_id} is failed.")
        if row.updated_at != seen_at:
            raise conflict("The hit was changed meanwhile: look at it again.")
        if _identity_kept(tracking_id) and hit.tracking_id != tracking_id:
            raise _not_accepted("`id` and `created_at` are what the hit is known by, and stay.")
        before = _owner_of(row.tracking_data)
        if before is not None and before != (str(hit.application_id), hit.app_id):
            raise _not_accepted("`application_id` and `app_id` stay: the hit was accepted for this application.")
        _note(tx, by, "hits.edited", [tracking_id])
        batch_queue.edit(tx, tracking_id, data, now)


def _hit_of(text: str) -> tuple[Hit, bytes]:
    try:
        data = orjson.loads(text)
    except ValueError:
        raise _not_accepted("It is no JSON.") from None
    if not isinstance(data, dict):
        raise _not_accepted("It is no JSON object.")
    try:
        hit = Hit.decode(data)
        convert(hit.columns(), Hit)  # Which alone looks at the types of values.
        # With the time as it is read here, which the tracking id is made of: of a longer fraction others make another.
        encoded = orjson.dumps({**data, "created_at": hit.created_at.isoformat()})
        if hit.created_at.tzinfo is None:
            raise ValueError("no offset")
        _ = hit.tracking_id
    except NO_HIT:
        raise _not_accepted("It does not read as a hit: look at the names and types of its columns.") from None
    if batch_queue.storable(encoded) != encoded:
        raise _not_accepted("It holds the character NUL.")
    return hit, encoded


def _not_accepted(reason: str) -> Refused:
    return invalid(f"The hit is not accepted: {reason}", tracking_data=[reason])


def _identity_kept(tracking_id: UUID) -> bool:
    """Return whether an entry's id says which hit it is: what could not be read has an id of its own."""
    try:
        identity_of(tracking_id)
    except ValueError:
        return False
    return True


def _owner_of(data: bytes) -> tuple[str, str] | None:
    """Return whose the hit was, as far as that can be read."""
    try:
        hit = Hit.decode(data)
    except NO_HIT:
        return None
    return str(hit.application_id), hit.app_id


def discard(database: Database, tracking_ids: Sequence[UUID], *, by: Actor = COMMAND) -> list[UUID]:
    """Give failed hits up for good; returns those that are not failed."""
    with database.transaction() as tx:
        missing = [tracking_id for tracking_id in tracking_ids if not _discard(tx, tracking_id)]
        if discarded := sorted({*tracking_ids} - {*missing}):
            _note(tx, by, "hits.discarded", discarded)
        return missing


def _discard(tx: Transaction, tracking_id: UUID) -> bool:
    return batch_queue.discard(tx, tracking_id, imported=MAX_IMPORTED_PRIORITY)


def _note(tx: Transaction, by: Actor, action: str, tracking_ids: Sequence[UUID]) -> None:
    """Note it in the audit log, with the ids where they are few."""
    subject = str(tracking_ids[0]) if len(tracking_ids) == 1 else f"{len(tracking_ids)} hits"
    named = [str(tracking_id) for tracking_id in tracking_ids] if len(tracking_ids) <= _MAX_NOTED else None
    record(tx, by, None, action, subject, after={"hits": len(tracking_ids), "tracking_ids": named})


def _entry_again(row: QueueRow, now: datetime) -> Entry:
    entry = Entry(**asdict(row))
    return entry._replace(status="queued", retry_count=0, processed_at=None, error_message=None, updated_at=now)


def _stored(tx: Transaction, tracking_id: UUID) -> dict[str, Any] | None:
    try:
        identity = identity_of(tracking_id)
    except ValueError:
        return None  # Nonsense from Redis fails under an id of its own, which carries no identity.
    hit = access_logs.find(tx, *identity)
    return None if hit is None else hit.columns()
