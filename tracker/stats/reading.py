"""Reading: the statistics of one application by hour or by day."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from tracker.errors import not_found
from tracker.store import applications, statistics
from tracker.store.database import Database


def read(
    database: Database, app_id: str, first: date, last: date, *, by: Literal["hour", "day"] = "day"
) -> list[dict[str, Any]]:
    """The rows from `first` to `last` (UTC, both included), in order; hours and days without a hit have none.

    Numbers in `custom_param_stats` get their mean here. Raises Refused for an application that does not exist.
    """
    with database.transaction() as tx:
        application = applications.find(tx, app_id)
        if application is None:
            raise not_found(f"There is no application {app_id}: `python -m tracker apps list` shows them.")
        rows = (statistics.hours if by == "hour" else statistics.days)(tx, application.id, first, last)
    return [{**row, "custom_param_stats": _with_means(row["custom_param_stats"])} for row in rows]


def _with_means(stats: Mapping[str, Any] | None) -> dict[str, Any]:
    return {key: _with_mean(stat) for key, stat in (stats or {}).items()}


def _with_mean(stat: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**stat, "mean": stat["sum"] / stat["count"]} if stat["type"] == "number" else stat
