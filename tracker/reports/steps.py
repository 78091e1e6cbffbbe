"""A step of a goal or a funnel as a condition on hits, and what is asked of the facts about it. As SQL; pure.

Few hits are steps: they alone are read with their visits. All visits are told by their parts, of which there are far
fewer than hits.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from tracker.facts.columns import column_of
from tracker.facts.engine import quoted
from tracker.goal import GoalStep
from tracker.reports.facts_read import FactsRead
from tracker.reports.tables import are_of_whole_slots, visit_parts_of, visits_of
from tracker.reports.visits import RAW
from tracker.reports.zone_days import ZoneDays

OF_VISITS: Final = ("visit_source",)


def all_visits(files: FactsRead, days: ZoneDays, gathered: str) -> tuple[list[str], list[object]]:
    """Return the tables of a WITH, the last of which is `visits` with `key` and `visit_source`, and their values."""
    parts, params = visit_parts_of(files, days, of_parts=are_of_whole_slots(days))
    visits = visits_of("FROM visit_files", gathered, OF_VISITS)
    return [f"visit_files AS NOT MATERIALIZED ({parts})", f"visits AS NOT MATERIALIZED ({visits})"], params


def hits_of_steps(
    files: FactsRead, days: ZoneDays, gathered: str, steps: Sequence[GoalStep], *, parameters: Collection[str] = ()
) -> tuple[str, list[object]]:
    """Return the table `steps` of a WITH, and the values of its places: the hits that are one of these, or several.

    A row has `key` (of its visit), `time`, `m0`, `m1` and so on (whether it is this step), and the custom parameters
    by their columns; one that no file has a column for is empty.
    """
    source, source_params = files.hits(days)
    conditions = [condition_of(step) for step in steps]
    matched = [f"coalesce({condition}, false) AS m{number}" for number, (condition, _) in enumerate(conditions)]
    values = [value for _, value in conditions]
    columns = ["session", "visit", "time", "event", "is_view", "page"]
    for key in sorted(parameters):
        column = quoted(column_of(key))
        columns.append(column if key in files.parameters else f"CAST(NULL AS VARCHAR) AS {column}")
    kept = "".join(f", {quoted(column_of(key))}" for key in sorted(parameters))
    either = " OR ".join(f"({condition})" for condition, _ in conditions) or "false"
    hits = f"SELECT {', '.join(columns)} FROM {source}"  # noqa: S608 our own names
    text = f"""
        steps AS MATERIALIZED (
            SELECT coalesce(gathered.key, {RAW}) AS key, time{"".join(f", {one}" for one in matched)}{kept}
            FROM (SELECT * FROM ({hits}) WHERE {either}) AS hits
            LEFT JOIN (SELECT raw, key FROM {gathered}) AS gathered ON gathered.raw = {RAW}
        )"""  # noqa: S608 our own names; every value has its place
    return text, [*values, *source_params, *values]


def visits_with_step(files: FactsRead, days: ZoneDays, gathered: str, step: GoalStep) -> tuple[str, list[object]]:
    """Return the table `begun` of a WITH, and the values of its places: the visits in which a step was taken, and when.

    The first step of a funnel may be most of the hits: they are grouped by the numbers that they bear. A visit of
    several parts has a row for each of these, which is not `is_single`.
    """
    source, params = files.hits(days)
    condition, value = condition_of(step)
    text = f"""
        begun AS MATERIALIZED (
            SELECT coalesce(key, raw) AS key, key IS NULL AS is_single, time
            FROM (
                SELECT {RAW} AS raw, min(time) AS time
                FROM (SELECT session, visit, time, event, is_view, page FROM {source}) WHERE {condition} GROUP BY raw
            ) AS hits
            LEFT JOIN (SELECT raw, key FROM {gathered}) AS gathered USING (raw)
        )"""  # noqa: S608 our own names; the value has its place
    return text, [*params, value]


def condition_of(step: GoalStep) -> tuple[str, str]:
    """Return the condition as SQL with one place, and the value of that place. Only page views are views of a page."""
    if step.kind == "event":
        return "event = ?", step.value
    if step.beginning is not None:
        return "is_view AND starts_with(page, ?)", step.beginning
    return "is_view AND page = ?", step.value


def marks_of(steps: Iterable[GoalStep]) -> dict[GoalStep, str]:
    """Return by step, each once, the column that says of a hit whether it is this one."""
    return {step: f"m{number}" for number, step in enumerate(dict.fromkeys(steps))}


def hits_that_are(
    steps: Sequence[GoalStep], source: str, params: list[object], *, columns: str
) -> tuple[str, list[object]]:
    """Return the query of the hits that are one of these steps, or several: these columns, and `marks_of` them."""
    conditions = [condition_of(step) for step in steps]
    marks = [
        f"coalesce({condition}, false) AS {mark}"
        for (condition, _), mark in zip(conditions, marks_of(steps).values(), strict=True)
    ]
    values = [value for _, value in conditions]
    either = " OR ".join(f"({condition})" for condition, _ in conditions) or "false"
    hits = f"SELECT session, visit, time, event, is_view, page FROM {source}"  # noqa: S608 our own names
    return f"SELECT {', '.join([columns, *marks])} FROM ({hits}) WHERE {either}", [*values, *params, *values]  # noqa: S608


def reached_tables(marks: Sequence[str], *, by: Sequence[str] = ("key",), begun: str = "steps") -> list[str]:
    """Return tables of a WITH, `reached0` and so on: which visits came to each step of a funnel, and when at first.

    They are told from a table `steps` with `time` and what visits are told apart by, the first step from `begun`;
    `marks` are conditions on the rows. The earliest hit that can be a step is taken for it: whoever takes a later one
    gets no further.
    """
    names = ", ".join(by)
    tables = [f"reached0 AS (SELECT {names}, min(time) AS at FROM {begun} WHERE {marks[0]} GROUP BY {names})"]  # noqa: S608
    for number, mark in enumerate(marks[1:], 1):
        before = f"reached{number - 1}"
        tables.append(
            f"reached{number} AS (SELECT {names}, min(time) AS at FROM steps JOIN {before} USING ({names}) "  # noqa: S608
            f"WHERE {mark} AND time > {before}.at GROUP BY {names})"
        )
    return tables
