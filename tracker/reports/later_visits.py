"""Which visits the days after a tally's add to its own, and which of these they change.

A session goes on where its id came before; a visit without one where its visitor had a hit right before the end of the
tally's days, and so on, back to its beginning. The parts of all that may go on are near: the visits of these and of the
days after are added together, and those that are near alone, as the tally has them, are taken away again.

They are written once, for all questions about the same files and days, without saying whose they are. Nearly all that
is near began some minutes before: so it is looked for where it begins, and other days' files are not read in their
whole width.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from tracker.facts.engine import Cursor, quoted, text
from tracker.facts.engine_connection import EngineRow
from tracker.reports import tallies
from tracker.reports.facts_read import FactsRead, TimeRange
from tracker.reports.near_parts import put_near
from tracker.reports.passing_files import PassingFiles
from tracker.reports.question import Question
from tracker.reports.tables import visits_of
from tracker.reports.visits import WHOLE, gathered_of
from tracker.reports.zone_days import ZoneDays

_SUMS: Final = {
    "sessions": "coalesce(sum(sign), 0)::BIGINT",
    "seconds": "coalesce(sum(sign * seconds), 0)",
    "bounces": "coalesce(sum(sign) FILTER (is_bounce), 0)::BIGINT",
}


@contextmanager
def later_visits(
    passing: PassingFiles,
    cursor: Cursor,
    files: FactsRead,
    *,
    days: ZoneDays,
    tallied: ZoneDays,
    timeout_minutes: int,
    told: tuple[str, ...],
) -> Iterator[str | None]:
    """Give the file of these visits, made by whoever comes first; it stays while the block lasts. None without room.

    A row has `sign`, 1 or -1, and what the visit was like, with what these of OF_VISITS tell of it.
    """

    def make(path: Path) -> bool:
        _make(cursor, files, path, days=days, end=tallied.end, timeout_minutes=timeout_minutes, told=told)
        return True

    key = (files.paths, days, tallied, timeout_minutes, told)
    with passing.file(key, "visits", make, of=files.paths) as path:
        yield None if path is None else str(path)


def sums_of_visits(question: Question, cursor: Cursor, path: str, names: Sequence[str]) -> list[EngineRow]:
    """Return by group what such a file adds to these sums of a question."""
    conditions, values = tallies.conditions(question)
    value = quoted(question.dimensions[0].name) if question.dimensions else "NULL::VARCHAR"
    groups = ["value"] if question.dimensions else []
    selected = ", ".join([*groups, *(_SUMS[name] for name in names)])
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    by = f" GROUP BY {', '.join(groups)}" if groups else ""
    rows = f"SELECT *, {value} AS value FROM read_parquet(?)"  # noqa: S608 our own names
    return cursor.rows(f"SELECT {selected} FROM ({rows}){where}{by}", [path, *values])  # noqa: S608 our own names


def _make(
    cursor: Cursor,
    files: FactsRead,
    to: Path,
    *,
    days: ZoneDays,
    end: datetime,
    timeout_minutes: int,
    told: tuple[str, ...],
) -> None:
    time = TimeRange(days.start, days.end)
    near = put_near(cursor, files, time, end=end, timeout_minutes=timeout_minutes, names=told)
    for table, parts, values in (("gathered_both", near.both, near.params), ("gathered_near", "FROM near", [])):
        gathered = gathered_of(parts, timeout_minutes=timeout_minutes, names=told)
        cursor.run(f"CREATE OR REPLACE TEMP TABLE {table} AS {gathered}", values)
    names = (*WHOLE, *told)
    columns = ", ".join(names)
    cursor.run(
        f"""
        COPY (
            SELECT 1 AS sign, {columns} FROM ({visits_of(near.both, "gathered_both", names)})
            UNION ALL SELECT -1 AS sign, {columns} FROM ({visits_of("FROM near", "gathered_near", names)})
        ) TO {text(str(to))} (FORMAT parquet, COMPRESSION snappy)
        """,  # noqa: S608 paths and names of our own
        near.params,
    )
