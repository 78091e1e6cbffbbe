"""What the days after those of a tally add to goals and funnels.

Visits of these days are told with what they go on from, and what they go on from is taken away without them, as it is
of visits (`tracker.reports.later_visits`). The hits of both that are steps are written once, for all goals and funnels
of a page: each with `sign`, 1 or -1, the `key` of its visit and where this came from. A visit without any has a row.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path

from tracker.facts.engine import Cursor, text
from tracker.facts.engine_connection import EngineRow
from tracker.goal import GoalStep
from tracker.reports.facts_read import FactsRead, TimeRange
from tracker.reports.near_parts import NearAndLater, put_near
from tracker.reports.passing_files import PassingFiles
from tracker.reports.steps import OF_VISITS, hits_that_are, marks_of, reached_tables
from tracker.reports.tables import visits_of
from tracker.reports.visits import RAW, gathered_of
from tracker.reports.zone_days import ZoneDays


@contextmanager
def later_steps(
    passing: PassingFiles,
    cursor: Cursor,
    files: FactsRead,
    *,
    days: ZoneDays,
    tallied: ZoneDays,
    timeout_minutes: int,
    steps: tuple[GoalStep, ...],
) -> Iterator[str | None]:
    """Give the file of these visits and hits, made by whoever comes first, while the block lasts. None without room."""

    def make(path: Path) -> bool:
        time = TimeRange(days.start, days.end)
        near = put_near(cursor, files, time, end=tallied.end, timeout_minutes=timeout_minutes, names=OF_VISITS)
        _gather(cursor, near, timeout_minutes)
        _put_hits(cursor, files, steps, before=_since_near(cursor, tallied), after=TimeRange(tallied.end, days.end))
        _write(cursor, near, steps, path)
        return True

    key = (files.paths, days, tallied, timeout_minutes, steps)
    with passing.file(key, "steps", make, of=files.paths) as path:
        yield None if path is None else str(path)


def later_goals(cursor: Cursor, path: str, goals: Sequence[GoalStep], steps: Sequence[GoalStep]) -> list[EngineRow]:
    """Return by source what such a file of steps adds to all visits, and to the hits and visits of each goal."""
    marks = [marks_of(steps)[goal] for goal in goals]
    counts = [f"count(*) FILTER ({mark}) AS c{number}" for number, mark in enumerate(marks)]
    sums = [
        f"sum(sign * c{number})::BIGINT, coalesce(sum(sign) FILTER (c{number} > 0), 0)::BIGINT"
        for number in range(len(marks))
    ]
    columns = ", ".join(["sign", "visit_source", *counts])
    visits = f"SELECT {columns} FROM read_parquet(?) GROUP BY sign, key, visit_source"  # noqa: S608 our own names
    chosen = ", ".join(["visit_source", "sum(sign)::BIGINT", *sums])
    return cursor.rows(f"SELECT {chosen} FROM ({visits}) GROUP BY visit_source", [path])  # noqa: S608 our own names


def later_funnel(cursor: Cursor, path: str, funnel: Sequence[GoalStep], steps: Sequence[GoalStep]) -> EngineRow:
    """Return what such a file of steps adds to all visits, and by step of a funnel to those that came so far."""
    marks = [marks_of(steps)[step] for step in funnel]
    tables = ", ".join(["steps AS (FROM read_parquet(?))", *reached_tables(marks, by=("sign", "key"))])
    visits = ["(SELECT DISTINCT sign, key FROM steps)", *(f"reached{number}" for number in range(len(marks)))]
    sums = ", ".join(f"coalesce((SELECT sum(sign)::BIGINT FROM {one}), 0)" for one in visits)  # noqa: S608 our own names
    [row] = cursor.rows(f"WITH {tables} SELECT {sums}", [path])
    return row


def _gather(cursor: Cursor, near: NearAndLater, timeout_minutes: int) -> None:
    for table, parts, values in (("gathered_both", near.both, near.params), ("gathered_near", "FROM near", [])):
        gathered = gathered_of(parts, timeout_minutes=timeout_minutes, names=OF_VISITS)
        cursor.run(f"CREATE OR REPLACE TEMP TABLE {table} AS {gathered}", values)


def _since_near(cursor: Cursor, tallied: ZoneDays) -> TimeRange | None:
    """Return the time of what is near; None where nothing is."""
    [(begin,)] = cursor.rows("SELECT min(time) FROM near")
    return None if begin is None else TimeRange(begin.replace(tzinfo=UTC), tallied.end)


def _put_hits(
    cursor: Cursor, files: FactsRead, steps: Sequence[GoalStep], *, before: TimeRange | None, after: TimeRange
) -> None:
    """Put into the table `later_hits` the steps of the days after, and those before of visits that are near."""
    hits, params = hits_that_are(
        steps, *files.about(after).hits(after), columns=f"{RAW} AS raw, time, true AS is_after"
    )
    cursor.run(f"CREATE OR REPLACE TEMP TABLE later_hits AS {hits}", params)
    if before is not None:
        columns = f"{RAW} AS raw, time, false AS is_after"
        hits, params = hits_that_are(steps, *files.about(before).hits(before), columns=columns)
        theirs = f"SELECT * FROM ({hits}) WHERE raw IN (SELECT {RAW} FROM near)"  # noqa: S608 our own names
        cursor.run(f"INSERT INTO later_hits {theirs}", params)


def _write(cursor: Cursor, near: NearAndLater, steps: Sequence[GoalStep], to: Path) -> None:
    marks = ", ".join(["time", *marks_of(steps).values()])

    def told(sign: int, gathered: str, parts: str, condition: str) -> str:
        hits = f"""
            SELECT coalesce(key, hits.raw) AS key, {marks} FROM (FROM later_hits WHERE {condition}) AS hits
            LEFT JOIN (SELECT raw, key FROM {gathered}) AS gathered ON gathered.raw = hits.raw
        """  # noqa: S608 our own names
        visits = visits_of(parts, gathered, OF_VISITS)
        return f"SELECT {sign} AS sign, * FROM ({visits}) AS visits LEFT JOIN ({hits}) AS hits USING (key)"  # noqa: S608

    both = told(1, "gathered_both", near.both, "true")
    alone = told(-1, "gathered_near", "FROM near", "NOT is_after")
    cursor.run(
        f"COPY ({both} UNION ALL {alone}) TO {text(str(to))} (FORMAT parquet, COMPRESSION snappy)",
        near.params,
    )
