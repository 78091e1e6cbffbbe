"""The statistics of one application over some days: totals, a series without holes, and its custom parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import orjson

from tracker.application import ApplicationIdentity
from tracker.clock import Clock
from tracker.errors import QueueUnavailable
from tracker.queueing.connection import Connection
from tracker.queueing.inspection import GRACE, settled_until
from tracker.reading import folded
from tracker.reading.asked import asked_of
from tracker.reading.parameter_filter import filter_text
from tracker.reading.period import Period
from tracker.reading.series import Bucket, Grouping, Numbers, rows
from tracker.store import matching_hits, statistics_reading, statistics_removals
from tracker.store.database import Database, Transaction
from tracker.store.matching_hits import Matching

MAX_DAYS: Final[Mapping[Grouping, int]] = {"hour": 31, "day": 366, "month": 3660}
"""Days that may be asked for by grouping."""
MAX_DAYS_FILTERED: Final = 92
"""Days that may be asked for with custom parameters, because all matching raw rows are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """The answer; its fields, in this order, are those of the HTTP interface.

    `unique_visitors` and `unique_sessions` are exact, or else the sum of the days' own numbers.
    `data_complete_until`: everything received before it is counted; None while the queue cannot be asked.
    `raw_rows_from`: with custom parameters, the first day whose raw rows are all there, where the period begins before.
    `custom_param_breakdown` maps a parameter to its most frequent values, at most 100, and these to their counts.
    `custom_param_stats` has for each parameter its type, how many values it had, and for numbers what they come to;
    `other` is how often all values came that the breakdown does not show, and `exact` says whether its counts
    are not too low.
    """

    app_id: str
    start_date: date
    end_date: date
    group_by: Grouping
    custom_params: Mapping[str, Any] | None
    total_requests: int
    unique_visitors: int
    unique_visitors_exact: bool
    unique_sessions: int
    unique_sessions_exact: bool
    data_complete_until: datetime | None
    raw_rows_from: date | None
    requests_by_date: list[dict[str, Any]]
    custom_param_breakdown: dict[str, dict[str, int]]
    custom_param_stats: dict[str, dict[str, Any]]


def read(
    database: Database,
    redis: Connection,
    clock: Clock,
    *,
    app_id: str,
    period: Period,
    group_by: Grouping = "day",
    custom_params: Mapping[str, Any] | None = None,
) -> Statistics:
    """Answer from the stored hours and days; with `custom_params`, from the raw rows of the hits that have them.

    Raises Refused: VALIDATION_ERROR for too many days or a bad filter, APPLICATION_NOT_FOUND, and SERVICE_UNAVAILABLE
    where it took PostgreSQL too long. Raises DatabaseUnavailable.
    """
    wanted = None if custom_params is None else filter_text(custom_params)
    if wanted is not None:
        period.demand_at_most(MAX_DAYS_FILTERED, "statistics with custom parameters")
    period.demand_at_most(MAX_DAYS[group_by], f"statistics by {group_by}")
    queue = queue_settled_until(redis, clock)
    with asked_of(database, app_id) as (tx, application):
        if wanted is None:
            counted = folded.count(tx, application.id, period, group_by)
            parameters = statistics_reading.parameters(tx, application.id, period.first, period.last)
            raw_rows_from = None
        else:
            matching = Matching(application=application, start=period.start, end=period.end, filter=wanted)
            counted = _count_matching(tx, matching, group_by)
            parameters = matching_hits.parameters(tx, matching)
            raw_rows_from = _raw_rows_from(tx, application, period)
        until = complete_until(tx, application.id, queue, folded=wanted is None)
    totals = counted.get(None) or Numbers()
    return Statistics(
        app_id=application.app_id,
        start_date=period.first,
        end_date=period.last,
        group_by=group_by,
        custom_params=None if wanted is None else orjson.loads(wanted),
        total_requests=totals.requests,
        unique_visitors=totals.visitors,
        unique_visitors_exact=totals.visitors_exact,
        unique_sessions=totals.sessions or 0,
        unique_sessions_exact=totals.sessions_exact,
        data_complete_until=until,
        raw_rows_from=raw_rows_from,
        requests_by_date=rows(period, group_by, _placed(counted)),
        custom_param_breakdown={key: _values(stat) for key, stat in parameters.items() if "values" in stat},
        custom_param_stats={key: _without_values(stat) for key, stat in parameters.items()},
    )


def _count_matching(tx: Transaction, matching: Matching, group_by: Grouping) -> dict[Bucket | None, Numbers]:
    """Count raw rows: the numbers by place, and under None those of the whole period; all of them exact."""
    counted: dict[Bucket | None, Numbers] = {}
    for row in matching_hits.count(tx, matching, group_by):
        period = row["period"]
        counted[None if period is None else (period.date(), period.hour)] = Numbers(
            requests=row["total_requests"], visitors=row["unique_visitors"], sessions=row["unique_sessions"]
        )
    return counted


def _raw_rows_from(tx: Transaction, application: ApplicationIdentity, period: Period) -> date | None:
    before = statistics_removals.before(tx, application.id)
    return before if before is not None and period.first < before else None


def _placed(counted: Mapping[Bucket | None, Numbers]) -> dict[Bucket, Numbers]:
    return {place: numbers for place, numbers in counted.items() if place is not None}


def _values(stat: Mapping[str, Any]) -> dict[str, int]:
    return {entry["value"]: entry["count"] for entry in stat["values"]}


def _without_values(stat: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in stat.items() if name != "values"}


def queue_settled_until(redis: Connection, clock: Clock) -> datetime | None:
    """Before which time nothing is in the queue any more; None while Redis cannot be asked.

    To be asked before the database is, because hits move from the queue into it.
    """
    try:
        return settled_until(redis, clock.now()) - GRACE
    except QueueUnavailable:
        return None


def complete_until(tx: Transaction, application_id: UUID, queue: datetime | None, *, folded: bool) -> datetime | None:
    """Return the time for an answer: `queue` is what the queue said.

    `folded` says that hours and days are read, not raw rows.
    """
    if queue is None:
        return None
    return statistics_reading.counted_until(tx, application_id, queue, folded=folded)
