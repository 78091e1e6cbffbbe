"""The rounds: queue, failed and kept entries, hits, sessions, deliveries; until a whole round finds nothing.

A hit moves while we look: from `batch_queue` into Redis, from there into `access_logs` or back into `batch_queue` as
failed. What was accepted before the erasure was asked for is therefore looked for as long as any of it is found.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final

from tracker.erasure import hits
from tracker.erasure.belonging import Owned, of_person
from tracker.erasure.work import Work
from tracker.queueing import removal
from tracker.queueing.connection import Connection
from tracker.store import imports, ledger, partitions, person_rows, person_statistics, statistics_removals
from tracker.store.database import Transaction
from tracker.store.ledger import LedgerChange
from tracker.store.partitions import Month
from tracker.store.person_rows import Person

BATCH_SIZE: Final = 500
"""Rows of `batch_queue` a transaction."""
DELIVERY_BATCH_SIZE: Final = 5000
"""Deliveries that a transaction looks through."""
RETRY_SECONDS: Final = 31.0
"""A worker may have a retry in its hands for so long, which nobody can see."""
CLOCKS_APART: Final = timedelta(seconds=10)
"""Receivers stamp by their own clocks: what they say was accepted so soon after may have been before."""
_PAUSE_SECONDS: Final = 0.5
_ANONYMOUS: Final = (
    "Raw rows of days before {before} had been removed by the retention. What was not there any more could not be "
    "subtracted and stays in the numbers of hours and days, which name nobody."
)


@dataclass(slots=True)
class RoundResult:
    """What a round found, and when the earliest of it was accepted, as far as that can be told."""

    total: int = 0
    oldest: datetime | None = None
    retries: int = 0

    def add(self, count: int, oldest: datetime | None) -> None:
        self.total += count
        if oldest is not None and (self.oldest is None or oldest < self.oldest):
            self.oldest = oldest


def erase(work: Work, redis: Connection, person: Person) -> list[str]:
    """Erase everything of a person that was accepted before it was asked for; notes for the receipt.

    Raises QueueUnavailable, DatabaseUnavailable, TakenOver, Interrupted: then it is taken up again from the start, and
    what is gone is gone.
    """
    owned = of_person(person)
    not_before = 0.0
    while True:
        result = _round(work, redis, person, owned)
        if result.retries:
            not_before = work.clock.monotonic() + RETRY_SECONDS
        if result.oldest is None or result.oldest > work.claimed.requested_at + CLOCKS_APART:
            if work.clock.monotonic() >= not_before:
                return _notes(work, person)
            work.pause(1.0)
        else:
            work.pause(_PAUSE_SECONDS)


def _round(work: Work, redis: Connection, person: Person, owned: Owned) -> RoundResult:
    """Erase in the order in which hits move, so that one which moves on meanwhile is found at its next place."""
    result = RoundResult()
    work.look(imports.wait_for_writers)
    taken = removal.remove_entries(redis, owned, on_part=work.withdrawn)
    work.count()
    _note_erased(work, person, taken.streams + taken.retries)
    result.add(taken.streams + taken.retries + taken.in_hand, taken.oldest)
    result.retries = taken.retries
    _erase_queued(work, person, result)
    days = _days(work)
    stored = set[date]()
    for number, day in enumerate(days, 1):
        if day.day == 1:
            stored = work.look(partial(person_rows.days_stored, month=Month.of(day)))
        if day in stored:
            _erase_day(work, person, day, result)
        work.on_day(number, len(days))
    _erase_deliveries(work, person)
    for day in work.look(lambda tx: person_statistics.days_remembered(tx, person)):
        _forget_day(work, person, day)
    return result


def _note_erased(work: Work, person: Person, hits: int) -> None:
    """Note in the ledger what was taken out of Redis, where nobody can say any more when it was accepted."""
    if hits:
        work.look(lambda tx: ledger.add(tx, [_erased(person, work.clock.now(), hits)]))


def _erased(person: Person, accepted_at: datetime, hits: int) -> LedgerChange:
    return LedgerChange(application_id=person.application_id, accepted_at=accepted_at, erased=hits)


def _erase_queued(work: Work, person: Person, result: RoundResult) -> None:
    def some(tx: Transaction, counts: Counter[str]) -> int:
        times = person_rows.erase_queued(tx, person, limit=BATCH_SIZE)
        counts["batch_queue"] += len(times)
        ledger.add(tx, [_erased(person, time, 1) for time in times])
        result.add(len(times), min(times, default=None))
        return len(times)

    work.repeat(some, limit=BATCH_SIZE)


def _erase_day(work: Work, person: Person, day: date, result: RoundResult) -> None:
    # Most days have nothing of a person: only to look costs no update of the erasure's row.
    def erase_some(tx: Transaction, counts: Counter[str]) -> int:
        count, oldest = hits.erase_some(tx, counts, person, day, now=work.clock.now())
        result.add(count, oldest)
        return count

    if work.look(lambda tx: person_rows.hits_of(tx, person, day, limit=1)):
        work.repeat(erase_some, limit=hits.BATCH_SIZE)
    # Those whose hits went before, by the retention.
    sessions = work.look(lambda tx: person_rows.sessions_of(tx, person, day))
    if sessions:
        work.step(lambda tx, counts: hits.erase_sessions(tx, counts, person, set(sessions)))


def _erase_deliveries(work: Work, person: Person) -> None:
    after: int | None = 0

    def some(tx: Transaction, counts: Counter[str], after: int) -> int | None:
        last, deleted = person_rows.erase_deliveries(tx, person, after=after, limit=DELIVERY_BATCH_SIZE)
        counts["webhook_deliveries"] += deleted
        return last

    while after is not None:
        after = work.step(partial(some, after=after))


def _forget_day(work: Work, person: Person, day: date) -> None:
    work.step(lambda tx, counts: hits.forget_day(tx, counts, person, day, now=work.clock.now()))


def _days(work: Work) -> list[date]:
    """Every day (UTC) of which hits or sessions may be stored, the oldest first."""
    return work.look(days_of)


def days_of(tx: Transaction) -> list[date]:
    """Every day (UTC) of which hits or sessions may be stored, the oldest first."""
    months = {partition.month for partition in partitions.list_partitions(tx) if partition.month is not None}
    extent = person_rows.sessions_extent(tx)
    if extent is not None:
        first, last = (Month.of(time) for time in extent)
        months |= {first.plus(number) for number in range(last.minus(first) + 1)}
    return [
        (month.start + timedelta(days=number)).date()
        for month in sorted(months)
        for number in range((month.plus(1).start - month.start).days)
    ]


def _notes(work: Work, person: Person) -> list[str]:
    before = work.look(lambda tx: statistics_removals.before(tx, person.application_id))
    return [] if before is None else [_ANONYMOUS.format(before=before)]
