"""What a period came to, for comparing another one with it: cheaper than its statistics, and the same numbers."""

from dataclasses import dataclass
from datetime import date

from tracker.reading import folded
from tracker.reading.asked import asked_of
from tracker.reading.period import Period
from tracker.reading.series import Numbers
from tracker.store import statistics_reading
from tracker.store.database import Database


@dataclass(frozen=True, slots=True)
class Comparison:
    """The numbers of the whole period, and its requests before a certain hour of its last day.

    `since_hour` are another day's requests from that hour on.
    """

    whole: Numbers
    requests_until_hour: int
    since_hour: int


def read(database: Database, *, app_id: str, period: Period, until_hour: int, other_day: date) -> Comparison:
    """Answer from the stored hours and days. Raises as `tracker.reading.statistics.read` does.

    `until_hour` is the first hour (0 to 24, UTC) of the last day that `requests_until_hour` leaves out, and the first
    of `other_day` that `since_hour` has.
    """
    with asked_of(database, app_id) as (tx, application):
        whole = folded.count(tx, application.id, period, "day")
        left_out, since_hour = (
            sum(
                hour["total_requests"]
                for hour in statistics_reading.hour_numbers(tx, application.id, day, day)
                if hour["hour"] >= until_hour
            )
            for day in (period.last, other_day)
        )
    total = whole.get(None) or Numbers()
    return Comparison(total, total.requests - left_out, since_hour)
