"""Which months the retention of the running scheduler drops next, and when."""

from collections.abc import Sequence
from datetime import datetime

from tracker.store.partitions import Partition, first_kept


def outlook(there: Sequence[Partition], retention_months: int | None, now: datetime) -> str:
    """Return which months go next and when, as a sentence.

    `retention_months` is what the scheduler that works, or worked last, has said; None where none ever has.
    """
    if retention_months is None:
        return "No scheduler has said yet how many months it keeps."
    setting = f"TRACKER_RETENTION_MONTHS={retention_months}"
    oldest_kept = first_kept(now, retention_months)
    months = sorted({partition.month for partition in there if partition.month})
    if not months:
        return "There is no month."
    if oldest_kept is None:
        return f"No month goes: the scheduler keeps all ({setting})."
    due = [month for month in months if month < oldest_kept]
    if len(due) > 1:
        return (
            f"{len(due)} months, {due[0]} to {due[-1]}, are older than the scheduler keeps ({setting}): they go with "
            "`python -m tracker partitions drop --expired`."
        )
    if due:
        return f"{due[0]} is older than the scheduler keeps ({setting}), and goes soon."
    goes_on = months[0].plus(retention_months + 1).start
    return f"{months[0]} goes next, on {goes_on:%Y-%m-%d} ({setting})."
