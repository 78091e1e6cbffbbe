"""A step of a goal or a funnel as a condition on hits, and the table of hits that such questions are about. Pure."""

from collections.abc import Collection
from datetime import datetime

from tracker.facts.columns import column_of
from tracker.facts.engine import quoted
from tracker.goal import GoalStep
from tracker.reports.statement import naive
from tracker.reports.visits import with_visits

_COLUMNS = ("time", "visitor", "session", "is_view", "page", "event", "source", "channel")


def condition_of(step: GoalStep) -> tuple[str, str]:
    """Return the condition as SQL with one place, and the value of that place. Only page views are views of a page."""
    if step.kind == "event":
        return "coalesce(event = ?, false)", step.value
    if step.beginning is not None:
        return "coalesce(is_view AND starts_with(page, ?), false)", step.beginning
    return "coalesce(is_view AND page = ?, false)", step.value


def hits_with_visits(
    paths: list[str],
    start: datetime,
    end: datetime,
    *,
    parameters: Collection[str] = (),
    known: Collection[str] = (),
    timeout_minutes: int,
) -> tuple[str, list[object]]:
    """Return the tables of a WITH, `with_visit` among them, and the values of their places.

    `known` are the custom parameters that these files have columns for; others are empty.
    """
    columns = [quoted(name) for name in _COLUMNS]
    for key in sorted(parameters):
        column = quoted(column_of(key))
        columns.append(column if key in known else f"CAST(NULL AS VARCHAR) AS {column}")
    hits = (
        f"hits AS (SELECT {', '.join(columns)} FROM read_parquet(?, union_by_name=true) "  # noqa: S608 our own names
        "WHERE time >= ? AND time < ?)"
    )
    return f"{hits}, {with_visits(timeout_minutes, pages=False)}", [paths, naive(start), naive(end)]
