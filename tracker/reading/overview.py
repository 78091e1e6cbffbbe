"""Several applications at a glance: a few days of each, for a list of them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from tracker.reading.asked import asked_of, bounded
from tracker.reading.period import Period
from tracker.store import statistics_reading
from tracker.store.database import Database, Transaction

MAX_COUNTED: Final = 50_000
"""Visitors of an application's single days together up to which the different ones among them are counted: some tenths
of a second."""
MAX_COUNTED_TOGETHER: Final = 250_000
"""The same of all applications of a list together, those with few visitors first: half a second or a little more."""


_LIST: Final = "*"
"""In place of an app_id, none of which is like it: lists take no more of the connections than one application."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """An application over a period: `visitors` are exact, or else the sum of the days' own numbers.

    `requests_by_day` has a number for every day of the period; the other two are those of its last day.
    """

    requests: int
    visitors: int
    visitors_exact: bool
    requests_by_day: list[int]
    last_requests: int
    last_visitors: int


def read(database: Database, application_ids: Sequence[UUID], period: Period) -> dict[UUID, Glance]:
    """Return a glance at each of the applications, also where nothing was counted.

    Raises Refused (SERVICE_UNAVAILABLE) where it took PostgreSQL too long, and DatabaseUnavailable.
    """
    rows_of: defaultdict[UUID, list[dict[str, Any]]] = defaultdict(list)
    with bounded(), database.snapshot(share_of=_LIST) as tx:
        for row in statistics_reading.days_of_many(tx, application_ids, period.first, period.last):
            rows_of[row["application_id"]].append(row)
        left, glances = MAX_COUNTED_TOGETHER, {}
        for application_id in sorted(application_ids, key=lambda name: _visitors_of_days(rows_of[name])):
            together = _visitors_of_days(rows_of[application_id])
            may_count = together <= min(MAX_COUNTED, left)
            left -= together if may_count else 0
            glances[application_id] = _glance(tx, application_id, rows_of[application_id], period, may_count=may_count)
        return glances


def first_counted(database: Database, *, app_id: str) -> date | None:
    """Return the first day of which the statistics of an application have a hit; None where they have none at all.

    Raises as `read` does, and APPLICATION_NOT_FOUND.
    """
    with asked_of(database, app_id) as (tx, application):
        return statistics_reading.first_counted(tx, application.id)


def _visitors_of_days(days: Sequence[dict[str, Any]]) -> int:
    return sum(day["unique_visitors"] for day in days)


def _glance(
    tx: Transaction, application_id: UUID, days: Sequence[dict[str, Any]], period: Period, *, may_count: bool
) -> Glance:
    by_day = {day["date"]: day for day in days}
    last = by_day.get(period.last, {})
    visitors, exact = _visitors(tx, application_id, list(by_day), _visitors_of_days(days), may_count=may_count)
    return Glance(
        requests=sum(day["total_requests"] for day in days),
        visitors=visitors,
        visitors_exact=exact,
        requests_by_day=[by_day[day]["total_requests"] if day in by_day else 0 for day in period.dates()],
        last_requests=last.get("total_requests", 0),
        last_visitors=last.get("unique_visitors", 0),
    )


def _visitors(
    tx: Transaction, application_id: UUID, dates: Sequence[date], together: int, *, may_count: bool
) -> tuple[int, bool]:
    if len(dates) <= 1 or not together:
        return together, True
    if may_count:
        for counted in statistics_reading.different_visitors(tx, application_id, dates):
            if counted.month is None and counted.together == together:
                return counted.different, True
    return together, False
