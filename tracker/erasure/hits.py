"""One transaction: hits of a person on one day and all that was made of them; the statistics agree after it."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime

from tracker.hit import tracking_id_of
from tracker.store import (
    partitions,
    person_rows,
    person_statistics,
    statistics,
    statistics_increments,
    statistics_removals,
)
from tracker.store.access_logs import HitIdentity
from tracker.store.database import Transaction
from tracker.store.partitions import Month
from tracker.store.person_rows import Person

BATCH_SIZE = 500
"""Hits a transaction: well under a second, unless the day has to be read for what survives."""
_FOLD_BATCH_SIZE = 1000


def erase_some(
    tx: Transaction, counts: Counter[str], person: Person, day: date, *, now: datetime
) -> tuple[int, datetime | None]:
    """Erase at most BATCH_SIZE hits of a day; how many were found, and the time of the earliest.

    The order matters. First the hits are found; then the day is taken from those who fold, rebuild or verify it; then
    what waits of it is folded, the increments of these hits among it, since both were stored together. So whatever is
    subtracted was added before.
    """
    identities = person_rows.hits_of(tx, person, day, limit=BATCH_SIZE)
    if not identities:
        return 0, None
    erase_found(tx, counts, person, day, identities, now=now)
    if len(identities) < BATCH_SIZE:
        counts["statistics_days"] += 1
    return len(identities), min(created_at for _, created_at in identities)


def erase_found(
    tx: Transaction,
    counts: Counter[str],
    person: Person,
    day: date,
    identities: Sequence[HitIdentity],
    *,
    now: datetime,
) -> None:
    """Erase hits of one day, and take them out of all that was made of them. Those that are gone already do no harm.

    `person` says which other hits of the day are going too, so that none of them keeps a visitor counted.
    """
    fold_locked(tx, person, day, now)
    texts = person_rows.erase_values(tx, identities)
    hits = person_rows.erase_hits(tx, identities)
    counts["access_logs"] += len(hits)
    counts["custom_parameter_values"] += sum(text.count for text in texts)
    event_ids = [event_id_of((hit.id, hit.created_at)) for hit in hits]
    counts["webhook_deliveries"] += person_rows.erase_deliveries_of_hits(tx, person, event_ids)
    complete = is_complete(tx, person, day)
    counts.update(person_statistics.subtract(tx, person, day, hits, texts, complete=complete, now=now))
    erase_sessions(tx, counts, person, {hit.session_id for hit in hits if hit.session_id is not None})


def forget_day(tx: Transaction, counts: Counter[str], person: Person, day: date, *, now: datetime) -> int:
    """Forget the person on a day of which no hit of theirs is left, because raw rows were removed before."""
    fold_locked(tx, person, day, now)
    counts.update(person_statistics.subtract(tx, person, day, [], [], complete=False, now=now))
    return 1


def erase_sessions(tx: Transaction, counts: Counter[str], person: Person, session_ids: set[str]) -> int:
    """Delete the person's sessions; those that others share become what the others' hits say."""
    if session_ids:
        deleted, changed = person_rows.erase_sessions(tx, person, sorted(session_ids))
        counts["sessions"] += deleted
        counts["sessions_kept_for_others"] += changed
    return len(session_ids)


def fold_locked(tx: Transaction, person: Person, day: date, now: datetime) -> None:
    """Hold a day until the transaction ends, and fold what waits of it."""
    statistics_increments.lock_day(tx, (person.application_id, day))
    ids = statistics_increments.of_day(tx, (person.application_id, day))
    for at in range(0, len(ids), _FOLD_BATCH_SIZE):
        statistics.fold(tx, ids[at : at + _FOLD_BATCH_SIZE], now)


def is_complete(tx: Transaction, person: Person, day: date) -> bool:
    """Return whether all raw rows of a day are there, so that what survives in it can be looked up."""
    before = statistics_removals.before(tx, person.application_id)
    return (before is None or day >= before) and not partitions.missing(tx, [Month.of(day)])


def event_id_of(identity: HitIdentity) -> str:
    """Return the id under which a hit is announced to webhooks; a time before 1970 has none."""
    try:
        return f"hit_{tracking_id_of(*identity).hex}"
    except ValueError:
        return ""
