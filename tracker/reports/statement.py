"""The SQL of a question over files of facts, with a place for every value. Pure."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Final

from tracker.facts.columns import column_of
from tracker.facts.engine import quoted
from tracker.reports.question import Question
from tracker.reports.visits import with_visits
from tracker.reports.zone_days import Interval, ZoneDays

_ALWAYS: Final = ("time", "visitor", "is_view")


def statement_of(
    question: Question, files: Sequence[str], known: Collection[str], *, timeout_minutes: int
) -> tuple[str, list[object]]:
    """Return the statement and its values: a row for each group, `bucket` (where there is one), dimensions, measures.

    `known` are the custom parameters that these files have columns for.
    """
    params: list[object] = [list(files), naive(question.days.start), naive(question.days.end)]
    tables = [
        (
            f"hits AS (SELECT {_columns(question, known)} "  # noqa: S608 our own names
            f"FROM read_parquet(?, union_by_name=true) WHERE time >= ? AND time < ?)"
        )
    ]
    source = "hits"
    if question.needs_visits:
        tables.append(with_visits(timeout_minutes, pages=question.needs_pages))
        source = "with_visit"
    joined = " JOIN visits USING (visit)" if question.needs_pages else ""
    conditions = []
    for each in question.filters:
        condition, values = each.condition()
        conditions.append(condition)
        params += values
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    tables.append(f"selected AS (SELECT {_selected(question)} FROM {source}{joined}{where})")  # noqa: S608
    groups = _groups(question)
    tables.append(_counted(question, groups))
    tables.append(_of_visits(question, groups))
    names = [*groups, *(quoted(measure.name) for measure in question.measures)]
    equal = " AND ".join(f"counted.{name} IS NOT DISTINCT FROM of_visits.{name}" for name in groups) or "true"
    columns = ", ".join(f"counted.{name}" if name in groups else name for name in names)
    order = _order(question, groups)
    text = (
        f"WITH {', '.join(table for table in tables if table)} SELECT {columns} FROM counted "  # noqa: S608
        f"{f'LEFT JOIN of_visits ON {equal}' if _has_whole_visits(question) else ''}{order} LIMIT ? OFFSET ?"
    )
    return text, [*params, question.limit + 1, question.offset]


def _columns(question: Question, known: Collection[str]) -> str:
    """Return the columns that are needed of the facts; one that no file has is empty."""
    named = {each.name for each in question.dimensions} | {each.dimension.name for each in question.filters}
    columns = {*_ALWAYS, *(name for name in named if ":" not in name and name not in ("entry_page", "exit_page"))}
    if "browser_version" in columns:
        columns.add("browser")
    if question.needs_visits:
        columns.add("session")
    if question.needs_pages:
        columns.add("page")
    parts = [quoted(name) for name in sorted(columns)]
    for key in sorted(question.parameters):
        column = quoted(column_of(key))
        parts.append(column if key in known else f"CAST(NULL AS VARCHAR) AS {column}")
    return ", ".join(parts)


def _selected(question: Question) -> str:
    parts = ["visitor", "is_view", *(["visit"] if question.needs_visits else [])]
    if question.interval is not None:
        parts.append(f"{bucket_of(question.days, question.interval)} AS bucket")
    parts += [f"{each.sql} AS d{number}" for number, each in enumerate(question.dimensions)]
    keys = {each.parameter for each in question.measures if each.parameter is not None}
    return ", ".join([*parts, *(quoted(column_of(key)) for key in sorted(keys))])


def _groups(question: Question) -> list[str]:
    dimensions = [f"d{number}" for number in range(len(question.dimensions))]
    return ["bucket", *dimensions] if question.interval is not None else dimensions


def _has_whole_visits(question: Question) -> bool:
    return any(measure.is_of_whole_visits for measure in question.measures)


def _counted(question: Question, groups: Sequence[str]) -> str:
    measures = [f"{each.sql} AS {quoted(each.name)}" for each in question.measures if not each.is_of_whole_visits]
    # Without a group there is one row, also of no hits; something has to stand in it.
    columns = ", ".join([*groups, *measures]) or "count(*) AS hits"
    return f"counted AS (SELECT {columns} FROM selected{_group_by(groups)})"  # noqa: S608


def _of_visits(question: Question, groups: Sequence[str]) -> str:
    if not _has_whole_visits(question):
        return ""
    measures = [f"{each.sql} AS {quoted(each.name)}" for each in question.measures if each.is_of_whole_visits]
    distinct = ", ".join([*groups, "visit"])
    return (
        f"of_visits AS (SELECT {', '.join([*groups, *measures])} "  # noqa: S608
        f"FROM (SELECT DISTINCT {distinct} FROM selected) JOIN visits USING (visit){_group_by(groups)})"
    )


def _group_by(groups: Sequence[str]) -> str:
    return f" GROUP BY {', '.join(groups)}" if groups else ""


def _order(question: Question, groups: Sequence[str]) -> str:
    if not groups:
        return ""
    numbers = {each.name: f"counted.d{number}" for number, each in enumerate(question.dimensions)}
    chosen = numbers.get(question.order_by) or quoted(question.order_by)
    direction = "DESC" if question.is_descending else "ASC"
    terms = [f"{chosen} {direction} NULLS LAST", *(f"counted.{name} ASC NULLS LAST" for name in groups)]
    if question.interval is not None:
        terms.insert(0, "counted.bucket ASC")
    return f" ORDER BY {', '.join(terms)}"


def bucket_of(days: ZoneDays, interval: Interval) -> str:
    """Return the key of the interval that a hit lies in, as `ZoneDays.buckets` has it."""
    *spans, last = days.offsets()
    cases = "".join(
        f"WHEN time < TIMESTAMP '{naive(span.end):%Y-%m-%d %H:%M:%S}' THEN {_minutes(span.offset.total_seconds())} "
        for span in spans
    )
    offset = (
        f"CASE {cases}ELSE {_minutes(last.offset.total_seconds())} END"
        if cases
        else _minutes(last.offset.total_seconds())
    )
    local = f"(time + {offset})"
    if interval in ("minute", "hour"):
        return f"date_trunc('{interval}', {local}) - {offset}"
    if interval == "week" and days.starts_sunday:
        return f"CAST(date_trunc('week', {local} + INTERVAL 1 DAY) - INTERVAL 1 DAY AS DATE)"
    return f"CAST(date_trunc('{interval}', {local}) AS DATE)"


def _minutes(seconds: float) -> str:
    return f"to_minutes({int(seconds) // 60})"


def naive(time: datetime) -> datetime:
    """Return a time as the facts have it: in UTC, without saying so."""
    return time.astimezone(UTC).replace(tzinfo=None)
