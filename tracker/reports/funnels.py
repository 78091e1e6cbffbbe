"""Funnels: in how many visits the first step was taken, in how many of these the second after it, and so on.

A later step counts where its time is later than that of the one before; other hits may lie between them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tracker.goal import GoalStep
from tracker.reports.ask_steps import StepQuestion, ask_steps
from tracker.reports.facts_read import FactsRead
from tracker.reports.readers import Readers
from tracker.reports.step_tallies import TalliedSteps
from tracker.reports.steps import all_visits, hits_of_steps, reached_tables, visits_with_step
from tracker.reports.zone_days import ZoneDays
from tracker.store.database import Database


@dataclass(frozen=True, slots=True)
class FunnelReport:
    """All visits, and by step those that came so far."""

    visits: int
    reached: tuple[int, ...]
    exact: bool
    up_to_date: bool

    @property
    def before(self) -> tuple[int | None, ...]:
        """Return by step how many took the one before it; None for the first."""
        return (None, *self.reached[:-1])


def read(
    database: Database,
    readers: Readers,
    *,
    app_id: str,
    steps: Sequence[GoalStep],
    days: ZoneDays,
    together: Sequence[GoalStep] = (),
) -> FunnelReport:
    """Return how far the visits of some days came. Raises Refused (404, 503) and DatabaseUnavailable.

    `together` are the steps that are asked about at the same time, these among them.
    """
    question = StepQuestion(
        days=days,
        tallied=TalliedSteps.of((), [steps]),
        together=[*together, *steps],
        by_tally=lambda answer: answer.funnel(steps),
        by_facts=lambda files, gathered: statement_of(steps, days, files, gathered),
    )
    rows, facts = ask_steps(database, readers, question, app_id=app_id, key=(__name__, tuple(steps)))
    visits, *reached = rows[0] if rows else (0, *(0 for _ in steps))
    return FunnelReport(visits, tuple(reached), exact=not facts.missing_days, up_to_date=not facts.is_waiting)


def statement_of(
    steps: Sequence[GoalStep], days: ZoneDays, files: FactsRead, gathered: str
) -> tuple[str, list[object]]:
    """Return the statement and its values; its one row has the visits and those of each step.

    `gathered` is the table of visits of several parts.
    """
    visits, params = all_visits(files, days, gathered)
    begun, of_first = visits_with_step(files, days, gathered, steps[0])
    hits, of_later = hits_of_steps(files, days, gathered, steps[1:])
    # Only of visits that have a later step it matters when the first was taken: mostly a few of all.
    marks = ["true", *(f"m{number}" for number in range(len(steps) - 1))]
    taken = reached_tables(marks, begun="begun SEMI JOIN steps USING (key)")
    counts = [
        "(SELECT count(*) FROM visits)",
        "(SELECT count(*) FILTER (is_single) + count(DISTINCT key) FILTER (NOT is_single) FROM begun)",
        *(f"(SELECT count(*) FROM reached{number})" for number in range(1, len(steps))),  # noqa: S608 a number
    ]
    text = f"WITH {', '.join([*visits, begun, hits, *taken])} SELECT {', '.join(counts)}"
    return text, [*params, *of_first, *of_later]
