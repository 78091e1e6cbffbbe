"""Panels of an application's page that reports are shown in: pages, sources, devices and countries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import orjson

from tracker.dashboard.ranges import Range
from tracker.dashboard.services import DashboardServices
from tracker.errors import Refused, invalid, not_found
from tracker.reports import answer
from tracker.reports.filters import MAX_VALUE_LENGTH

_ROWS: Final = 8
_TOTALS: Final = ("requests", "page_views", "visitors", "sessions")
_PANELS: Final[dict[str, tuple[str, str, list[str | None] | None]]] = {
    "pages": ("page", "page_views", ["page", "is_not", None]),
    # A page of the site itself is no source.
    "sources": ("source", "visitors", ["channel", "is_not", "internal"]),
    "devices": ("device", "visitors", None),
    "countries": ("country", "visitors", None),
}
"""By panel: the dimension, the measure, and which hits count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """The most frequent values of a dimension, each with its number; None stands for hits that have none."""

    name: str
    dimension: str
    measure: str
    rows: list[tuple[str | None, int]]
    exact: bool


def filters_of(query: Mapping[str, str]) -> dict[str, str]:
    """Return the values that a page's address asks for, by dimension: `?source=Google&device=phone`. Raises Refused."""
    filters = {dimension: query[dimension] for dimension, _, _ in _PANELS.values() if query.get(dimension)}
    for dimension, value in filters.items():
        if len(value) > MAX_VALUE_LENGTH or "\0" in value:
            raise invalid(f"{dimension}: There is no such value.", **{dimension: ["There is no such value."]})
    return filters


def read(
    services: DashboardServices, app_id: str, asked: Range, now: datetime, filters: Mapping[str, str]
) -> list[Panel] | None:
    """Return the panels that have anything to show; None where there are no reports just now.

    Raises DatabaseUnavailable.
    """
    panels = []
    for name in _PANELS:
        try:
            panel = rows_of(services, app_id, name, asked, now, filters, limit=_ROWS)
        except Refused:
            return None
        if any(value is not None for value, _ in panel.rows):
            panels.append(panel)
    return panels


def rows_of(  # noqa: PLR0917 who, what, when, of which
    services: DashboardServices,
    app_id: str,
    name: str,
    asked: Range,
    now: datetime,
    filters: Mapping[str, str],
    *,
    limit: int,
) -> Panel:
    """Return one panel of as many values.

    Raises Refused, also for a name that there is not, and DatabaseUnavailable.
    """
    if name not in _PANELS:
        raise not_found("There is no such panel.")
    dimension, measure, condition = _PANELS[name]
    conditions = [*([] if condition is None else [condition]), *_conditions(filters)]
    given = {**_question(asked, measure, conditions), "dimensions": dimension, "limit": str(limit)}
    report = answer.read(services.database, services.readers, app_id=app_id, given=given, now=now)
    rows = [(row[dimension], row[measure]) for row in report.rows if row[measure]]
    return Panel(name=name, dimension=dimension, measure=measure, rows=rows, exact=report.exact)


def totals(
    services: DashboardServices, app_id: str, asked: Range, now: datetime, filters: Mapping[str, str]
) -> dict[str, int] | None:
    """Return what all hits with these values come to, by measure; None where there are no reports just now."""
    given = _question(asked, ",".join(_TOTALS), _conditions(filters))
    try:
        report = answer.read(services.database, services.readers, app_id=app_id, given=given, now=now)
    except Refused:
        return None
    row = report.rows[0] if report.rows else {}
    return {measure: int(row.get(measure) or 0) for measure in _TOTALS}


def _conditions(filters: Mapping[str, str]) -> list[list[str | None]]:
    return [[dimension, "is", value] for dimension, value in filters.items()]


def _question(asked: Range, measures: str, conditions: list[list[str | None]]) -> dict[str, str | None]:
    return {
        "start_date": asked.shown.first.isoformat(),
        "end_date": asked.shown.last.isoformat(),
        "measures": measures,
        "filters": orjson.dumps(conditions).decode() if conditions else None,
    }
