"""Panels of an application's page that reports are shown in: pages, sources, devices and countries."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tracker.dashboard.ranges import Range
from tracker.dashboard.services import DashboardServices
from tracker.errors import Refused
from tracker.reports import answer

_ROWS: Final = 8
_PANELS: Final = {
    "pages": ("page", "page_views", '[["page", "is_not", null]]'),
    # A page of the site itself is no source.
    "sources": ("source", "visitors", '[["channel", "is_not", "internal"]]'),
    "devices": ("device", "visitors", None),
    "countries": ("country", "visitors", None),
}
"""By panel: the dimension, the measure, and which hits count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """The most frequent values of a dimension, each with its number; None stands for hits that have none."""

    name: str
    measure: str
    rows: list[tuple[str | None, int]]
    exact: bool


def read(services: DashboardServices, app_id: str, asked: Range, now: datetime) -> list[Panel] | None:
    """Return the panels that have anything to show; None where there are no reports just now. Raises DatabaseAway."""
    panels = []
    days = {"start_date": asked.shown.first.isoformat(), "end_date": asked.shown.last.isoformat()}
    for name, (dimension, measure, filters) in _PANELS.items():
        given = {**days, "dimensions": dimension, "measures": measure, "filters": filters, "limit": str(_ROWS)}
        try:
            found = answer.read(services.database, services.readers, app_id=app_id, given=given, now=now)
        except Refused:
            return None
        rows = [(row[dimension], row[measure]) for row in found.rows if row[measure]]
        if any(value is not None for value, _ in rows):
            panels.append(Panel(name=name, measure=measure, rows=rows, exact=found.exact))
    return panels
