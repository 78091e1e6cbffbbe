"""The SQL of a question over files of facts, with a place for every value. Pure."""

from collections.abc import Sequence

from tracker.facts.columns import column_of
from tracker.facts.engine import Cursor, quoted
from tracker.facts.engine_connection import EngineRow
from tracker.reports.asked_together import told_of_visits
from tracker.reports.buckets import bucket_of
from tracker.reports.facts_read import FactsRead
from tracker.reports.kept import Kept
from tracker.reports.leading import leading
from tracker.reports.question import Question
from tracker.reports.sifted import SiftedFacts, sifted_of, unwritten_of
from tracker.reports.tables import (
    has_visits_apart,
    has_whole_slots,
    is_of_parts,
    is_of_whole_visits,
    tables_of_hits,
    tables_of_parts,
)
from tracker.reports.visits import WHOLE, for_a_page


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
    is_of_all = all(one.takes_any_value for one in question.filters)
    # By itself a question without visits reads the files no more than twice; one of all visits has their table.
    if (question.needs_visits and not is_of_all) or len(together) > 1:
        with sifted_of(question, together, cursor, kept.passing, files, timeout_minutes=timeout_minutes) as sifted:
            if sifted is not None:
                return cursor.rows(*statement_of(sifted.question, files, sifted.visits, sifted))
    if not question.needs_visits:
        return cursor.rows(*statement_of(question, files))
    # Whole applications are asked for more: they have one table for all of these questions, and so has a page.
    told = told_of_visits([question, *(one for one in together if one.days == question.days)])
    names = for_a_page(told) if is_of_all else told
    of_parts = has_whole_slots(question)
    with kept.gathered.table(
        cursor, files, question.days, timeout_minutes=timeout_minutes, of_parts=of_parts, names=names
    ) as table:
        with unwritten_of(
            question, together, cursor, kept.passing, files, gathered=table, timeout_minutes=timeout_minutes
        ) as left:
            if left is not None:
                return cursor.rows(*statement_of(left.question, files, left.visits, left))
        return cursor.rows(*statement_of(question, files, table))


def statement_of(
    question: Question, files: FactsRead, gathered: str | None = None, sifted: SiftedFacts | None = None
) -> tuple[str, list[object]]:
    """Return the statement and its values.

    `gathered` is the table of visits of several parts, for whom it needs; `sifted` is what filters leave.
    """
    tables, params = selected_of(question, files, gathered, sifted)
    groups = _groups(question)
    are_parts = sifted.are_parts if sifted else is_of_parts(question)
    are_hits = not are_parts and not (sifted and is_of_whole_visits(question))
    candidates = leading(question, groups) if are_hits else []
    source, is_apart = "led" if candidates else "selected", not sifted and has_visits_apart(question)
    tables += [
        *candidates,
        _counted(question, groups, source, is_apart=is_apart),
        _of_visits(question, groups, source, is_apart=is_apart),
    ]
    equal = " AND ".join(f"counted.{name} IS NOT DISTINCT FROM of_visits.{name}" for name in groups) or "true"
    measures = [
        f"{measure.sql} AS {quoted(measure.name)}" if measure.needs_visits else quoted(measure.name)
        for measure in question.measures
    ]
    columns = ", ".join([*(f"counted.{name}" for name in groups), *measures])
    order = _order(question, groups)
    text = (
        f"WITH {', '.join(table for table in tables if table)} SELECT {columns} FROM counted "  # noqa: S608
        f"{f'LEFT JOIN of_visits ON {equal}' if question.counts_visits else ''}{order} LIMIT ? OFFSET ?"
    )
    return text, [*params, question.limit + 1, question.offset]


def selected_of(
    question: Question, files: FactsRead, gathered: str | None = None, sifted: SiftedFacts | None = None
) -> tuple[list[str], list[object]]:
    """Return the tables of a WITH, the last of which is `selected`: the rows that are asked about; and their values."""
    are_parts = sifted.are_parts if sifted else is_of_parts(question)
    tables_of = tables_of_parts if are_parts else tables_of_hits
    tables, params = tables_of(question, files, gathered, sifted.query if sifted else None)
    conditions = []
    for report_filter in question.filters:
        condition, values = report_filter.condition()
        conditions.append(condition)
        params += values
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    is_apart = not sifted and has_visits_apart(question)
    selected = f"selected AS NOT MATERIALIZED (SELECT {_selected(question, is_apart=is_apart)} FROM rows{where})"  # noqa: S608 our own names
    return [*tables, selected], params


def _selected(question: Question, *, is_apart: bool) -> str:
    parts = ["visitor", "requests", "views"]
    if question.needs_visits:
        has_whole = question.has_whole_visits and not is_apart
        parts += ["key", "is_single", *(WHOLE if has_whole else ())]
    if question.interval is not None:
        parts.append(f"{bucket_of(question.days, question.interval)} AS bucket")
    parts += [f"{dimension.sql} AS d{number}" for number, dimension in enumerate(question.dimensions)]
    keys = {measure.parameter for measure in question.measures if measure.parameter is not None}
    return ", ".join([*parts, *(quoted(column_of(key)) for key in sorted(keys))])


def _groups(question: Question) -> list[str]:
    dimensions = [f"d{number}" for number in range(len(question.dimensions))]
    return ["bucket", *dimensions] if question.interval is not None else dimensions


def _counted(question: Question, groups: Sequence[str], source: str, *, is_apart: bool) -> str:
    measures = [f"{measure.sql} AS {quoted(measure.name)}" for measure in question.measures if not measure.needs_visits]
    if question.counts_visits:
        measures += ["count(*) FILTER (is_single) AS singles", "coalesce(sum(views), 0) AS all_views"]
    if is_apart:
        measures += ["0 AS single_seconds", "0 AS single_bounces"]
    elif question.has_whole_visits:
        measures += [
            "coalesce(sum(seconds) FILTER (is_single), 0) AS single_seconds",
            "count(*) FILTER (is_single AND is_bounce) AS single_bounces",
        ]
    return f"counted AS (SELECT {', '.join([*groups, *measures])} FROM {source}{_group_by(groups)})"  # noqa: S608


def _of_visits(question: Question, groups: Sequence[str], source: str, *, is_apart: bool) -> str:
    """Return the table of the visits that have several rows, of which each counts once."""
    if not question.counts_visits:
        return ""
    measures = ["count(*) AS others"]
    names, joined = [*groups, "key"], ""
    if question.has_whole_visits:
        measures += ["sum(seconds) AS other_seconds", "count(*) FILTER (is_bounce) AS other_bounces"]
        if is_apart:
            joined = " JOIN visits USING (key)"
        else:
            names += WHOLE
    return (
        f"of_visits AS (SELECT {', '.join([*groups, *measures])} FROM ("  # noqa: S608 our own names
        f"SELECT DISTINCT {', '.join(names)} FROM {source} WHERE NOT is_single){joined}{_group_by(groups)})"
    )


def _group_by(groups: Sequence[str]) -> str:
    return f" GROUP BY {', '.join(groups)}" if groups else ""


def _order(question: Question, groups: Sequence[str]) -> str:
    if not groups:
        return ""
    numbers = {dimension.name: f"counted.d{number}" for number, dimension in enumerate(question.dimensions)}
    chosen = numbers.get(question.order_by) or quoted(question.order_by)
    direction = "DESC" if question.is_descending else "ASC"
    terms = [f"{chosen} {direction} NULLS LAST", *(f"counted.{name} ASC NULLS LAST" for name in groups)]
    if question.interval is not None:
        terms.insert(0, "counted.bucket ASC")
    return f" ORDER BY {', '.join(terms)}"
