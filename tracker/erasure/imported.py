"""Undoing an import: its hits go from the queue, the tables and the statistics; and hits that are to be stored anew.

What was queued before the undoing was asked for goes. A log that is followed goes on: what it brings afterwards stays.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final

from tracker.erasure import hits
from tracker.erasure.belonging import of_import
from tracker.erasure.person import CLOCKS_APART, RETRY_SECONDS, RoundResult
from tracker.erasure.work import Work
from tracker.queueing import removal
from tracker.queueing.connection import Connection
from tracker.queueing.entry import import_priority
from tracker.store import batch_queue, imported_filtered, imports, statistics_removals
from tracker.store.access_logs import HitIdentity
from tracker.store.batch_queue import QueueRow
from tracker.store.database import Transaction
from tracker.store.imports import StoredBatch
from tracker.store.person_rows import Person

AT_ONCE: Final = 5000 // imports.NOTED_TOGETHER
"""Rows of `imported_hits` a transaction: 5,000 hits at most."""
_QUEUED_AT_ONCE: Final = 500
_PAUSE_SECONDS: Final = 0.5
_ANONYMOUS: Final = (
    "Raw rows of days before {before} had been removed by the retention: what was not there any more stays in the "
    "numbers of hours and days."
)


def undo(work: Work, redis: Connection, owner: Person, import_id: int) -> list[str]:
    """Take an import's hits out wherever they are; notes for the receipt.

    Raises QueueUnavailable, DatabaseUnavailable, TakenOver, Interrupted: then it is taken up again, and what is gone is
    gone.
    """
    until = work.claimed.requested_at + CLOCKS_APART
    not_before = 0.0
    while True:
        result = _round(work, redis, owner, import_id, until)
        if result.retries:
            not_before = work.clock.monotonic() + RETRY_SECONDS
        if not result.total and work.clock.monotonic() >= not_before:
            break
        work.pause(_PAUSE_SECONDS)
    work.step(lambda tx, _: imported_filtered.take_back(tx, import_id))
    before = work.look(lambda tx: statistics_removals.before(tx, owner.application_id))
    return [] if before is None else [_ANONYMOUS.format(before=before)]


def erase_to_store_anew(
    tx: Transaction,
    owner: Person,
    import_id: int,
    stored: Sequence[HitIdentity],
    entries: Sequence[QueueRow],
    *,
    now: datetime,
) -> None:
    """Take stored hits out, and keep the entries that bring them back as they are read now: both or neither."""
    counts: Counter[str] = Counter()
    for day, identities in _by_day(stored):
        hits.erase_found(tx, counts, owner, day, identities, now=now)
    removal = StoredBatch(
        import_id=import_id,
        application_id=owner.application_id,
        accepted_at=now,
        identities=stored,
        is_removal=True,
    )
    imports.note_stored(tx, [removal])
    batch_queue.put_waiting(tx, entries)


def _round(work: Work, redis: Connection, owner: Person, import_id: int, until: datetime) -> RoundResult:
    """Erase in the order in which hits move, so that one which moves on meanwhile is found at its next place."""
    result = RoundResult()
    work.look(imports.wait_for_writers)
    taken = removal.remove_entries(redis, of_import(owner, import_id, until), on_part=work.withdrawn)
    work.count()
    result.add(taken.streams + taken.retries + taken.in_hand, taken.oldest)
    result.retries = taken.retries

    def some_queued(tx: Transaction, counts: Counter[str]) -> int:
        times = batch_queue.erase_of_import(
            tx, owner.application_id, import_priority(import_id), until=until, limit=_QUEUED_AT_ONCE
        )
        counts["batch_queue"] += len(times)
        return len(times)

    def some_stored(tx: Transaction, counts: Counter[str]) -> int:
        rows = imports.take_stored(tx, import_id, until=until, limit=AT_ONCE)
        for day, identities in _by_day([identity for row in rows for identity in row.identities]):
            hits.erase_found(tx, counts, owner, day, identities, now=work.clock.now())
        imports.forget_stored(tx, rows)
        return len(rows)

    result.total += work.repeat(some_queued, limit=_QUEUED_AT_ONCE)
    result.total += work.repeat(some_stored, limit=AT_ONCE)
    return result


def _by_day(identities: Sequence[HitIdentity]) -> list[tuple[date, list[HitIdentity]]]:
    """Return the days in order: whoever locks several days does so in this order."""
    days: defaultdict[date, list[HitIdentity]] = defaultdict(list)
    for identity in identities:
        days[identity[1].astimezone(UTC).date()].append(identity)
    return sorted(days.items())
