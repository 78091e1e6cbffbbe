"""A step of a goal or a funnel as a condition on hits, and the table of hits that such questions are about. Pure."""

from collections.abc import Collection

from tracker.facts.columns import column_of
from tracker.facts.engine import quoted
from tracker.goal import GoalStep
from tracker.reports.facts_read import FactsRead
from tracker.reports.visits import keys_of_visits
from tracker.reports.zone_days import ZoneDays

_COLUMNS = ("time", "visitor", "is_view", "page", "event", "source", "channel")


def condition_of(step: GoalStep) -> tuple[str, str]:
    """Return the condition as SQL with one place, and the value of that place. Only page views are views of a page."""
    if step.kind == "event":
        return "coalesce(event = ?, false)", step.value
    if step.beginning is not None:
        return "coalesce(is_view AND starts_with(page, ?), false)", step.beginning
    return "coalesce(is_view AND page = ?, false)", step.value


def hits_with_visits(
    files: FactsRead, days: ZoneDays, *, parameters: Collection[str] = (), timeout_minutes: int
) -> tuple[str, list[object]]:
    """Return the tables of a WITH, `with_visit` among them, and the values of their places.

    A custom parameter that no file has a column for is empty.
    """
    columns = [quoted(name) for name in _COLUMNS]
    names = [*columns, *(quoted(column_of(key)) for key in sorted(parameters))]
    for key in sorted(parameters):
        column = quoted(column_of(key))
        columns.append(column if key in files.parameters else f"CAST(NULL AS VARCHAR) AS {column}")
    named = ", ".join(columns)
    source, params = files.hits(days)
    tables = [
        f"hits AS NOT MATERIALIZED (SELECT {named}, session, visit, at_edge FROM {source})",  # noqa: S608 our own names
        "edge_hits AS NOT MATERIALIZED (SELECT visitor, visit, time, 0 AS lasted, at_edge FROM hits)",
        *keys_of_visits("edge_hits", timeout_minutes=timeout_minutes),
        (
            f"with_visit AS NOT MATERIALIZED (SELECT {', '.join(names)}, coalesce(session, root, visit) AS visit "  # noqa: S608
            "FROM hits LEFT JOIN roots USING (visit))"
        ),
    ]
    return ", ".join(tables), params
