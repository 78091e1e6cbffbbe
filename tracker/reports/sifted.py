"""What filters leave of the files, read once for all questions that are asked together, and kept in files that pass.

A dashboard's page with a filter asks ten questions about the same hits. Each of them would read the files of all days
for itself, and find the visits of several parts among those of everybody. What a filter leaves is written into a file
by whoever comes first, with the columns that any of them needs; and the visits of these rows into another one, by
whoever first asks about visits. What filters each of these rows fulfils a question does not ask of them again.

Where a filter leaves so much that it is not written, each question reads it from the files, and only the visits are
written, taken from those of everybody.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from tracker.facts.engine import Cursor, quoted, text
from tracker.reports.asked_together import AskedTogether, asked_together
from tracker.reports.facts_read import FactsRead
from tracker.reports.passing_files import PassingFiles
from tracker.reports.question import Question
from tracker.reports.tables import is_of_parts, visits_of_one_part
from tracker.reports.visits import RAW, WHOLE, gathered_of

MAX_ROWS: Final = 1_000_000
"""Rows that filters leave, up to which they are written: of more, writing takes longer than reading them again."""
MAX_OTHERS: Final = 1_000_000
"""Visits that filters do not take, up to which they are left out of everybody's."""
ONE_IN_OTHERS: Final = 3
"""Nor are they more than one in so many: else what they take is less than what is left out."""
_ONE_IN: Final = 16
"""Of so many files one is looked at, to tell how many rows there are."""
_MIN_READINGS: Final = 3
MIN_QUESTIONS: Final = 3
"""Questions about parts of visits for which it is worth looking for visits that filters do not take."""
_FORMAT: Final = "FORMAT parquet, PARQUET_VERSION v2, COMPRESSION uncompressed, DICTIONARY_SIZE_LIMIT 1000"
"""What takes least to write: numbers by their differences, which needs neither compression nor dictionaries."""


@dataclass(frozen=True, slots=True)
class SiftedFacts:
    """What a question is asked of in the place of the files: `rows` and `visits` are what follows a FROM."""

    question: Question
    """What is left to ask."""
    are_parts: bool
    """Whether the rows are parts of visits, or hits."""
    rows: str
    visits: str | None
    """Visits of several parts that these rows are of; where the rows are hits, all of their visits."""
    params: list[object] = field(default_factory=list)
    """The values of the places in `rows`."""

    @property
    def query(self) -> tuple[str, list[object]]:
        """Return the query of the rows."""
        return f"FROM {self.rows}", self.params


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
    asked = asked_together(question, together)
    if asked.readings < _MIN_READINGS:
        yield None
        return
    if not asked.conditions(files) and not asked.begins_with_visits:
        yield None
        return
    made, left = _Made(asked, cursor, passing, files, timeout_minutes), asked.of_rows(question)
    if asked.begins_with_visits:
        with _visits_of_hits(made, together) as visits:
            if visits is None:
                yield None
                return
            with made.rows(visits) as rows:
                theirs = visits if left.needs_visits else None
                yield None if rows is None else SiftedFacts(left, asked.is_of_parts, rows, theirs)
        return
    with made.rows(None) as rows:
        if rows is None or not left.needs_visits:
            yield None if rows is None else SiftedFacts(left, asked.is_of_parts, rows, None)
            return
        with made.visits(rows) as visits:
            yield None if visits is None else SiftedFacts(left, asked.is_of_parts, rows, visits)


@contextmanager
def unwritten_of(
    question: Question,
    together: Sequence[Question],
    cursor: Cursor,
    passing: PassingFiles,
    files: FactsRead,
    *,
    gathered: str,
    timeout_minutes: int,
) -> Iterator[SiftedFacts | None]:
    """Give the same where it is too much to be written: visits of these rows alone, by the table of everybody's.

    Where whole visits decide what the filters leave, the few that they do not take are looked for, and everything else
    is asked about. None where these are not few, or the visits cannot be written.
    """
    asked = asked_together(question, together)
    made = _Made(asked, cursor, passing, files, timeout_minutes)
    if asked.of_visits:
        if asked.is_of_parts and len(asked.questions) < MIN_QUESTIONS:
            yield None
            return
        with made.not_taken(gathered) as others:
            if others is None:
                yield None
                return
            with made.unwritten(asked.of_other_visits(question), gathered, others) as sifted:
                yield sifted
        return
    left = asked.of_rows(question)
    if not asked.is_of_parts or left == question:
        yield None
        return
    with made.unwritten(left, gathered, None) as sifted:
        yield sifted


@contextmanager
def _visits_of_hits(made: "_Made", together: Sequence[Question]) -> Iterator[str | None]:
    """Give the visits that filters take, of hits that they are to leave. None where there is no room.

    They are told from the parts that the same filters leave, where others ask about these; and where nobody asks what
    the visits of the hits were like, they are those of the parts.
    """
    days = made.asked.first.days
    of_parts = [one for one in together if one.days == days and is_of_parts(one)]
    parts = asked_together(of_parts[0], together) if of_parts else None
    if parts is None or not made.asked.begin_with(parts):
        with made.visits(None) as visits:
            yield visits
        return
    beside = replace(made, asked=parts)
    with beside.rows(None) as rows:
        if rows is None or made.asked.needs_visits:
            with made.visits(rows) as visits:
                yield visits
            return
        with beside.visits(rows) as several:
            yield None if several is None else f"({_every_visit(rows, several, made.asked.told_of_visits)})"


def _every_visit(rows: str, several: str, names: Sequence[str]) -> str:
    """Return the query of the visits of parts: of those that have several, and of the others."""
    of_one_part = visits_of_one_part(f"FROM {rows}", several, names)
    return f"SELECT raw, {', '.join(names)} FROM {several} UNION ALL BY NAME SELECT key AS raw, * FROM ({of_one_part})"  # noqa: S608


@dataclass(frozen=True, slots=True)
class _Made:
    """The files of questions that are asked together; each is given as what follows a FROM."""

    asked: AskedTogether
    cursor: Cursor
    passing: PassingFiles
    files: FactsRead
    timeout_minutes: int

    @contextmanager
    def rows(self, visits: str | None) -> Iterator[str | None]:
        """Give what the filters leave; with `visits`, of these alone. None where it is too much."""

        def make(path: Path) -> bool:
            expected = self._expected(lambda files: self.asked.filtered(files, visits))
            if expected > MAX_ROWS or (self.asked.is_of_parts and self._is_of_most(expected)):
                return False
            _copy(self.cursor, *self.asked.filtered(self.files, visits), path)
            return True

        with self._file("sifted", make) as rows:
            same = "".join(f", {text(value)} AS {quoted(name)}" for name, value in self.asked.constants.items())
            yield f"(SELECT *{same} FROM {rows})" if rows and same else rows  # noqa: S608 texts are quoted

    def _is_of_most(self, parts: int) -> bool:
        """Return whether filters on visits leave so many parts that it takes less to leave the others out."""
        if not self.asked.of_visits or not parts:
            return False
        every = self._expected(self.asked.parts)
        return (every - parts) * ONE_IN_OTHERS < every

    @contextmanager
    def visits(self, rows: str | None) -> Iterator[str | None]:
        """Give the visits that rows are of; without any, those that the filters may take. None where there is no room.

        Each is told from all of its parts, also from those that a filter leaves out.
        """

        def make(path: Path) -> bool:
            expected = 0 if rows else self._expected(lambda files: self.asked.near(files, None))
            if expected > MAX_ROWS or self._is_of_most(expected):
                return False
            self._write_visits(rows, path)
            return True

        with self._file("visits", make) as visits:
            yield visits

    @contextmanager
    def unwritten(self, left: Question, gathered: str, but: str | None) -> Iterator[SiftedFacts | None]:
        """Give what is asked of what the filters leave of the files; None without the visits that it needs."""
        rows, params = self.asked.whole_rows(self.files, but)
        if not left.needs_visits:
            yield SiftedFacts(left, self.asked.is_of_parts, f"({rows})", None, params)
        elif not self.asked.is_of_parts:
            yield None
        else:
            with self._visits_among(gathered, but) as visits:
                yield None if visits is None else SiftedFacts(left, True, f"({rows})", visits, params)

    @contextmanager
    def _visits_among(self, gathered: str, but: str | None) -> Iterator[str | None]:
        """Give those of these visits that some part is of which the filters leave. None where there is no room."""

        def make(path: Path) -> bool:
            rows, params = self.asked.whole_rows(self.files, but)
            theirs = f"SELECT {RAW} FROM ({rows}) WHERE NOT is_whole"  # noqa: S608 our own names
            keys = f"SELECT key FROM {gathered} WHERE raw IN ({theirs})"  # noqa: S608 our own names
            _copy(self.cursor, f"FROM {gathered} WHERE key IN ({keys})", params, path)
            return True

        with self._file("among", make) as visits:
            yield visits

    @contextmanager
    def not_taken(self, gathered: str) -> Iterator[str | None]:
        """Give the numbers of the visits that the filters on visits do not take. None where they are too many."""

        def make(path: Path) -> bool:
            expected = self._expected(lambda files: self.asked.not_taken(files, gathered)[0])
            if expected > MAX_OTHERS or expected * ONE_IN_OTHERS > self._expected(self.asked.parts):
                return False
            of_one_part, of_several = self.asked.not_taken(self.files, gathered)
            _copy(self.cursor, f"{of_one_part[0]} UNION ALL {of_several[0]}", [*of_one_part[1], *of_several[1]], path)
            return True

        of = (self.asked.first.days, tuple(self.asked.of_visits))
        with self._file("others", make, of) as others:
            yield others

    def _write_visits(self, rows: str | None, to: Path) -> None:
        asked, names = self.asked, (*WHOLE, *self.asked.told_of_visits)
        query, params = asked.near(self.files, rows)
        self.cursor.run(f"CREATE OR REPLACE TEMP TABLE near AS {query}", params)
        gathered = gathered_of("FROM near", timeout_minutes=self.timeout_minutes, names=asked.told_of_visits)
        self.cursor.run(f"CREATE OR REPLACE TEMP TABLE gathered_near AS {gathered}")
        visits, of_one_part = "FROM gathered_near", visits_of_one_part("FROM near", "gathered_near", names)
        if rows is not None and not asked.leaves_whole_visits and not asked.begins_with_visits:
            # Those of the same visitors that none of the rows is of are left out.
            theirs = f"SELECT {RAW} FROM {rows}"  # noqa: S608 our own names
            visits += f" WHERE key IN (SELECT key FROM gathered_near WHERE raw IN ({theirs}))"  # noqa: S608
            of_one_part = f"FROM ({of_one_part}) WHERE key IN ({theirs})"
        if not asked.is_of_parts:
            visits += f" UNION ALL BY NAME SELECT key AS raw, * FROM ({of_one_part})"  # noqa: S608 our own names
        _copy(self.cursor, visits, [], to)

    @contextmanager
    def _file(self, name: str, make: Callable[[Path], bool], of: Hashable | None = None) -> Iterator[str | None]:
        key = (name, self.files.paths, self.files.are_within, self.asked if of is None else of, self.timeout_minutes)
        with self.passing.file(key, name, make, of=self.files.paths) as path:
            yield None if path is None else f"read_parquet({text(str(path))})"

    def _expected(self, query_of: Callable[[FactsRead], tuple[str, list[object]]]) -> int:
        """Return about how many rows a query has, by what a few files have of them: that takes no time."""
        files = self.files
        # From the middle on: of the first file of a site east of UTC only some hours of the night are asked about.
        these = slice(len(files.paths) // 2 % _ONE_IN, None, _ONE_IN)
        few = replace(files, paths=files.paths[these], ranges=files.ranges[these])
        query, params = query_of(few)
        [(rows,)] = self.cursor.rows(f"SELECT count(*) FROM ({query})", params)  # noqa: S608 our own names
        return int(rows) * len(files.paths) // len(few.paths)


def _copy(cursor: Cursor, query: str, params: Sequence[object], to: Path) -> None:
    cursor.run(f"COPY ({query}) TO {text(str(to))} ({_FORMAT})", params)
