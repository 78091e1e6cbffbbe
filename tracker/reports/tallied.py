"""A question answered by a tally where there is one; what came after its days, and else everything, in the usual way.

Visitors of the days after may have been there before: then they count once (`tracker.reports.seen_before`). Visits of
these days may have begun before: they count as the longer ones that they have become (`tracker.reports.later_visits`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tracker.facts.engine import Cursor
from tracker.facts.engine_connection import EngineRow
from tracker.reports import statement, tallies
from tracker.reports.facts_read import FactsRead
from tracker.reports.kept import Kept
from tracker.reports.later_visits import later_visits, sums_of_visits
from tracker.reports.passing_files import PassingFiles
from tracker.reports.question import MAX_OFFSET, Question
from tracker.reports.seen_before import counted_twice, days_after, is_of_pages, new_on_pages, sums_of_hits
from tracker.reports.sums import OF_VISITS, GroupSums
from tracker.reports.tally import Tally
from tracker.reports.visits import for_a_page


def is_answered_by(tally: Tally, question: Question, together: Sequence[Question], *, timeout_minutes: int) -> bool:
    """Return whether a tally answers a question that is asked together with others.

    Where the filters of several leave rows that are read for all of them, these tell visitors and visits apart in a
    tenth of the time that it takes to look up who of the days after was there before, and which visits go on.
    """
    counts = question.counts_visitors or question.counts_visits
    looks_up = question.days.last > tally.days.last and counts and question.interval != "day"
    if looks_up and len(together) > 1 and question.filters and not is_of_pages(question):
        return False
    return tallies.answers(tally, question, timeout_minutes=timeout_minutes)


def rows_of(
    question: Question,
    cursor: Cursor,
    kept: Kept,
    files: FactsRead,
    *,
    timeout_minutes: int,
    together: Sequence[Question] = (),
) -> list[EngineRow]:
    """Ask these files: a row for each group, `bucket` (where there is one), dimensions, measures.

    `together` are questions that are asked at the same time, this one among them.
    """
    if files.tally is not None and is_answered_by(files.tally, question, together, timeout_minutes=timeout_minutes):
        rows = _rows_by_tally(question, cursor, kept, files, files.tally, timeout_minutes=timeout_minutes)
        if rows is not None:
            return rows
    return statement.rows_of(question, cursor, kept, files, timeout_minutes=timeout_minutes, together=together)


def _rows_by_tally(
    question: Question, cursor: Cursor, kept: Kept, files: FactsRead, tally: Tally, *, timeout_minutes: int
) -> list[EngineRow] | None:
    """Return the rows.

    None where the groups are too many, visitors had several values, or what is to be looked up finds no room.
    """
    if tallies.counts_values_apart(question) and cursor.rows(*tallies.several_values(question, tally)):
        return None
    sums = GroupSums(question)
    sums.add(cursor.rows(*tallies.statement_of(question, tally, sums.names)), sums.names)
    if question.days.last > tally.days.last and files.has_any(days_after(question.days, tally)):
        later = _LaterDays(question, cursor, kept, files, tally, timeout_minutes, sums)
        if not later.add_hits() or not later.add_visits():
            return None
    return sums.rows()


@dataclass(frozen=True, slots=True)
class _LaterDays:
    """What the days after those of a tally add to the sums of a question; False where it is too much or has no room."""

    question: Question
    cursor: Cursor
    kept: Kept
    files: FactsRead
    tally: Tally
    timeout_minutes: int
    sums: GroupSums

    def add_hits(self) -> bool:
        question, names = self.question, [name for name in self.sums.names if name not in OF_VISITS]
        if not names:
            return True
        if "visitors" not in names:
            return self._ask(names) is not None
        if is_of_pages(question):
            return self._add_pages(names)
        if question.interval is None:
            return self._add(sums_of_hits(question, *self._looked_up(), names=names), names)
        twice = counted_twice(question, *self._looked_up())
        return self._add(twice, ["visitors"], sign=-1) and self._ask(names) is not None

    def _add(self, rows: list[EngineRow] | None, names: Sequence[str], *, sign: int = 1) -> bool:
        if rows is None:
            return False
        self.sums.add(rows, names, sign=sign)
        return True

    def _looked_up(self) -> tuple[Cursor, PassingFiles, FactsRead, Tally]:
        return self.cursor, self.kept.passing, self.files, self.tally

    def _add_pages(self, names: Sequence[str]) -> bool:
        # Of a page no more visitors can have come than hits: those of the pages that may be shown are told apart.
        late = self._ask([name for name in names if name != "visitors"])
        leading = None if late is None else self.sums.leading(late)
        if leading is None:
            return False
        pages = [page for (page,) in leading]
        self.sums.add(new_on_pages(self.question, self.cursor, self.files, self.tally, pages), ["visitors"])
        return True

    def add_visits(self) -> bool:
        names = [name for name in self.sums.names if name in OF_VISITS]
        if not names:
            return True
        with later_visits(
            self.kept.passing,
            self.cursor,
            self.files,
            days=self.question.days,
            tallied=self.tally.days,
            timeout_minutes=self.timeout_minutes,
            told=for_a_page(self.question.told_of_visits),
        ) as path:
            rows = None if path is None else sums_of_visits(self.question, self.cursor, path, names)
            return self._add(rows, names)

    def _ask(self, names: Sequence[str]) -> list[EngineRow] | None:
        """Ask the days after in the usual way; None where that is too much."""
        after = days_after(self.question.days, self.tally)
        asked, files = replace(self.sums.question(names), days=after), self.files.about(after)
        rows = statement.rows_of(asked, self.cursor, self.kept, files, timeout_minutes=self.timeout_minutes)
        self.sums.add(rows, names)
        return rows if len(rows) <= MAX_OFFSET else None
