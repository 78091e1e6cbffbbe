"""Which months the retention does not keep, for an operator who is asked about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tracker.clock import Clock
from tracker.errors import conflict
from tracker.maintenance.drop_partitions import expired, rows_too_young
from tracker.store import archived_months, partitions, retention_state
from tracker.store.database import Database
from tracker.store.deletions import apart
from tracker.store.partitions import Month, Partition


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """The months that are over at a time, their partitions, and the time by which was deleted last."""

    now: datetime
    deleted_as_of: datetime
    months: Sequence[Month]
    partitions: Sequence[Partition]


def expiry(database: Database, clock: Clock, retention_months: int) -> Expiry:
    """Look which months are over. Raises Refused where the clocks or the settings disagree, and DatabaseUnavailable."""
    before = clock.now()
    with database.transaction() as tx:
        times = retention_state.look(tx)
        running = retention_state.running_months(tx)
        there = partitions.list_partitions(tx)
        restored = archived_months.brought_back(tx)
    if (refusal := apart(times, before, clock.now())) is not None:
        raise conflict(refusal.sentence)
    if running is not None and running != retention_months:
        raise conflict(
            f"The scheduler runs with TRACKER_RETENTION_MONTHS={running}, and this command with {retention_months}: "
            "give both the same, and start the scheduler with it."
        )
    now = min(before, times.now)
    first_kept = partitions.first_kept(now, retention_months)
    months = [month for month in expired(there, first_kept) if month not in restored]
    if first_kept is not None and (younger := rows_too_young(database, there, months, first_kept)):
        raise conflict(f"{younger} holds hits from {first_kept} or later, which its bounds do not allow.")
    return Expiry(
        now=now,
        deleted_as_of=times.deleted_as_of or now,
        months=months,
        partitions=[partition for partition in there if partition.month in months],
    )
