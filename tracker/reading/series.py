"""A series without holes: a row for each hour, day or month of a period, also where nothing happened. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from tracker.reading.period import Period

Grouping = Literal["hour", "day", "month"]
GROUPINGS: tuple[Grouping, ...] = ("hour", "day", "month")

Bucket = tuple[date, int]
"""Where a row stands: the first date of its period, and the hour (0 where days or months are rows)."""

_HOURS = 24


@dataclass(slots=True)
class Numbers:
    """What a row counts. `exact` is false where visitors or sessions are a sum that counts some of them twice."""

    requests: int = 0
    visitors: int = 0
    visitors_exact: bool = True
    sessions: int | None = 0
    """None where nobody counts them: hours have no sessions of their own."""
    sessions_exact: bool = True


def rows(period: Period, group_by: Grouping, numbers: Mapping[Bucket, Numbers]) -> list[dict[str, Any]]:
    """Return the series in order; a month that the period cuts has only its days within the period."""
    return [_row(place, group_by, numbers.get(place) or _nothing(group_by)) for place in places(period, group_by)]


def month_of(day: date) -> date:
    """Return the first day of a day's month."""
    return day.replace(day=1)


def places(period: Period, group_by: Grouping) -> Iterator[Bucket]:
    """Return where the rows of a period stand, in their order."""
    if group_by == "month":
        yield from dict.fromkeys((month_of(day), 0) for day in period.dates())
    else:
        hours = range(_HOURS) if group_by == "hour" else (0,)
        for day in period.dates():
            for hour in hours:
                yield day, hour


def _nothing(group_by: Grouping) -> Numbers:
    return Numbers(sessions=None if group_by == "hour" else 0)


def _row(place: Bucket, group_by: Grouping, numbers: Numbers) -> dict[str, Any]:
    day, hour = place
    row: dict[str, Any] = {"date": f"{day:%Y-%m}" if group_by == "month" else str(day)}
    if group_by == "hour":
        row["hour"] = hour
    row.update(requests=numbers.requests, unique_visitors=numbers.visitors)
    if group_by != "hour":
        row["unique_sessions"] = numbers.sessions
    if group_by == "month":
        row.update(unique_visitors_exact=numbers.visitors_exact, unique_sessions_exact=numbers.sessions_exact)
    return row
