"""Panels of an application's page that reports are shown in: one of each group at a time, the others a click away."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

import orjson

from tracker.dashboard.ranges import Range
from tracker.dashboard.services import DashboardServices
from tracker.errors import invalid, not_found
from tracker.reports import answer
from tracker.reports.answer import Report
from tracker.reports.filters import MAX_VALUE_LENGTH

_ROWS: Final = 8
Condition = list[str | None]
_FROM_ELSEWHERE: Final[Condition] = ["channel", "is_not", "internal"]
"""A page of the site itself is no source."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a panel is about: by which dimension, which measure; hits without a value count where that says much."""

    dimension: str
    measure: str = "visitors"
    counts_nothing: bool = True
    condition: Condition | None = None

    def conditions(self) -> list[Condition]:
        given = [self.dimension, "is_not", None] if not self.counts_nothing else None
        return [condition for condition in (self.condition, given) if condition is not None]


_KINDS: Final[dict[str, _Kind]] = {
    "pages": _Kind("page", "page_views", counts_nothing=False),
    "entry_pages": _Kind("entry_page", "sessions", counts_nothing=False),
    "exit_pages": _Kind("exit_page", "sessions", counts_nothing=False),
    "sources": _Kind("source", condition=_FROM_ELSEWHERE),
    "channels": _Kind("channel", condition=_FROM_ELSEWHERE),
    "referrers": _Kind("referrer", counts_nothing=False),
    "countries": _Kind("country"),
    "regions": _Kind("region"),
    "cities": _Kind("city"),
    "languages": _Kind("language"),
    "devices": _Kind("device"),
    "browsers": _Kind("browser"),
    "systems": _Kind("system"),
    "screens": _Kind("screen"),
    "campaigns": _Kind("utm_campaign", counts_nothing=False),
    "utm_sources": _Kind("utm_source", counts_nothing=False),
    "utm_mediums": _Kind("utm_medium", counts_nothing=False),
    "utm_terms": _Kind("utm_term", counts_nothing=False),
    "utm_contents": _Kind("utm_content", counts_nothing=False),
    "events": _Kind("event", "requests", counts_nothing=False),
}
GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "pages": ("pages", "entry_pages", "exit_pages"),
    "sources": ("sources", "channels", "referrers"),
    "places": ("countries", "regions", "cities", "languages"),
    "devices": ("devices", "browsers", "systems", "screens"),
    "campaigns": ("campaigns", "utm_sources", "utm_mediums", "utm_terms", "utm_contents"),
    "events": ("events",),
}
"""By group: its panels, the first of which is shown unless another one is asked for."""
_ONLY_WITH_ROWS: Final = ("campaigns", "events")
"""Groups that a site may do without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """The most frequent values of a dimension, each with its number; None stands for hits that have none."""

    name: str
    dimension: str
    measure: str
    rows: list[tuple[str | None, int]]
    exact: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks about: a time, values by dimension, and which panel of each group."""

    time: Range
    now: datetime
    filters: Mapping[str, str]
    panels: Mapping[str, str]

    def question(self, measures: str, conditions: list[Condition]) -> dict[str, str | None]:
        """Return a question about these hits, as `reports.answer` reads it."""
        chosen: list[Condition] = [[dimension, "is", value] for dimension, value in self.filters.items()]
        return {
            "start_date": self.time.shown.first.isoformat(),
            "end_date": self.time.shown.last.isoformat(),
            "measures": measures,
            "filters": orjson.dumps([*conditions, *chosen]).decode() if conditions or chosen else None,
        }


def asked_of(query: Mapping[str, str], time: Range, now: datetime) -> Asked:
    """Read `?source=Google&device=phone&places=cities`. Raises Refused."""
    dimensions = dict.fromkeys(kind.dimension for kind in _KINDS.values())
    filters = {dimension: query[dimension] for dimension in dimensions if query.get(dimension)}
    for dimension, value in filters.items():
        if len(value) > MAX_VALUE_LENGTH or "\0" in value:
            raise invalid(f"{dimension}: There is no such value.", **{dimension: ["There is no such value."]})
    panels = {group: query[group] for group, names in GROUPS.items() if query.get(group) in names[1:]}
    return Asked(time, now, filters, panels)


def questions(services: DashboardServices, app_id: str, asked: Asked) -> dict[str, Callable[[], Panel]]:
    """Return by group what asks for the panel of it that is shown."""
    return {group: partial(of_group, services, app_id, group, asked) for group in GROUPS}


def of_group(services: DashboardServices, app_id: str, group: str, asked: Asked) -> Panel:
    """Return the panel of a group that is shown. Raises Refused, DatabaseUnavailable."""
    if group not in GROUPS:
        raise not_found("There is no such panel.")
    return rows_of(services, app_id, asked.panels.get(group, GROUPS[group][0]), asked, limit=_ROWS)


def is_shown(panel: Panel, group: str, asked: Asked) -> bool:
    """Return whether a group has a place on the page: most have, whatever is in them."""
    return bool(panel.rows) or group not in _ONLY_WITH_ROWS or group in asked.panels


def rows_of(services: DashboardServices, app_id: str, name: str, asked: Asked, *, limit: int) -> Panel:
    """Return one panel of as many values.

    Raises Refused, also for a name that there is not, and DatabaseUnavailable.
    """
    if name not in _KINDS:
        raise not_found("There is no such panel.")
    kind = _KINDS[name]
    given = {**asked.question(kind.measure, kind.conditions()), "dimensions": kind.dimension, "limit": str(limit)}
    report = ask(services, app_id, given, asked.now)
    rows = [(row[kind.dimension], int(row[kind.measure])) for row in report.rows if row[kind.measure]]
    return Panel(name=name, dimension=kind.dimension, measure=kind.measure, rows=rows, exact=report.exact)


def ask(services: DashboardServices, app_id: str, given: Mapping[str, Any], now: datetime) -> Report:
    """Put a question to reports. Raises Refused, DatabaseUnavailable."""
    return answer.read(services.database, services.readers, app_id=app_id, given=given, now=now)
