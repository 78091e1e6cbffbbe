"""Questions that are asked of the same rows, and what their filters leave of the files, as SQL. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from tracker.facts.columns import VISIT_SOURCES
from tracker.facts.engine import quoted
from tracker.reports.dimensions import Dimension
from tracker.reports.facts_read import FactsRead
from tracker.reports.filters import ReportFilter
from tracker.reports.leading import leading
from tracker.reports.question import Question
from tracker.reports.tables import (
    has_whole_slots,
    is_of_parts,
    reads_sources,
    rows_read,
    visit_columns,
    visit_parts_of,
    visits_of_one_part,
)
from tracker.reports.visits import OF_VISITS, RAW

_WHO: Final = "coalesce(session, visitor)"
"""Whose visit a part may be of."""
_SQL = tuple[str, list[object]]
"""A query or a condition, and the values of its places."""


@dataclass(frozen=True, slots=True)
class AskedTogether:
    """Questions that are asked of the same rows, and what all of them leave out."""

    questions: tuple[Question, ...]
    filters: tuple[ReportFilter, ...]

    @property
    def first(self) -> Question:
        return self.questions[0]

    @property
    def is_of_parts(self) -> bool:
        return is_of_parts(self.first)

    @property
    def readings(self) -> int:
        """Return how many times they would read the files."""
        return sum(map(_readings, self.questions))

    @property
    def of_visits(self) -> list[ReportFilter]:
        """Return the filters on what only whole visits tell: their pages, their sources."""
        return [one for one in self.filters if one.dimension.name in OF_VISITS]

    @property
    def begins_with_visits(self) -> bool:
        """Return whether it is about the hits of visits with such a page or source: only visits tell which."""
        return bool(self.of_visits) and not self.is_of_parts

    @property
    def leaves_whole_visits(self) -> bool:
        """Return whether what the filters leave has all parts of its visits: no filter takes some of them alone."""
        return self.is_of_parts and bool(self.filters) and len(self.of_visits) == len(self.filters)

    @property
    def told_of_visits(self) -> tuple[str, ...]:
        return told_of_visits(self.questions)

    def begin_with(self, parts: "AskedTogether") -> bool:
        """Return whether the visits of these hits are told from what the filters leave of these parts."""
        same = set(parts.filters) <= set(self.filters) and set(self.told_of_visits) <= set(parts.told_of_visits)
        return parts.leaves_whole_visits and same

    def of_rows(self, question: Question) -> Question:
        """Return what is left to ask of the rows that the filters leave: without what each of them fulfils.

        Whoever asks about the hits of visits, and not about these, needs no visits then.
        """
        if self.begins_with_visits:
            of_hits = _without(question, self.filters)
            return question if of_hits.needs_visits else of_hits
        return _without(question, [one for one in self.filters if not self._leaves_more(one)])

    def of_other_visits(self, question: Question) -> Question:
        """Return what is left to ask of the rows of all visits but those that the filters on visits do not take."""
        left = [one for one in self.filters if one in self.of_visits or not self._leaves_more(one)]
        return _without(question, left)

    def _leaves_more(self, one: ReportFilter) -> bool:
        """Return whether the condition on rows takes more of them than the filter does."""
        return self.is_of_parts and one.dimension.name in (*OF_VISITS, *VISIT_SOURCES)

    @property
    def needs_visits(self) -> bool:
        """Return whether visits are needed for what is left to ask of the rows."""
        return any(self.of_rows(question).needs_visits for question in self.questions)

    @property
    def constants(self) -> dict[str, str]:
        """Return by column the value that it has in every row: it is not written, which texts take longest."""
        of_columns = [one for one in self.filters if one.dimension.sql == quoted(one.dimension.name)]
        return {
            one.dimension.name: value
            for one in of_columns
            if one.comparison == "is" and (value := one.values[0]) is not None and not self._leaves_more(one)
            if one.dimension.name not in OF_VISITS
        }

    def filtered(self, files: FactsRead, visits: str | None = None) -> _SQL:
        """Return the query of what the filters leave, without `constants`; with `visits`, of these alone."""
        return self._filtered(files, visits, [*self.constants])

    def whole_rows(self, files: FactsRead, but: str | None = None) -> _SQL:
        """Return the query of what the filters leave, with all that these questions need of it.

        `but` are the numbers of visits that the filters on visits do not take: they need not be asked of the others.
        """
        if but is None:
            return self._filtered(files, None, [])
        read, params = rows_read(self.questions, files)
        condition, values = _all_of(self._conditions_on_rows())
        rows = f"SELECT files.* FROM ({read}) AS files ANTI JOIN {but} AS others ON others.raw = {RAW}"  # noqa: S608 our own names
        return f"{rows} WHERE {condition}", [*params, *values]

    def not_taken(self, files: FactsRead, gathered: str) -> tuple[_SQL, _SQL]:
        """Return the queries of the numbers of visits that the filters on visits do not take.

        First of those of one part, then of the others; `gathered` has these.
        """
        condition, values = _all_of([one.condition() for one in self.of_visits])
        parts, params = self.parts(files)
        names = tuple(name for name in OF_VISITS if name in {one.dimension.name for one in self.of_visits})
        of_one_part = visits_of_one_part(parts, gathered, names)
        return (
            (f"SELECT key AS raw FROM ({of_one_part}) WHERE ({condition}) IS NOT TRUE", [*params, *values]),  # noqa: S608
            (f"SELECT raw FROM {gathered} WHERE ({condition}) IS NOT TRUE", values),  # noqa: S608 our own names
        )

    def _filtered(self, files: FactsRead, visits: str | None, left_out: list[str]) -> _SQL:
        read, params = rows_read(self.questions, files, with_visits=self.leaves_whole_visits)
        conditions, visitor = self.conditions(files), ""
        if visits is not None:
            theirs, values = _all_of([one.condition() for one in self.of_visits])
            conditions.append((f"{RAW} IN (SELECT raw FROM {visits} WHERE {theirs})", values))  # noqa: S608 our own names
            if not self.needs_visits:
                left_out += ["session", "visit"]
                if not any(question.counts_visitors for question in self.questions):
                    # Random numbers: they take as much to read as pages do.
                    visitor = "REPLACE (NULL::UBIGINT AS visitor)"
        exclude = f"EXCLUDE ({', '.join(map(quoted, left_out))})" if left_out else ""
        condition, values = _all_of(conditions)
        return f"SELECT * {exclude} {visitor} FROM ({read}) WHERE {condition}", [*params, *values]  # noqa: S608 our own

    def conditions(self, files: FactsRead) -> list[_SQL]:
        """Return what every row fulfils that some of these questions may take."""
        of_visits = [self._of_visits(one, files) for one in self.of_visits] if self.is_of_parts else []
        return [*self._conditions_on_rows(), *of_visits]

    def _conditions_on_rows(self) -> list[_SQL]:
        """Return what a row alone tells of it."""
        return [
            _of_source(one) if self.is_of_parts and one.dimension.name in VISIT_SOURCES else one.condition()
            for one in self.filters
            if one not in self.of_visits
        ]

    def near(self, files: FactsRead, rows: str | None) -> _SQL:
        """Return the query of all parts of the visits that rows are of, and maybe of others of the same visitors.

        Without any, of those that the filters may take.
        """
        parts, params = self.parts(files)
        names = visit_columns(self.told_of_visits, with_counts=not self.is_of_parts)
        if rows is not None and self.leaves_whole_visits:
            return f"SELECT {names} FROM {rows} WHERE NOT is_whole", []  # noqa: S608 our own names
        if rows is not None and self.begins_with_visits:
            return f"SELECT {names} FROM {rows}", []  # noqa: S608 our own names
        theirs, values = f"SELECT {_WHO} FROM {rows}", list[object]()  # noqa: S608 our own names
        if rows is None:
            condition, values = _all_of([self._of_visits(one, files) for one in self.of_visits])
        elif self.is_of_parts:
            condition = f"NOT is_whole AND {_WHO} IN ({theirs} WHERE NOT is_whole)"
        else:
            # Of one number: to look for two takes half as long again; other visits are left out at the end.
            numbers = f"{theirs} UNION ALL SELECT visit FROM {rows}"  # noqa: S608 our own names
            condition = f"CASE WHEN is_whole THEN visit ELSE {_WHO} END IN ({numbers})"
        return f"SELECT {names} FROM ({parts}) WHERE {condition}", [*params, *values]  # noqa: S608 our own names

    def parts(self, files: FactsRead) -> _SQL:
        """Return the query of the parts of all visits."""
        return visit_parts_of(files, self.first.days, of_parts=has_whole_slots(self.first))

    def _of_visits(self, one: ReportFilter, files: FactsRead) -> _SQL:
        """Return the condition on a part whose visit may have such a page or source: that of one of its parts."""
        parts, params = self.parts(files)
        condition, values = one.condition()
        theirs = f"{_WHO} IN (SELECT {_WHO} FROM ({parts}) WHERE NOT is_whole AND {condition})"  # noqa: S608 our own names
        return f"CASE WHEN is_whole THEN {condition} ELSE {theirs} END", [*values, *params, *values]


def asked_together(question: Question, together: Sequence[Question]) -> AskedTogether:
    """Return the questions that are asked of the same rows as this one, it among them."""
    kind = is_of_parts(question)
    same = [one for one in together if one.days == question.days and is_of_parts(one) == kind]
    if question not in same:
        same = [question]
    filters = dict.fromkeys(one for one in question.filters if all(one in other.filters for other in same))
    return AskedTogether(tuple(same), tuple(filters))


def told_of_visits(questions: Sequence[Question]) -> tuple[str, ...]:
    """Return what any of these asks of visits."""
    named = {name for question in questions for name in question.told_of_visits}
    return tuple(name for name in OF_VISITS if name in named)


def _without(question: Question, filters: Sequence[ReportFilter]) -> Question:
    return replace(question, filters=tuple(one for one in question.filters if one not in filters))


def _readings(question: Question) -> int:
    """Return how many times a question would read the files."""
    of_sources = is_of_parts(question) and reads_sources(question)
    looks_for_leading = not is_of_parts(question) and bool(leading(question, [one.name for one in question.dimensions]))
    return 1 + of_sources + looks_for_leading + 2 * question.needs_visits


def _all_of(conditions: Sequence[_SQL]) -> _SQL:
    texts = [condition for condition, _ in conditions]
    return " AND ".join(texts) or "true", [value for _, of in conditions for value in of]


def _of_source(one: ReportFilter) -> _SQL:
    """Return the condition on a part, some hits of which came from elsewhere and some were within the site."""
    outside, values = one.condition()
    no_source = "'internal'" if one.dimension.name == "channel" else "NULL::VARCHAR"
    within, more = replace(one, dimension=Dimension(one.dimension.name, no_source)).condition()
    return f"((requests > 0 AND {outside}) OR (internal_requests > 0 AND {within}))", [*values, *more]
