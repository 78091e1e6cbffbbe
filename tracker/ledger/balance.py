"""Whether the ledger balances: what left the queue is what was stored, or stands where a person finds it.

Redis and PostgreSQL are looked at one after the other while hits go on. What has left Redis only grows, and a hit is
written to PostgreSQL before it leaves Redis. So whatever had left Redis at the first look, and PostgreSQL does not know
at the second, is lost; and what PostgreSQL knows beyond what has left Redis by the third is in a worker's hands.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from tracker.clock import Clock
from tracker.errors import Refused
from tracker.hit import EPOCH
from tracker.queueing import ledger_counts
from tracker.queueing.connection import Connection
from tracker.queueing.entry import MAX_IMPORTED_PRIORITY
from tracker.queueing.ledger_counts import QueueLedger
from tracker.queueing.quota import REASONS
from tracker.store import ledger
from tracker.store.database import Database
from tracker.store.ledger import LedgerChange, LedgerHour, LedgerTotals

_LOOKS: Final = 4
_PAUSE_SECONDS: Final = 1.0
"""A hit that moves from one place to the other is seen in neither for less than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """All hits that were ever accepted. `lost` and `surplus` are 0 where the ledger balances.

    `surplus` hits were stored or failed that nobody accepted: entries of the time before the ledger, or a Redis that
    came back with older data. `uncertain_since` has the times at which a Redis without its data took over: what was
    accepted in the minute before is not known.
    """

    accepted: int
    stored: int
    repeated: int
    failed: int
    discarded: int
    erased: int
    written_off: int
    waiting: int
    lost: int
    surplus: int
    uncertain_since: tuple[datetime, ...]

    @property
    def is_balanced(self) -> bool:
        return self.lost == 0 and self.surplus == 0

    def counts(self) -> dict[str, int]:
        """Return the numbers of hits by their names, in the order in which people read them."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name != "uncertain_since"}


def balance(
    database: Database, redis: Connection, clock: Clock, *, sleep: Callable[[float], None], days: int = 30
) -> Balance:
    """Look, and look again where it seems not to balance. Raises DatabaseUnavailable and QueueUnavailable."""
    since = clock.now() - timedelta(days=days)
    seen = _look(database, redis, since)
    for _ in range(_LOOKS - 1):
        if seen.is_balanced:
            break
        sleep(_PAUSE_SECONDS)
        again = _look(database, redis, since)
        # What is wrong is so in each look; what only moves is somewhere else in the next.
        seen = replace(again, lost=min(seen.lost, again.lost), surplus=min(seen.surplus, again.surplus))
    return seen


def hours(
    database: Database, start: datetime, end: datetime, *, application_id: UUID | None = None
) -> list[LedgerHour]:
    """Return the ledger by hour and application, oldest first. Raises DatabaseUnavailable."""
    with database.transaction() as tx:
        return ledger.hours(
            tx, start, end, imported=MAX_IMPORTED_PRIORITY, limits=REASONS, application_id=application_id
        )


def write_off(
    database: Database,
    redis: Connection,
    clock: Clock,
    *,
    write_down: Callable[[], object],
    sleep: Callable[[float], None],
) -> int:
    """Note what is missing as lost, and a surplus as none, so that the ledger balances from now on; how many hits.

    Only in a moment in which nothing waits and nothing comes: neither what waits nor what Redis alone has counted can
    be told from what is lost, hour by hour. `write_down` brings what Redis has counted into the hours. Raises Refused
    where there is no such moment.
    """
    for _ in range(_LOOKS):
        write_down()
        before = ledger_counts.look(redis)
        hours_now = hours(database, EPOCH, clock.now() + timedelta(hours=1))
        after = ledger_counts.look(redis)
        if before.is_quiet and after.is_quiet and before.times_taken == after.times_taken:
            break
        sleep(_PAUSE_SECONDS)
    else:
        waiting = f"{after.waiting} hits wait: let the workers store them first."
        coming = "Hits come in: stop the receivers for a moment, or try again in a quieter one."
        raise Refused("CONFLICT", 409, waiting if after.waiting else coming)
    missing = [
        LedgerChange(application_id=hour.application_id, accepted_at=hour.hour, written_off=hour.open)
        for hour in hours_now
        if hour.open
    ]
    with database.transaction() as tx:
        ledger.add(tx, missing)
    return sum(change.written_off for change in missing)


def _look(database: Database, redis: Connection, since: datetime) -> Balance:
    for _ in range(_LOOKS):
        before = ledger_counts.look(redis)
        with database.transaction() as tx:
            known = ledger.totals(tx, imported=MAX_IMPORTED_PRIORITY, taken=before.moved_aside)
            epochs = ledger.epochs_since(tx, since)
        after = ledger_counts.look(redis)
        if after.times_taken == before.times_taken:
            break  # Else counts went from Redis into PostgreSQL meanwhile, and were seen in both.
    accepted = _accepted(before, known)
    left = accepted - before.waiting
    left_later = _accepted(after, known) - after.waiting
    return Balance(
        accepted=accepted,
        stored=known.stored,
        repeated=known.repeated,
        failed=known.failed,
        discarded=known.discarded,
        erased=known.erased,
        written_off=known.written_off,
        waiting=before.waiting + known.kept,
        lost=max(0, left - known.done),
        surplus=max(0, known.done - max(left, left_later) - after.pending - before.pending),
        uncertain_since=tuple(epochs),
    )


def _accepted(queue: QueueLedger, known: LedgerTotals) -> int:
    """Add up those in the tables, those that Redis counts, and those moved aside unless they are written already."""
    moved_aside = sum(hits for name, hits in queue.moved_aside.items() if name not in known.written)
    return known.accepted + queue.accepted + moved_aside
