"""Whether the raw rows of a day are all there, so that a recount means something."""

from tracker.store import partitions, statistics_removals
from tracker.store.database import Transaction
from tracker.store.partitions import Month
from tracker.store.statistics_increments import ApplicationDay


def why_incomplete(tx: Transaction, day: ApplicationDay) -> str | None:
    """Return the reason why raw rows of a day of an application are or may be gone; None where all are there."""
    application_id, date = day
    before = statistics_removals.before(tx, application_id)
    if before is not None and date < before:
        return f"raw rows before {before} were removed"
    if partitions.missing(tx, [Month.of(date)]):
        return f"the partitions of {Month.of(date)} are not there"
    return None
