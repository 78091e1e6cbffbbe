"""What the statistics need to know when raw rows go: of whole months, or of one application by its own retention.

Before a month is dropped: `is_final`, then `note_removal`, then the drop, then `retire`. Each may be repeated.
"""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from tracker.store import partitions, statistics, statistics_increments, statistics_removals
from tracker.store.database import Database, Transaction
from tracker.store.partitions import Month


def is_final(database: Database, month: Month) -> bool:
    """Return whether everything stored in a month is folded, so that its raw rows are no longer needed to count it."""
    with database.transaction() as tx:
        return not statistics_increments.waiting(tx, _first(month), _first(month.plus(1)))


def note_removal(tx: Transaction, before: datetime, application_id: UUID | None = None) -> None:
    """Raw rows older than `before` (aware) are about to go, of one application or of all.

    From now on `stats verify` and `stats rebuild` leave these days alone, the day of `before` itself included.
    """
    utc = before.astimezone(UTC)
    first_kept = utc.date() if utc.time() == time() else utc.date() + timedelta(days=1)
    statistics_removals.note(tx, first_kept, application_id)


def retire(database: Database, before: Month) -> int:
    """Forget what was counted before a month, a day a transaction; the numbers stay. Returns the number of days.

    To be called when the raw rows are gone. Months that are there keep what they go on counting with, whichever was
    dropped. Days of which something still waits to be folded are left for later.
    """
    days, since = 0, date.min
    with database.transaction() as tx:
        there = {partition.month for partition in partitions.list_partitions(tx)}
    while True:
        with database.transaction() as tx:
            day = statistics.oldest_counted(tx, since, _first(before))
            if day is not None and Month.of(day) in there:
                since = _first(Month.of(day).plus(1))
                continue
            if day is None or statistics_increments.waiting(tx, day, day + timedelta(days=1)):
                return days
            statistics.retire_day(tx, day)
        days += 1


def _first(month: Month) -> date:
    return date(month.year, month.month, 1)
