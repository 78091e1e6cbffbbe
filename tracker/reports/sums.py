"""Numbers of groups that are added up from several answers, and the rows that a question has of them. Pure."""

import heapq
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from tracker.facts.engine_connection import EngineRow
from tracker.reports.measures import Measure
from tracker.reports.question import MAX_OFFSET, Question

SUMS: Final = {
    "requests": Measure("requests", "coalesce(sum(requests), 0)::BIGINT"),
    "views": Measure("views", "coalesce(sum(views), 0)::BIGINT"),
    "visitors": Measure("visitors", "count(DISTINCT visitor)"),
    "sessions": Measure("sessions", "(singles + coalesce(others, 0))", needs_visits=True),
    "seconds": Measure(
        "seconds", "(single_seconds + coalesce(other_seconds, 0))", needs_visits=True, is_of_whole_visits=True
    ),
    "bounces": Measure(
        "bounces", "(single_bounces + coalesce(other_bounces, 0))", needs_visits=True, is_of_whole_visits=True
    ),
}
"""What can be added up, in this order, each as a measure too."""
OF_VISITS: Final = frozenset({"sessions", "seconds", "bounces"})
_MAX_LEADING: Final = 200
"""Of more groups visitors are rather told apart in the usual way."""
_MADE_OF: Final = {
    "requests": ("requests",),
    "page_views": ("views",),
    "visitors": ("visitors",),
    "sessions": ("sessions",),
    "views_per_session": ("views", "sessions"),
    "duration": ("seconds", "sessions"),
    "bounce_rate": ("bounces", "sessions"),
}
"""By measure: the sum that it is, or the two of which it is the quotient."""

_Group = tuple[tuple[Any, ...], tuple[Any, ...]]


class GroupSums:
    """The sums that a question's measures are made of, by group."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._width = len(question.dimensions) + (question.interval is not None)
        self._by_group: dict[tuple[Any, ...], list[float]] = {}
        needed = {name for measure in question.measures for name in _MADE_OF[measure.name]}
        # A group is there for its hits, views or none; groups of visits alone have no sum of hits.
        needed |= set() if "sessions" in needed else {"requests"}
        self.names = tuple(name for name in SUMS if name in needed)

    def question(self, names: Sequence[str]) -> Question:
        """Return the question for these of the sums, of every group."""
        measures = tuple(SUMS[name] for name in names)
        first = measures[0].name
        return replace(
            self._question, measures=measures, order_by=first, is_descending=True, limit=MAX_OFFSET, offset=0
        )

    def add(self, rows: Sequence[EngineRow], names: Sequence[str], *, sign: int = 1) -> None:
        """Add what was answered to the question for these sums, or take it away."""
        places, width = [self.names.index(name) for name in names], self._width
        for row in rows:
            sums = self._by_group.get(row[:width])
            if sums is None:
                sums = self._by_group[row[:width]] = [0] * len(self.names)
            for at, number in zip(places, row[width:], strict=True):
                sums[at] += sign * number

    def leading(self, late: Sequence[EngineRow]) -> list[tuple[Any, ...]] | None:
        """Return the groups that may be shown, where visitors are still to be added; None if they are too many.

        `late` has, as the first number of each group, how many hits these may be of. What is ordered by anything else
        has its order already. By visitors, largest first, none is shown that would have fewer even if each of these
        hits were another visitor's than the last one shown has without any.
        """
        question = self._question
        if question.order_by == "visitors":
            if not question.is_descending:
                return None
            visitors = self.names.index("visitors")
            more = {row[: self._width]: row[self._width] for row in late}
            known = heapq.nlargest(self._shown, (sums[visitors] for sums in self._by_group.values()))
            bound = known[-1] if len(known) == self._shown else 0
            leading = [key for key, sums in self._by_group.items() if sums[visitors] + more.get(key, 0) >= bound]
        else:
            leading = [row[: self._width] for row in self.rows()]
        return leading if len(leading) <= _MAX_LEADING else None

    @property
    def _shown(self) -> int:
        """Return how many groups, from the first one on, the page of rows needs."""
        return self._question.offset + self._question.limit + 1

    def rows(self) -> list[EngineRow]:
        """Return the page of rows that was asked for, and one more where there are more, in the order of the engine."""
        question = self._question
        groups = [(key, self._measured(sums)) for key, sums in self._foremost() if self._is_there(sums)]
        for at in reversed(range(self._width)):
            groups.sort(key=lambda group: _nothing_last(group[0][at]))
        if self._width:
            groups = self._ordered(groups)
        if question.interval is not None:
            groups.sort(key=lambda group: group[0][0])
        shown = groups[question.offset : question.offset + question.limit + 1]
        return [(*key, *measured) for key, measured in shown]

    def _foremost(self) -> list[tuple[tuple[Any, ...], list[float]]]:
        """Return the sums that have to be put in order: of 5,000 pages those with the largest numbers do."""
        question, items = self._question, list(self._by_group.items())
        made_of = _MADE_OF.get(question.order_by, ())
        if question.interval is not None or not question.is_descending or len(made_of) != 1:
            return items
        at = self.names.index(made_of[0])
        largest = heapq.nlargest(self._shown, [sums[at] for _, sums in items])
        return [(key, sums) for key, sums in items if sums[at] >= largest[-1]] if largest else []

    def _ordered(self, groups: list[_Group]) -> list[_Group]:
        question = self._question
        names = [dimension.name for dimension in question.dimensions]
        if question.order_by in names:
            at = self._width - len(names) + names.index(question.order_by)
            chosen = {key: key[at] for key, _ in groups}
        else:
            at = [measure.name for measure in question.measures].index(question.order_by)
            chosen = {key: measured[at] for key, measured in groups}
        with_value = [group for group in groups if chosen[group[0]] is not None]
        with_value.sort(key=lambda group: chosen[group[0]], reverse=question.is_descending)
        return [*with_value, *(group for group in groups if chosen[group[0]] is None)]

    def _is_there(self, sums: Sequence[float]) -> bool:
        counts = [number for name, number in zip(self.names, sums, strict=True) if name != "seconds"]
        return not self._width or any(counts)

    def _measured(self, sums: Sequence[float]) -> tuple[Any, ...]:
        by_name = dict(zip(self.names, sums, strict=True))
        return tuple(
            _quotient(*(by_name[name] for name in _MADE_OF[measure.name])) for measure in self._question.measures
        )


def _quotient(number: float, of: float | None = None) -> float | None:
    if of is None:
        return number
    return number / of if of else None


def _nothing_last(value: Any) -> tuple[bool, Any]:  # noqa: ANN401 any value of a group
    return value is None, "" if value is None else value
