"""Hits that were not counted as visits, and why: bots, wishes not to be tracked, and the like."""

from tracker.reading.asked import asked_of
from tracker.reading.period import Period
from tracker.store import filtered_hits
from tracker.store.database import Database


def read(database: Database, *, app_id: str, period: Period) -> dict[str, int]:
    """How many over a period, by reason, the most frequent first. Raises as `tracker.reading.statistics.read` does."""
    with asked_of(database, app_id) as (tx, application):
        return filtered_hits.sums(tx, application.id, period.start, period.end)
