"""Panels of an application's page that reports are shown in: one of each group at a time, the others a click away."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final

import orjson

from tracker.dashboard.cards import OF_VISITS
from tracker.dashboard.ranges import Range
from tracker.dashboard.services import DashboardServices
from tracker.errors import Refused, invalid, not_found
from tracker.reports import answer
from tracker.reports.answer import Report
from tracker.reports.filters import MAX_FILTERS, MAX_VALUE_LENGTH

ROWS: Final = 8
"""Values of a panel on the page."""
COUNTED: Final = ("visitors", "page_views", "requests")
"""What panels count, beside visits, which take longer: their shares are of all there are of it."""
MAX_CHOSEN: Final = MAX_FILTERS - 2
"""Filters of an address: a panel asks besides that there is a value, and that it has what somebody seeks."""
Condition = list[str | None]
COMPARISONS: Final = {"is": "is", "is_not": "is_not", "contains": "contains_any_case"}
"""What an address calls a comparison, and what reports call it: people type in lower case."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a panel is about: by which dimension, which measure; hits without a value count where that says much."""

    dimension: str
    """As addresses have it."""
    measure: str = "visitors"
    counts_nothing: bool = True
    asked_as: str = ""
    """As reports have it, where that is something else."""

    @property
    def asked(self) -> str:
        return self.asked_as or self.dimension

    def conditions(self) -> list[Condition]:
        return [] if self.counts_nothing else [[self.asked, "is_not", None]]


def _arrival(dimension: str, *, counts_nothing: bool = False) -> _Kind:
    """Return a panel of where visits came from: pages that were reached from within the site have sources, too."""
    return _Kind(dimension, "sessions", counts_nothing=counts_nothing, asked_as=f"visit_{dimension}")


_KINDS: Final[dict[str, _Kind]] = {
    "pages": _Kind("page", "page_views", counts_nothing=False),
    "entry_pages": _Kind("entry_page", "sessions", counts_nothing=False),
    "exit_pages": _Kind("exit_page", "sessions", counts_nothing=False),
    "sources": _arrival("source", counts_nothing=True),
    "channels": _arrival("channel", counts_nothing=True),
    "referrers": _arrival("referrer"),
    "countries": _Kind("country"),
    "regions": _Kind("region"),
    "cities": _Kind("city"),
    "languages": _Kind("language"),
    "devices": _Kind("device"),
    "browsers": _Kind("browser"),
    "systems": _Kind("system"),
    "screens": _Kind("screen"),
    "campaigns": _arrival("utm_campaign"),
    "utm_sources": _arrival("utm_source"),
    "utm_mediums": _arrival("utm_medium"),
    "utm_terms": _arrival("utm_term"),
    "utm_contents": _arrival("utm_content"),
    "events": _Kind("event", "requests", counts_nothing=False),
}
_ASKED_AS: Final = {kind.dimension: kind.asked for kind in _KINDS.values()}
DIMENSIONS: Final = tuple(_ASKED_AS)
"""What can be filtered by, as addresses have it."""
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
    is_cut: bool = False
    """Whether there are values that were not read."""

    def all_of(self, whole: Mapping[str, int]) -> int | None:
        """Return how much there is of its measure in all; None where nobody knows.

        Whoever is in several rows, as a visitor of two sources is, counts in each: shares may come to more than 100 %.
        """
        return (whole.get(self.measure) or None) if self.exact else None

    def also(self, other: "Panel") -> "Panel":
        """Return it with the values of another one of the same hits, too, the most frequent first."""
        rows = {**dict(self.rows), **dict(other.rows)}
        ordered = sorted(rows.items(), key=lambda row: -row[1])
        return replace(self, rows=ordered, exact=self.exact and other.exact, is_cut=self.is_cut or other.is_cut)

    def only(self, fits: Callable[[str], bool]) -> "Panel":
        """Return it with those of its values that fit."""
        return replace(self, rows=[row for row in self.rows if row[0] is not None and fits(row[0])])


@dataclass(frozen=True, slots=True)
class ChosenFilter:
    """A condition that somebody has chosen: the hits whose value is this one, or is not, or contains it.

    Of a source and the like they are those of the visits that came from there.
    """

    dimension: str
    comparison: str
    value: str

    @property
    def name(self) -> str:
        """Return how an address has it: `page`, `page.is_not`, `page.contains`."""
        return self.dimension if self.comparison == "is" else f"{self.dimension}.{self.comparison}"

    @property
    def opposite(self) -> "ChosenFilter | None":
        """Return the condition that takes all other hits, if there is one."""
        comparison = {"is": "is_not", "is_not": "is"}.get(self.comparison)
        return None if comparison is None else replace(self, comparison=comparison)


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks about: a time, values by dimension, and which panel of each group."""

    time: Range
    now: datetime
    filters: tuple[ChosenFilter, ...]
    panels: Mapping[str, str]
    together: tuple[Mapping[str, str | None], ...] = ()
    """Questions that are asked at the same time: what the filters leave is read once for all of them."""

    def also(self, dimension: str, comparison: str, value: str) -> "Asked":
        """Return the same about fewer hits: those that fulfil this, too."""
        return replace(self, filters=(*self.filters, ChosenFilter(dimension, comparison, value)))

    def question(self, measures: str, conditions: list[Condition]) -> dict[str, str | None]:
        """Return a question about these hits, as `reports.answer` reads it."""
        chosen: list[Condition] = [
            [_ASKED_AS[one.dimension], COMPARISONS[one.comparison], one.value] for one in self.filters
        ]
        return {
            "start_date": self.time.shown.first.isoformat(),
            "end_date": self.time.shown.last.isoformat(),
            "measures": measures,
            "filters": orjson.dumps([*conditions, *chosen]).decode() if conditions or chosen else None,
        }


def asked_of(query: Mapping[str, str], time: Range, now: datetime) -> Asked:
    """Read `?source=Google&device.is_not=phone&page.contains=blog&places=cities`. Raises Refused."""
    panels = {group: query[group] for group, names in GROUPS.items() if query.get(group) in names[1:]}
    return Asked(time, now, filters_of(query), panels)


def filters_of(query: Mapping[str, str]) -> tuple[ChosenFilter, ...]:
    """Return the filters of an address. Raises Refused."""
    possible = (ChosenFilter(dimension, comparison, "") for dimension in _ASKED_AS for comparison in COMPARISONS)
    filters = tuple(replace(one, value=query[one.name]) for one in possible if query.get(one.name))
    if len(filters) > MAX_CHOSEN:
        raise Refused("TOO_MANY_FILTERS", 400, f"At most {MAX_CHOSEN} filters can be chosen at once.")
    for one in filters:
        if len(one.value) > MAX_VALUE_LENGTH or "\0" in one.value:
            raise invalid(f"{one.name}: There is no such value.", **{one.name: ["There is no such value."]})
    return filters


def counts_visits(asked: Asked) -> bool:
    """Return whether one of the panels that are shown counts visits."""
    return any(_KINDS[shown_of(group, asked)].measure not in COUNTED for group in GROUPS)


def whole(services: DashboardServices, app_id: str, asked: Asked, *, with_visits: bool) -> Mapping[str, int]:
    """Return how much there is in all of what panels count, by measure; nothing where that is not known exactly.

    Raises Refused, DatabaseUnavailable.
    """
    questions = whole_questions(asked, with_visits=with_visits)
    return {
        name: number
        for question in questions
        for name, number in counted_in(ask(services, app_id, question, asked)).items()
    }


def whole_questions(asked: Asked, *, with_visits: bool) -> list[dict[str, str | None]]:
    """Return what `whole` asks: what the page's numbers have asked, too, so that it is looked up once for both."""
    return [asked.question(",".join(COUNTED), []), *([visits_question(asked)] if with_visits else [])]


def visits_question(asked: Asked) -> dict[str, str | None]:
    """Return what asks how many visits there were, and what they were like."""
    return asked.question(",".join(OF_VISITS), [])


def counted_in(report: Report) -> Mapping[str, int]:
    """Return the numbers of a report without dimensions, if they are exact: only then others are shares of them."""
    return report.rows[0] if report.exact else {}


def questions(services: DashboardServices, app_id: str, asked: Asked) -> dict[str, Callable[[], Panel]]:
    """Return by group what asks for the panel of it that is shown."""
    return {group: partial(of_group, services, app_id, group, asked) for group in GROUPS}


def of_group(services: DashboardServices, app_id: str, group: str, asked: Asked) -> Panel:
    """Return the panel of a group that is shown. Raises Refused, DatabaseUnavailable."""
    if group not in GROUPS:
        raise not_found("There is no such panel.")
    return rows_of(services, app_id, shown_of(group, asked), asked, limit=ROWS)


def shown_of(group: str, asked: Asked) -> str:
    """Return which panel of a group is shown."""
    return asked.panels.get(group, GROUPS[group][0])


def is_shown(panel: Panel, group: str, asked: Asked) -> bool:
    """Return whether a group has a place on the page: most have, whatever is in them."""
    return bool(panel.rows) or group not in _ONLY_WITH_ROWS or group in asked.panels


def rows_of(
    services: DashboardServices, app_id: str, name: str, asked: Asked, *, limit: int, questions: int = 1
) -> Panel:
    """Return one panel of as many values, which each of so many `questions` asks for one after the other.

    Raises Refused, also for a name that there is not, and DatabaseUnavailable.
    """
    if name not in _KINDS:
        raise not_found("There is no such panel.")
    kind = _KINDS[name]
    panel = Panel(name=name, dimension=kind.dimension, measure=kind.measure, rows=[], exact=True)
    question = panel_question(name, asked, limit=limit)
    for _ in range(questions):
        report = ask(services, app_id, question, asked)
        rows = [(row[kind.asked], int(row[kind.measure])) for row in report.rows if row[kind.measure]]
        panel = replace(
            panel, rows=panel.rows + rows, exact=panel.exact and report.exact, is_cut=bool(report.next_cursor)
        )
        if report.next_cursor is None:
            break
        question["cursor"] = report.next_cursor
    return panel


def measured(
    services: DashboardServices, app_id: str, name: str, asked: Asked, measures: Sequence[str], *, limit: int
) -> Mapping[str | None, Mapping[str, float | None]]:
    """Return measures by value, of as many of a panel's values. Raises Refused, DatabaseUnavailable."""
    kind = _KINDS[name]
    question = panel_question(name, asked, limit=limit)
    question["measures"] = ",".join(dict.fromkeys((kind.measure, *measures)))
    return {row[kind.asked]: row for row in ask(services, app_id, question, asked).rows}


def panel_question(name: str, asked: Asked, *, limit: int = ROWS) -> dict[str, str | None]:
    """Return what a panel asks."""
    kind = _KINDS[name]
    return {**asked.question(kind.measure, kind.conditions()), "dimensions": kind.asked, "limit": str(limit)}


def ask(services: DashboardServices, app_id: str, given: Mapping[str, str | None], asked: Asked) -> Report:
    """Put a question to reports. Raises Refused, DatabaseUnavailable."""
    return answer.read(
        services.database, services.readers, app_id=app_id, given=given, now=asked.now, together=asked.together
    )
