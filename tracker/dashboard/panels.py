"""Panels of an application's page that reports are shown in: one of each group at a time, the others a click away."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Final

import orjson

from tracker.dashboard.cards import OF_VISITS
from tracker.dashboard.carried_filters import are_long
from tracker.dashboard.filter_conditions import condition_of
from tracker.dashboard.panel_kinds import (
    COUNTED,
    GROUPS,
    INSTEAD,
    ONLY_WITH_ROWS,
    PERSONAL,
    Condition,
    Groups,
    groups_for,
    is_of_people,
    kind_of,
)
from tracker.dashboard.ranges import Range
from tracker.dashboard.services import DashboardServices
from tracker.errors import Refused, invalid, not_found
from tracker.reports import answer
from tracker.reports.answer import Report
from tracker.traffic_filters import PARAMETER, TrafficFilter

ROWS: Final = 8
"""Values of a panel on the page."""


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

    @property
    def filter_name(self) -> str:
        """Return how an address has the filter that takes one of its values."""
        return TrafficFilter(self.dimension, "is", "").name

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
class Asked:
    """What an address asks about: a time, values by dimension, and which panel of each group."""

    time: Range
    now: datetime
    filters: tuple[TrafficFilter, ...]
    panels: Mapping[str, str]
    groups: Groups = field(default_factory=lambda: GROUPS)
    """The panels that there are for who asks."""
    is_guest: bool = False
    """Whether somebody asks who came by a share link: panels and filters of people are not for them."""
    unknown: Refused | None = None
    """Why reports answer none of it: it names a custom parameter that there is not, or no longer."""
    are_carried: bool = False
    """Whether the filters stand in the path of the page, so that its links need not name them."""
    together: tuple[Mapping[str, str | None], ...] = ()
    """Questions that are asked at the same time: what the filters leave is read once for all of them."""

    def also(self, dimension: str, comparison: str, value: str) -> "Asked":
        """Return the same about fewer hits: those that fulfil this, too."""
        return replace(self, filters=(*self.filters, TrafficFilter(dimension, comparison, value)))

    def question(self, measures: str, conditions: list[Condition]) -> dict[str, str | None]:
        """Return a question about these hits, as `reports.answer` reads it."""
        chosen = [condition_of(one) for one in self.filters]
        return {
            "start_date": self.time.shown.first.isoformat(),
            "end_date": self.time.shown.last.isoformat(),
            "measures": measures,
            "filters": orjson.dumps([*conditions, *chosen]).decode() if conditions or chosen else None,
        }


def asked_of(
    query: Mapping[str, str],
    chosen: tuple[TrafficFilter, ...],
    time: Range,
    now: datetime,
    *,
    is_guest: bool = False,
    panel: str = "",
    parameters: Sequence[str] = (),
) -> Asked:
    """Return what an address asks about: `?places=cities` chooses a panel of a group. Raises Refused.

    `parameters` are the keys of custom parameters. Of all hits statistics know their values; where something is
    filtered, they are a group of panels.
    """
    if is_guest and any(is_of_people(one.dimension) for one in chosen):
        raise invalid("There is no such filter.", filters=["There is no such filter."])
    groups = groups_for(is_guest=is_guest, parameters=parameters if chosen else ())
    shown = {group: query[group] for group, names in groups.items() if query.get(group) in names}
    unknown = unknown_parameter((*(one.dimension for one in chosen), panel), parameters)
    return Asked(time, now, chosen, shown, groups, is_guest, unknown, are_carried=are_long(chosen))


def unknown_parameter(dimensions: Iterable[str], parameters: Collection[str]) -> Refused | None:
    """Return what to say of the first dimension that is a custom parameter of none of these keys, if there is one."""
    keys = (name.removeprefix(PARAMETER) for name in dimensions if name.startswith(PARAMETER))
    for key in keys:
        if key not in parameters:
            reason = f"There is no custom parameter '{key[:100]}'."
            return invalid(reason, filters=[reason])
    return None


def counts_visits(asked: Asked) -> bool:
    """Return whether one of the panels that are shown counts visits."""
    return any(kind_of(shown_of(group, asked)).measure not in COUNTED for group in asked.groups)


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
    return {group: partial(of_group, services, app_id, group, asked) for group in asked.groups}


def of_group(services: DashboardServices, app_id: str, group: str, asked: Asked) -> Panel:
    """Return the panel of a group that is shown. Raises Refused, DatabaseUnavailable."""
    if group not in asked.groups:
        raise not_found("There is no such panel.")
    name, *others = may_be_shown(group, asked)
    panel = rows_of(services, app_id, name, asked, limit=ROWS)
    instead = (rows_of(services, app_id, other, asked, limit=ROWS) for other in others if not panel.rows)
    return next((other for other in instead if other.rows), panel)


def shown_of(group: str, asked: Asked) -> str:
    """Return which panel of a group is shown, unless it is empty and another one stands in for it."""
    return asked.panels.get(group, asked.groups[group][0])


def may_be_shown(group: str, asked: Asked) -> tuple[str, ...]:
    """Return it, and those that stand in for it; for one that was asked for none does."""
    return (shown_of(group, asked), *(() if group in asked.panels else INSTEAD.get(group, ())))


def is_shown(panel: Panel, group: str, asked: Asked) -> bool:
    """Return whether a group has a place on the page: most have, whatever is in them."""
    return bool(panel.rows) or group not in ONLY_WITH_ROWS or group in asked.panels


def rows_of(
    services: DashboardServices, app_id: str, name: str, asked: Asked, *, limit: int, questions: int = 1
) -> Panel:
    """Return one panel of as many values, which each of so many `questions` asks for one after the other.

    Raises Refused, also for a name that there is not, and DatabaseUnavailable.
    """
    if asked.is_guest and name in PERSONAL:
        raise not_found("There is no such panel.")
    kind = kind_of(name)
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
    kind = kind_of(name)
    question = panel_question(name, asked, limit=limit)
    question["measures"] = ",".join(dict.fromkeys((kind.measure, *measures)))
    return {row[kind.asked]: row for row in ask(services, app_id, question, asked).rows}


def panel_question(name: str, asked: Asked, *, limit: int = ROWS) -> dict[str, str | None]:
    """Return what a panel asks."""
    kind = kind_of(name)
    return {**asked.question(kind.measure, kind.conditions()), "dimensions": kind.asked, "limit": str(limit)}


def ask(services: DashboardServices, app_id: str, given: Mapping[str, str | None], asked: Asked) -> Report:
    """Put a question to reports. Raises Refused, DatabaseUnavailable."""
    return answer.read(
        services.database, services.readers, app_id=app_id, given=given, now=asked.now, together=asked.together
    )
