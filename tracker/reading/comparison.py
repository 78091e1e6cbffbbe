"""What a period came to, for comparing another one with it: cheaper than its statistics, and the same numbers."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from tracker.reading import folded
from tracker.reading.asked import asked_of
from tracker.reading.period import Period
from tracker.reading.series import Bucket, Grouping, Numbers, month_of, places
from tracker.store import statistics_reading
from tracker.store.database import Database


@dataclass(frozen=True, slots=True)
class Comparison:
    """The numbers of the whole period, its requests in the order of its rows, and those before a certain hour.

    These are the requests of its last day before that hour with all days before it; `since_hour` are another day's
    requests from that hour on.
    """

    whole: Numbers
    requests: list[int]
    requests_until_hour: int
    since_hour: int


def read(
    database: Database, *, app_id: str, period: Period, group_by: Grouping, until_hour: int, other_day: date
) -> Comparison:
    """Answer from the stored hours and days. Raises as `tracker.reading.statistics.read` does.

    `until_hour` is the first hour (0 to 24, UTC) of the last day that `requests_until_hour` leaves out, and the first
    of `other_day` that `since_hour` has.
    """
    by_hour = group_by == "hour"
    with asked_of(database, app_id) as (tx, application):
        counted = folded.count(tx, application.id, period, "hour" if by_hour else "day")
        left_out, since_hour = (
            sum(
                hour["total_requests"]
                for hour in statistics_reading.hour_numbers(tx, application.id, day, day)
                if hour["hour"] >= until_hour
            )
            for day in (period.last, other_day)
        )
    whole = counted.pop(None, None) or Numbers()
    requests = _in_order(counted, period, group_by)
    return Comparison(whole, requests, whole.requests - left_out, since_hour)


def _in_order(counted: Mapping[Bucket | None, Numbers], period: Period, group_by: Grouping) -> list[int]:
    """Return the requests of each hour, day or month of a period, also where there were none."""
    requests = Counter[Bucket]()
    for place, numbers in counted.items():
        if place is not None:
            requests[(month_of(place[0]), 0) if group_by == "month" else place] += numbers.requests
    return [requests[place] for place in places(period, group_by)]
