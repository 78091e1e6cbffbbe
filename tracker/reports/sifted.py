"""What filters leave of the files, read once for all questions that are asked together, and kept in files that pass.

A dashboard's page with a filter asks ten questions about the same hits. Each of them would read the files of all days
for itself, and find the visits of several parts among those of everybody. What a filter leaves is written into a file
by whoever comes first, with the columns that any of them needs; and the visits of these rows into another one, by
whoever first asks about visits. A question fulfils its filters on these rows again: they may be more than it takes.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple

from tracker.facts.columns import VISIT_SOURCES
from tracker.facts.engine import Cursor, text
from tracker.reports.dimensions import Dimension
from tracker.reports.facts_read import FactsRead
from tracker.reports.filters import ReportFilter
from tracker.reports.leading import leading
from tracker.reports.passing_files import PassingFiles
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
from tracker.reports.visits import OF_VISITS, RAW, WHOLE, gathered_of

MAX_ROWS: Final = 1_000_000
"""Rows that filters leave, up to which they are written: of more, writing takes longer than reading them again."""
_ONE_IN: Final = 8
"""Of so many files one is looked at, to tell how many rows there are."""
_MIN_READINGS: Final = 3
_FORMAT: Final = "FORMAT parquet, PARQUET_VERSION v2, COMPRESSION uncompressed, DICTIONARY_SIZE_LIMIT 1000"
"""What takes least to write: numbers by their differences, which needs neither compression nor dictionaries."""
_WHO: Final = "coalesce(session, visitor)"
"""Whose visit a part may be of."""


@dataclass(frozen=True, slots=True)
class SiftedFacts:
    """What a question is asked of in the place of the files: each is what follows a FROM."""

    rows: str
    visits: str | None
    """Visits of several parts that these rows are of; where the rows are hits, all of their visits."""


class _Asked(NamedTuple):
    """Questions that are asked of the same rows, and what all of them leave out."""

    questions: tuple[Question, ...]
    filters: tuple[ReportFilter, ...]

    @property
    def first(self) -> Question:
        return self.questions[0]

    @property
    def is_of_parts(self) -> bool:
        return is_of_parts(self.first)

    def parts(self, files: FactsRead) -> tuple[str, list[object]]:
        """Return the query of the parts of all visits, and the values of its places."""
        return visit_parts_of(files, self.first.days, of_parts=has_whole_slots(self.first))

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

    def begin_with(self, parts: "_Asked") -> bool:
        """Return whether the visits of these hits are told from what the filters leave of these parts."""
        same = set(parts.filters) <= set(self.filters) and set(self.told_of_visits) <= set(parts.told_of_visits)
        return parts.leaves_whole_visits and same

    @property
    def told_of_visits(self) -> tuple[str, ...]:
        named = {name for question in self.questions for name in question.told_of_visits}
        return tuple(name for name in OF_VISITS if name in named)


@contextmanager
def sifted_of(
    question: Question,
    together: Sequence[Question],
    cursor: Cursor,
    passing: PassingFiles,
    files: FactsRead,
    *,
    timeout_minutes: int,
) -> Iterator[SiftedFacts | None]:
    """Give what the filters leave that a question has in common with those that are asked together.

    None where there is no such filter, where it leaves too much or cannot be written, or where the files are read no
    more than once. It stays while the block lasts.
    """
    asked = _asked(question, together)
    if sum(map(_readings, asked.questions)) < _MIN_READINGS:
        yield None
        return
    if not _conditions(asked, files) and not asked.begins_with_visits:
        yield None
        return
    made = _Made(asked, cursor, passing, files, timeout_minutes)
    if asked.begins_with_visits:
        with _parts_beside(made, together) as parts, made.visits(parts) as visits:
            if visits is None:
                yield None
                return
            with made.rows(visits) as rows:
                yield None if rows is None else SiftedFacts(rows, visits)
        return
    with made.rows(None) as rows:
        if rows is None or not question.needs_visits:
            yield None if rows is None else SiftedFacts(rows, None)
            return
        with made.visits(rows) as visits:
            yield None if visits is None else SiftedFacts(rows, visits)


@contextmanager
def _parts_beside(made: "_Made", together: Sequence[Question]) -> Iterator[str | None]:
    """Give the parts that the same filters leave, where others ask about them; else they are read for hits alone."""
    days = made.asked.first.days
    of_parts = [one for one in together if one.days == days and is_of_parts(one)]
    parts = _asked(of_parts[0], together) if of_parts else None
    if parts is None or not made.asked.begin_with(parts):
        yield None
        return
    with replace(made, asked=parts).rows(None) as rows:
        yield rows


@dataclass(frozen=True, slots=True)
class _Made:
    """The files of questions that are asked together; each is given as what follows a FROM."""

    asked: _Asked
    cursor: Cursor
    passing: PassingFiles
    files: FactsRead
    timeout_minutes: int

    @contextmanager
    def rows(self, visits: str | None) -> Iterator[str | None]:
        """Give what the filters leave; with `visits`, of these alone. None where it is too much."""

        def make(path: Path) -> bool:
            if self._expected(lambda files: _filtered(self.asked, files, visits)) > MAX_ROWS:
                return False
            _copy(self.cursor, *_filtered(self.asked, self.files, visits), path)
            return True

        with self._file("sifted", make) as rows:
            yield rows

    @contextmanager
    def visits(self, rows: str | None) -> Iterator[str | None]:
        """Give the visits that rows are of; without any, those that the filters may take. None where there is no room.

        Each is told from all of its parts, also from those that a filter leaves out.
        """

        def make(path: Path) -> bool:
            if rows is None and self._expected(lambda files: _near(self.asked, files, None)) > MAX_ROWS:
                return False
            _write_visits(self.cursor, self.asked, _near(self.asked, self.files, rows), path, self.timeout_minutes)
            return True

        with self._file("visits", make) as visits:
            yield visits

    @contextmanager
    def _file(self, name: str, make: Callable[[Path], bool]) -> Iterator[str | None]:
        key = (name, self.files.paths, self.files.are_within, self.asked, self.timeout_minutes)
        with self.passing.file(key, name, make, of=self.files.paths) as path:
            yield None if path is None else f"read_parquet({text(str(path))})"

    def _expected(self, query_of: Callable[[FactsRead], tuple[str, list[object]]]) -> int:
        """Return about how many rows a query has, by what a few files have of them: that takes no time."""
        files = self.files
        few = replace(files, paths=files.paths[::_ONE_IN], ranges=files.ranges[::_ONE_IN])
        query, params = query_of(few)
        [(rows,)] = self.cursor.rows(f"SELECT count(*) FROM ({query})", params)  # noqa: S608 our own names
        return int(rows) * len(files.paths) // len(few.paths)


def _asked(question: Question, together: Sequence[Question]) -> _Asked:
    """Return the questions that are asked of the same rows as this one, it among them."""
    kind = is_of_parts(question)
    same = [one for one in together if one.days == question.days and is_of_parts(one) == kind]
    if question not in same:
        same = [question]
    filters = dict.fromkeys(one for one in question.filters if all(one in other.filters for other in same))
    return _Asked(tuple(same), tuple(filters))


def _readings(question: Question) -> int:
    """Return how many times a question would read the files."""
    of_sources = is_of_parts(question) and reads_sources(question)
    looks_for_leading = not is_of_parts(question) and bool(leading(question, [one.name for one in question.dimensions]))
    return 1 + of_sources + looks_for_leading + 2 * question.needs_visits


def _conditions(asked: _Asked, files: FactsRead) -> list[tuple[str, list[object]]]:
    """Return what every row fulfils that some of these questions may take, as SQL with values."""
    conditions = []
    for one in asked.filters:
        if one.dimension.name in OF_VISITS:
            if asked.is_of_parts:
                conditions.append(_of_visits(one, asked, files))
        elif asked.is_of_parts and one.dimension.name in VISIT_SOURCES:
            conditions.append(_of_source(one))
        else:
            conditions.append(one.condition())
    return conditions


def _filtered(asked: _Asked, files: FactsRead, visits: str | None) -> tuple[str, list[object]]:
    conditions = _conditions(asked, files)
    if visits is not None:
        theirs, values = _all_of([one.condition() for one in asked.of_visits])
        conditions.append((f"{RAW} IN (SELECT raw FROM {visits} WHERE {theirs})", values))  # noqa: S608 our own names
    read, params = rows_read(asked.questions, files, with_visits=asked.leaves_whole_visits)
    condition, values = _all_of(conditions)
    return f"FROM ({read}) WHERE {condition}", [*params, *values]


def _all_of(conditions: Sequence[tuple[str, list[object]]]) -> tuple[str, list[object]]:
    return " AND ".join(condition for condition, _ in conditions), [value for _, of in conditions for value in of]


def _of_source(one: ReportFilter) -> tuple[str, list[object]]:
    """Return the condition on a part, some hits of which came from elsewhere and some were within the site."""
    outside, values = one.condition()
    no_source = "'internal'" if one.dimension.name == "channel" else "NULL::VARCHAR"
    within, more = replace(one, dimension=Dimension(one.dimension.name, no_source)).condition()
    return f"((requests > 0 AND {outside}) OR (internal_requests > 0 AND {within}))", [*values, *more]


def _of_visits(one: ReportFilter, asked: _Asked, files: FactsRead) -> tuple[str, list[object]]:
    """Return the condition on a part whose visit may have such a page or source: that of one of its parts."""
    parts, params = asked.parts(files)
    condition, values = one.condition()
    theirs = f"{_WHO} IN (SELECT {_WHO} FROM ({parts}) WHERE NOT is_whole AND {condition})"  # noqa: S608 our own names
    return f"CASE WHEN is_whole THEN {condition} ELSE {theirs} END", [*values, *params, *values]


def _near(asked: _Asked, files: FactsRead, rows: str | None) -> tuple[str, list[object]]:
    """Return the query of all parts of the visits that rows are of; without any, of those that the filters may take."""
    parts, params = asked.parts(files)
    names = visit_columns(asked.told_of_visits, with_counts=not asked.is_of_parts)
    if rows is not None and asked.leaves_whole_visits:
        return f"SELECT {names} FROM {rows} WHERE NOT is_whole", []  # noqa: S608 our own names
    if rows is not None and asked.begins_with_visits:
        return f"SELECT {names} FROM {rows}", []  # noqa: S608 our own names
    theirs, values = f"SELECT {_WHO} FROM {rows}", list[object]()  # noqa: S608 our own names
    if rows is None:
        condition, values = _all_of([_of_visits(one, asked, files) for one in asked.of_visits])
    elif asked.is_of_parts:
        condition = f"NOT is_whole AND {_WHO} IN ({theirs} WHERE NOT is_whole)"
    else:
        # Of one number: to look for two takes half as long again, and a visit that is there by chance does no harm.
        condition = f"CASE WHEN is_whole THEN visit ELSE {_WHO} END IN ({theirs} UNION ALL SELECT visit FROM {rows})"  # noqa: S608
    return f"SELECT {names} FROM ({parts}) WHERE {condition}", [*params, *values]  # noqa: S608 our own names


def _write_visits(
    cursor: Cursor, asked: _Asked, near: tuple[str, list[object]], to: Path, timeout_minutes: int
) -> None:
    query, params = near
    cursor.run(f"CREATE OR REPLACE TEMP TABLE near AS {query}", params)
    gathered = gathered_of("FROM near", timeout_minutes=timeout_minutes, names=asked.told_of_visits)
    cursor.run(f"CREATE OR REPLACE TEMP TABLE gathered_near AS {gathered}")
    visits = "FROM gathered_near"
    if not asked.is_of_parts:
        of_one_part = visits_of_one_part("FROM near", "gathered_near", (*WHOLE, *asked.told_of_visits))
        visits += f" UNION ALL BY NAME SELECT key AS raw, * FROM ({of_one_part})"  # noqa: S608 our own names
    _copy(cursor, visits, [], to)


def _copy(cursor: Cursor, query: str, params: Sequence[object], to: Path) -> None:
    cursor.run(f"COPY ({query}) TO {text(str(to))} ({_FORMAT})", params)
