"""Hours and days as they are stored, and what was left out."""

from collections.abc import Mapping
from typing import Any, Literal

from tracker.reading.asked import asked_of
from tracker.reading.period import Period
from tracker.store import filtered_hits, statistics
from tracker.store.database import Database


def read(
    database: Database, app_id: str, period: Period, *, by: Literal["hour", "day"] = "day"
) -> list[dict[str, Any]]:
    """Return the rows of a period, in order; hours and days without a hit have none.

    Numbers in `custom_param_stats` get their mean here. Raises Refused for an application that does not exist.
    """
    with asked_of(database, app_id) as (tx, application):
        rows = (statistics.hours if by == "hour" else statistics.days)(tx, application.id, period.first, period.last)
    return [{**row, "custom_param_stats": _with_means(row["custom_param_stats"])} for row in rows]


def read_filtered(database: Database, app_id: str) -> list[dict[str, Any]]:
    """Return how many hits were not counted as visits: a row for each hour (its beginning, UTC) and reason, in order.

    Raises Refused for an application that does not exist.
    """
    with asked_of(database, app_id) as (tx, application):
        return filtered_hits.list_rows(tx, application.id)


def sum_filtered(database: Database, *, app_id: str, period: Period) -> dict[str, int]:
    """Return how many over a period, by reason, the most frequent first.

    Raises as `tracker.reading.statistics.read` does.
    """
    with asked_of(database, app_id) as (tx, application):
        return filtered_hits.sums(tx, application.id, period.start, period.end)


def _with_means(stats: Mapping[str, Any] | None) -> dict[str, Any]:
    return {key: _with_mean(stat) for key, stat in (stats or {}).items()}


def _with_mean(stat: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**stat, "mean": stat["sum"] / stat["count"]} if stat["type"] == "number" else stat
