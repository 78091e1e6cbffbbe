"""Which visitors of the days after a tally's had the same value before, in its days: those are counted once.

What visits have in common, and where they came from, is looked up once for all questions about the same files and
days, in one pass over the parts of visits, and written into a file: of each visitor of the days after, and the values
of these days, how many hits they are of, and whether the visitor had the same before (`had_NAME`). An answer from it
takes some milliseconds; telling the visitors of all days apart would read all parts again for each question.

Pages are of single hits, and far more: there only those are looked up that may be shown.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from tracker.facts.columns import VISIT_SOURCES, VISITOR_DIMENSIONS
from tracker.facts.engine import Cursor, quoted, text
from tracker.facts.engine_connection import EngineRow
from tracker.reports import tallies
from tracker.reports.facts_read import FactsRead
from tracker.reports.filters import ReportFilter
from tracker.reports.passing_files import PassingFiles
from tracker.reports.question import Question
from tracker.reports.tally import Tally
from tracker.reports.zone_days import ZoneDays

_DAY: Final = timedelta(days=1)
_CHANNEL: Final = ("channel",)
_WAS_THERE: Final = "was_there"
_SUMS: Final = {
    "requests": "coalesce(sum(requests), 0)::BIGINT",
    "views": "coalesce(sum(views), 0)::BIGINT",
    "visitors": "count(DISTINCT visitor) FILTER (NOT has_it)",
}
_SHOWN_FIRST: Final = frozenset({"country", "device", "browser", "system", "channel", "source", "utm_campaign"})
"""What the dashboard's page shows, or most often. The others are apart: each takes a part of the time."""


def _together(names: Collection[str], *, is_first: bool) -> tuple[str, ...]:
    return tuple(name for name in names if name in tallies.KINDS and (name in _SHOWN_FIRST) == is_first)


_GROUPS: Final = (
    _together((*VISITOR_DIMENSIONS, *VISIT_SOURCES), is_first=True),
    _together(VISITOR_DIMENSIONS, is_first=False),
    _together(VISIT_SOURCES, is_first=False),
)
"""What is looked up together: nearly all of a look-up's time is taken by the visitors, and not by what they had."""
_IS_OUTSIDE: Final = "requests > 0 AND channel IS DISTINCT FROM 'internal'"
"""Which parts a tally of sources is of."""
_ALL_SUMS: Final = "requests + internal_requests AS requests, views + internal_views AS views"


def days_after(days: ZoneDays, tally: Tally) -> ZoneDays:
    """Return those of some days that come after the days of a tally."""
    return replace(days, first=tally.days.last + _DAY)


def is_of_pages(question: Question) -> bool:
    """Return whether it tells pages apart."""
    return any(dimension.name == "page" for dimension in question.dimensions)


def sums_of_hits(
    question: Question, cursor: Cursor, passing: PassingFiles, files: FactsRead, tally: Tally, *, names: Sequence[str]
) -> list[EngineRow] | None:
    """Return by group what the days after add to these sums; visitors are those whom the tally has not counted.

    None where they cannot be looked up for want of room.
    """
    after = days_after(question.days, tally)
    before = replace(question.days, last=tally.days.last)
    with _later_visitors(question, cursor, passing, files, after=after, before=before) as path:
        if path is None:
            return None
        return _answered(question, cursor, path, [_SUMS[name] for name in names], bucket=None)


def counted_twice(
    question: Question, cursor: Cursor, passing: PassingFiles, files: FactsRead, tally: Tally
) -> list[EngineRow] | None:
    """Return by interval and group how many visitors of the days after the tally has counted already.

    None where they cannot be looked up for want of room.
    """
    after = days_after(question.days, tally)
    assert question.interval is not None
    # Of the intervals that these days lie in at most the first one has days of the tally too.
    bucket = question.days.first_day_of(after.first, question.interval)
    if bucket > tally.days.last:
        return []
    before = replace(question.days, first=max(question.days.first, bucket), last=tally.days.last)
    after = replace(after, last=_last_day_of(question, after, bucket))
    with _later_visitors(question, cursor, passing, files, after=after, before=before) as path:
        if path is None:
            return None
        return _answered(question, cursor, path, ["count(DISTINCT visitor) FILTER (has_it)"], bucket=bucket)


@contextmanager
def _later_visitors(
    question: Question,
    cursor: Cursor,
    passing: PassingFiles,
    files: FactsRead,
    *,
    after: ZoneDays,
    before: ZoneDays,
) -> Iterator[str | None]:
    """Give the file of the visitors of the days after, made by whoever comes first. None without room."""
    names = _names(_kind(question), question)

    def make(path: Path) -> bool:
        _make(cursor, files, path, names, after=after, before=before)
        return True

    with passing.file((files.paths, names, after, before), "seen", make, of=files.paths) as path:
        yield None if path is None else str(path)


def _last_day_of(question: Question, after: ZoneDays, bucket: date) -> date:
    """Return the last of these days that lies in an interval."""
    assert question.interval is not None
    days = (after.first + number * _DAY for number in range(after.count))
    return max(day for day in days if after.first_day_of(day, question.interval) == bucket)


def _kind(question: Question) -> str:
    return question.dimensions[0].name if question.dimensions else tallies.WHOLE_KIND


def _names(kind: str, question: Question) -> tuple[str, ...]:
    """Return what is looked up together."""
    if kind in _CHANNEL and tallies.FROM_ELSEWHERE not in question.filters:
        return _CHANNEL
    return next((names for names in _GROUPS if kind in names), _GROUPS[0])


def _has_sources(names: Collection[str]) -> bool:
    return not set(names).isdisjoint(VISIT_SOURCES)


def _of_channel(kind: str) -> str:
    counts = f"{kind}requests AS requests, {kind}views AS views"
    return f"true AS is_outside, {counts}, {kind}requests AS outside_requests, {kind}views AS outside_views"


def _rows(names: tuple[str, ...], parts: str) -> str:
    """Return the rows of parts that are told apart by these names, and what of each is counted of sources."""
    columns, sums = ", ".join(map(quoted, names)), _ALL_SUMS
    if names == _CHANNEL:
        outside = f"SELECT visitor, {columns}, {_of_channel('')} FROM (FROM {parts}) WHERE requests > 0"  # noqa: S608 our own
        within = f"SELECT visitor, 'internal', {_of_channel('internal_')} FROM (FROM {parts})"  # noqa: S608 our own names
        return f"{outside} UNION ALL {within} WHERE internal_requests > 0"
    if _has_sources(names):
        sums = f"{_IS_OUTSIDE} AS is_outside, {sums}, requests AS outside_requests, views AS outside_views"
    rows = f"SELECT visitor, {columns}, {sums} FROM (FROM {parts})"  # noqa: S608 our own names
    return f"{rows} WHERE {_IS_OUTSIDE}" if set(names) <= set(VISIT_SOURCES) else rows


def _make(
    cursor: Cursor, files: FactsRead, to: Path, names: tuple[str, ...], *, after: ZoneDays, before: ZoneDays
) -> None:
    parts_after, params_after = files.about(after).parts(after)
    parts_before, params_before = files.about(before).parts(before)
    if names == _CHANNEL:  # It reads them twice.
        params_after, params_before = params_after * 2, params_before * 2
    had = {_had(name): f"bool_or({_is_same(name)})" for name in names} | {_WAS_THERE: "true"}
    counts = ["requests", "views", *(("outside_requests", "outside_views") if _has_sources(names) else ())]
    sums = ", ".join(f"CAST(sum({count}) AS BIGINT) AS {count}" for count in counts)
    kept = ", ".join(["visitor", *map(quoted, names), *(["is_outside"] if _has_sources(names) else [])])
    # A table: the engine knows how few they are, and looks the many up among them and not the other way round.
    cursor.run(
        f"""
        CREATE OR REPLACE TEMP TABLE later_visitors AS
        SELECT row_number() OVER () AS number, * FROM (
            SELECT {kept}, {sums} FROM ({_rows(names, parts_after)}) GROUP BY ALL
        )
        """,  # noqa: S608 names of our own
        params_after,
    )
    cursor.run(
        f"""
        COPY (
            WITH had AS (
                SELECT number, {", ".join(f"{sql} AS {quoted(name)}" for name, sql in had.items())}
                FROM ({_rows(names, parts_before)}) AS files
                JOIN later_visitors AS visitors ON files.visitor = visitors.visitor
                GROUP BY number
            )
            SELECT later_visitors.* EXCLUDE (number),
                {", ".join(f"coalesce(had.{quoted(name)}, false) AS {quoted(name)}" for name in had)}
            FROM later_visitors LEFT JOIN had USING (number)
        ) TO {text(str(to))} (FORMAT parquet, COMPRESSION snappy)
        """,  # noqa: S608 paths and names of our own
        params_before,
    )


def _is_same(name: str) -> str:
    """Return the condition that a visitor had the same value of this name in a row of before."""
    equal = f"files.{quoted(name)} IS NOT DISTINCT FROM visitors.{quoted(name)}"
    return f"files.is_outside AND {equal}" if name in VISIT_SOURCES else equal


def _had(name: str) -> str:
    return f"had_{name}"


def _answered(
    question: Question, cursor: Cursor, path: str, sums: Sequence[str], *, bucket: date | None
) -> list[EngineRow]:
    """Return these sums by group; `has_it` says of a visitor that they had the same value before."""
    kind = _kind(question)
    conditions, values = tallies.conditions(question)
    had = quoted(_had(kind) if kind else _WAS_THERE)
    value = quoted(kind) if kind else "NULL::VARCHAR"
    groups = [*(["bucket"] if bucket else []), *(["value"] if kind else [])]
    by = f" GROUP BY {', '.join(groups)}" if groups else ""
    counted = "*"
    if kind in VISIT_SOURCES:
        counted = "* REPLACE (outside_requests AS requests, outside_views AS views)"
        conditions = [*conditions, "is_outside"]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    rows = f"SELECT {counted}, {value} AS value, {had} AS has_it, ?::DATE AS bucket FROM read_parquet(?)"  # noqa: S608
    selected = ", ".join([*groups, *sums])
    return cursor.rows(f"SELECT {selected} FROM ({rows}){where}{by}", [bucket, path, *values])  # noqa: S608


def new_on_pages(
    question: Question, cursor: Cursor, files: FactsRead, tally: Tally, pages: Sequence[Any]
) -> list[EngineRow]:
    """Return by page how many visitors of the days after had not had it in the days of the tally, of these pages."""
    after, before = days_after(question.days, tally), replace(question.days, last=tally.days.last)
    hits_after, params_after = files.about(after).hits(after)
    hits_before, params_before = files.about(before).hits(before)
    condition, values = ReportFilter(question.dimensions[0], "any_of", tuple(pages)).condition()
    cursor.run(
        f"""
        CREATE OR REPLACE TEMP TABLE later_visitors AS
        SELECT DISTINCT visitor, page FROM (FROM {hits_after}) WHERE {condition}
        """,  # noqa: S608 our own names
        [*params_after, *values],
    )
    # By visitors first: a look-up by one number takes half as long as one by a number and a text.
    return cursor.rows(
        f"""
        WITH theirs AS MATERIALIZED (
            SELECT visitor, page FROM (SELECT visitor, page FROM (FROM {hits_before}) WHERE {condition})
            SEMI JOIN later_visitors USING (visitor)
        ),
        again AS (SELECT page, count(*) AS visitors FROM (FROM theirs INTERSECT FROM later_visitors) GROUP BY page)
        SELECT later.page, later.visitors - coalesce(again.visitors, 0)
        FROM (SELECT page, count(*) AS visitors FROM later_visitors GROUP BY page) AS later
        LEFT JOIN again ON again.page IS NOT DISTINCT FROM later.page
        """,  # noqa: S608 our own names
        [*params_before, *values],
    )
