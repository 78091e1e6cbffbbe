"""What a period came to, for comparing another one with it: cheaper than its statistics, and the same numbers."""

from dataclasses import dataclass

from tracker.reading import folded
from tracker.reading.asked import asked_of
from tracker.reading.period import Period
from tracker.reading.series import Numbers
from tracker.store import statistics_reading
from tracker.store.database import Database


@dataclass(frozen=True, slots=True)
class Comparison:
    """The numbers of the whole period, and its requests before a certain hour of its last day."""

    whole: Numbers
    requests_until_hour: int


def read(database: Database, *, app_id: str, period: Period, until_hour: int) -> Comparison:
    """Answer from the stored hours and days. Raises as `tracker.reading.statistics.read` does.

    `until_hour` is the first hour (0 to 24, UTC) of the last day that `requests_until_hour` leaves out.
    """
    with asked_of(database, app_id) as (tx, application):
        whole = folded.count(tx, application.id, period, "day")
        hours = statistics_reading.hour_numbers(tx, application.id, period.last, period.last)
    total = whole.get(None) or Numbers()
    left_out = sum(hour["total_requests"] for hour in hours if hour["hour"] >= until_hour)
    return Comparison(total, total.requests - left_out)
