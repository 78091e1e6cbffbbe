"""Numbers from the stored hours and days, which cost the same whatever the traffic was."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from tracker.reading.period import Period
from tracker.reading.series import Bucket, Grouping, Numbers, month_of
from tracker.store import statistics_reading
from tracker.store.database import Transaction
from tracker.store.statistics_reading import Different

MAX_COUNTED: Final = 2_000_000
"""Visitors (or sessions) of the single days together up to which the different ones among them are counted. On two slow
cores that takes some three seconds."""

_Count = Callable[[Transaction, UUID, Sequence[date]], list[Different]]


def count(tx: Transaction, application_id: UUID, period: Period, group_by: Grouping) -> dict[Bucket | None, Numbers]:
    """Return the numbers by place, and under None those of the whole period."""
    days = statistics_reading.day_numbers(tx, application_id, period.first, period.last)
    by_month = defaultdict[Bucket | None, list[dict[str, Any]]](list)
    for day in days:
        by_month[month_of(day["date"]), 0].append(day)
    groups = {None: days, **(by_month if group_by == "month" else {})}
    visitors = _exact(tx, application_id, groups, "unique_visitors", statistics_reading.different_visitors)
    sessions = _exact(tx, application_id, groups, "unique_sessions", statistics_reading.different_sessions)
    counted = {
        place: Numbers(
            requests=_sum(rows, "total_requests"),
            visitors=visitors.get(place, _sum(rows, "unique_visitors")),
            visitors_exact=place in visitors,
            sessions=sessions.get(place, _sum(rows, "unique_sessions")),
            sessions_exact=place in sessions,
        )
        for place, rows in groups.items()
    }
    if group_by == "day":
        counted.update({(day["date"], 0): _of_day(day) for day in days})
    elif group_by == "hour":
        hours = statistics_reading.hour_numbers(tx, application_id, period.first, period.last)
        counted.update({(hour["date"], hour["hour"]): _of_hour(hour) for hour in hours})
    return counted


def _exact(
    tx: Transaction, application_id: UUID, groups: dict[Bucket | None, list[dict[str, Any]]], column: str, ask: _Count
) -> dict[Bucket | None, int]:
    """Return the different ones of each group of days where they are known.

    These are groups of one day, or where all days are remembered.
    """
    numbers: dict[Bucket | None, int] = {
        place: _sum(rows, column) for place, rows in groups.items() if len(rows) <= 1 or not _sum(rows, column)
    }
    if numbers.keys() == groups.keys() or _sum(groups[None], column) > MAX_COUNTED:
        return numbers
    for counted in ask(tx, application_id, [row["date"] for row in groups[None]]):
        place = None if counted.month is None else (counted.month, 0)
        if place in groups and counted.together == _sum(groups[place], column):
            numbers[place] = counted.different
    return numbers


def _sum(rows: Sequence[dict[str, Any]], column: str) -> int:
    return sum(row[column] for row in rows)


def _of_day(day: dict[str, Any]) -> Numbers:
    return Numbers(day["total_requests"], day["unique_visitors"], sessions=day["unique_sessions"])


def _of_hour(hour: dict[str, Any]) -> Numbers:
    return Numbers(hour["total_requests"], hour["unique_visitors"], sessions=None)
