"""Reading: the statistics of one application by hour or by day."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal
from uuid import UUID

from tracker.errors import not_found
from tracker.store import applications, filtered_hits, statistics
from tracker.store.database import Database, Transaction


def read(
    database: Database, app_id: str, first: date, last: date, *, by: Literal["hour", "day"] = "day"
) -> list[dict[str, Any]]:
    """The rows from `first` to `last` (UTC, both included), in order; hours and days without a hit have none.

    Numbers in `custom_param_stats` get their mean here. Raises Refused for an application that does not exist.
    """
    with database.transaction() as tx:
        rows = (statistics.hours if by == "hour" else statistics.days)(tx, _id_of(tx, app_id), first, last)
    return [{**row, "custom_param_stats": _with_means(row["custom_param_stats"])} for row in rows]


def read_filtered(database: Database, app_id: str) -> list[dict[str, Any]]:
    """How many hits were not counted as visits: a row for each hour (its beginning, UTC) and reason, in order.

    Raises Refused for an application that does not exist.
    """
    with database.transaction() as tx:
        return filtered_hits.list_rows(tx, _id_of(tx, app_id))


def _id_of(tx: Transaction, app_id: str) -> UUID:
    application = applications.find(tx, app_id)
    if application is None:
        raise not_found(f"There is no application {app_id}: `python -m tracker apps list` shows them.")
    return application.id


def _with_means(stats: Mapping[str, Any] | None) -> dict[str, Any]:
    return {key: _with_mean(stat) for key, stat in (stats or {}).items()}


def _with_mean(stat: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**stat, "mean": stat["sum"] / stat["count"]} if stat["type"] == "number" else stat
