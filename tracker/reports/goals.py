"""Goals: how often each was reached, in how many visits, what it was worth, and where those visits came from.

A visit comes from the source of its first hit that no page of the site itself led to; so each visit has one, and the
sources add up to the whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tracker.facts.columns import column_of
from tracker.facts.engine import quoted
from tracker.facts.engine_connection import EngineRow
from tracker.goal import Goal, GoalStep
from tracker.reports.ask_steps import StepQuestion, ask_steps
from tracker.reports.facts_read import FactsRead
from tracker.reports.readers import Readers
from tracker.reports.step_tallies import TalliedSteps
from tracker.reports.steps import all_visits, hits_of_steps
from tracker.reports.zone_days import ZoneDays
from tracker.store.database import Database

MAX_SOURCES: Final = 50


@dataclass(frozen=True, slots=True)
class Conversions:
    """How often a goal was reached, in how many visits, and the sum of its values; None where it has no parameter."""

    hits: int
    visits: int
    value: float | None


@dataclass(frozen=True, slots=True)
class ConversionsOfSource:
    """Visits from one source, or all of them, and of each goal what came of them. None is no source: direct visits."""

    source: str | None
    visits: int
    conversions: tuple[Conversions, ...]


@dataclass(frozen=True, slots=True)
class GoalsReport:
    """All visits, and those of the most frequent sources."""

    whole: ConversionsOfSource
    sources: list[ConversionsOfSource]
    exact: bool
    up_to_date: bool


def read(
    database: Database,
    readers: Readers,
    *,
    app_id: str,
    goals: Sequence[Goal],
    days: ZoneDays,
    together: Sequence[GoalStep] = (),
) -> GoalsReport:
    """Return what came of the visits of some days. Raises Refused (404, 503) and DatabaseUnavailable.

    `together` are the steps that are asked about at the same time, those of these goals among them.
    """
    steps = [goal.step for goal in goals]
    is_tallied = bool(goals) and not any(goal.value_parameter for goal in goals)
    question = StepQuestion(
        days=days,
        tallied=TalliedSteps.of(steps, ()) if is_tallied else None,
        together=[*together, *steps],
        by_tally=lambda answer: answer.goals(steps, MAX_SOURCES),
        by_facts=lambda files, gathered: statement_of(goals, days, files, gathered),
    )
    rows, facts = ask_steps(database, readers, question, app_id=app_id, key=(__name__, tuple(goals)))
    nothing = ConversionsOfSource(None, 0, tuple(Conversions(0, 0, 0.0 if g.value_parameter else None) for g in goals))
    sources = [] if rows is None else [_row(row, goals) for row in rows]
    return GoalsReport(
        whole=sources[0] if sources else nothing,
        sources=sources[1:],
        exact=not facts.missing_days,
        up_to_date=not facts.is_waiting,
    )


def statement_of(goals: Sequence[Goal], days: ZoneDays, files: FactsRead, gathered: str) -> tuple[str, list[object]]:
    """Return the statement and its values; its first row is the whole, the others are sources, the largest first.

    `gathered` is the table of visits of several parts.
    """
    parameters = {goal.value_parameter for goal in goals if goal.value_parameter}
    visits, params = all_visits(files, days, gathered)
    steps, values = hits_of_steps(files, days, gathered, [goal.step for goal in goals], parameters=parameters)
    of_visit, of_source = [], []
    for number, goal in enumerate(goals):
        of_visit.append(f"count(*) FILTER (m{number}) AS c{number}")
        of_source += [f"coalesce(sum(c{number}), 0)::BIGINT", f"count(*) FILTER (c{number} > 0)"]
        if goal.value_parameter:
            column = quoted(column_of(goal.value_parameter))
            of_visit.append(f"sum(try_cast({column} AS DOUBLE)) FILTER (m{number}) AS v{number}")
            of_source.append(f"coalesce(sum(v{number}), 0)")
    text = f"""
        WITH {", ".join([*visits, steps])},
        reached AS (SELECT {", ".join(["key", *of_visit])} FROM steps GROUP BY key)
        SELECT visit_source, count(*), {"".join(f"{column}, " for column in of_source)} grouping(visit_source) AS is_all
        FROM visits LEFT JOIN reached USING (key) GROUP BY GROUPING SETS ((), (visit_source))
        ORDER BY is_all DESC, count(*) DESC, visit_source NULLS FIRST LIMIT {MAX_SOURCES + 1}
    """  # noqa: S608 our own names; every value has its place
    return text, [*params, *values]


def _row(row: EngineRow, goals: Sequence[Goal]) -> ConversionsOfSource:
    source, visits, *numbers = row
    left = iter(numbers)
    conversions = tuple(
        Conversions(next(left), next(left), next(left) if goal.value_parameter else None) for goal in goals
    )
    return ConversionsOfSource(source, visits, conversions)
