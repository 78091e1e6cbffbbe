"""Numbers of the hits that have some custom parameters, counted from the raw rows."""

from tracker.reading.series import Bucket, Grouping, Numbers
from tracker.store import matching_hits
from tracker.store.database import Transaction
from tracker.store.matching_hits import Matching


def count(tx: Transaction, matching: Matching, group_by: Grouping) -> dict[Bucket | None, Numbers]:
    """Return the numbers by place, and under None those of the whole period; all of them exact."""
    counted: dict[Bucket | None, Numbers] = {}
    for row in matching_hits.count(tx, matching, group_by):
        period = row["period"]
        counted[None if period is None else (period.date(), period.hour)] = Numbers(
            requests=row["total_requests"], visitors=row["unique_visitors"], sessions=row["unique_sessions"]
        )
    return counted
