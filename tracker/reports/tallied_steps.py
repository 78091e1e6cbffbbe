"""Goals and funnels answered by a tally, and what came after its days by the facts."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tracker.facts.engine import Cursor
from tracker.facts.engine_connection import EngineRow
from tracker.goal import GoalStep
from tracker.reports import tallies
from tracker.reports.dimensions import dimension_of
from tracker.reports.facts_read import FactsRead
from tracker.reports.kept import Kept
from tracker.reports.later_steps import later_funnel, later_goals, later_steps
from tracker.reports.measures import measure_of
from tracker.reports.question import Question
from tracker.reports.seen_before import days_after
from tracker.reports.step_tallies import TalliedSteps, funnel_counted, goals_counted, kind_of_goal
from tracker.reports.tally import Tally
from tracker.reports.zone_days import ZoneDays


def has_steps(tally: Tally, asked: TalliedSteps, days: ZoneDays, *, timeout_minutes: int) -> bool:
    """Return whether a tally, and what came after it, answers these goals and funnels of some days."""
    return tallies.answers(tally, _visits(days), timeout_minutes=timeout_minutes) and {*asked.kinds} <= tally.kinds


@dataclass(frozen=True, slots=True)
class TalliedAnswer:
    """Files of some days with a tally that has what is asked, and who asks them."""

    cursor: Cursor
    kept: Kept
    files: FactsRead
    tally: Tally
    days: ZoneDays
    timeout_minutes: int
    together: tuple[GoalStep, ...]
    """Steps that are asked about at the same time, these among them."""

    def goals(self, goals: Sequence[GoalStep], max_sources: int) -> list[EngineRow] | None:
        """Return the whole, then the sources, the largest first: the source, visits, hits and visits of each goal.

        None where what came after the tally finds no room.
        """
        numbers: defaultdict[str | None, list[int]] = defaultdict(lambda: [0] * (1 + 2 * len(goals)))
        for source, visits in self.cursor.rows(*tallies.statement_of(_visits(self.days), self.tally, ["sessions"])):
            numbers[source][0] += visits
        for kind, source, *counts in self.cursor.rows(*goals_counted(goals, self.tally, self.days)):
            for at, goal in enumerate(goals):
                if kind_of_goal(goal) == kind:
                    numbers[source][1 + 2 * at : 3 + 2 * at] = counts
        if self._goes_on:
            with self._later() as path:
                if path is None:
                    return None
                later = later_goals(self.cursor, path, goals, self.together)
            for source, *counts in later:
                numbers[source] = list(map(sum, zip(numbers[source], counts, strict=True)))
        # Each visit has one source.
        whole = [sum(column) for column in zip(*numbers.values(), strict=True)] or [0] * (1 + 2 * len(goals))
        largest = sorted(numbers.items(), key=lambda row: (-row[1][0], row[0] is not None, row[0]))
        sources = [(source, *counts) for source, counts in largest[:max_sources] if counts[0]]
        return [(None, *whole), *sources]

    def funnel(self, steps: Sequence[GoalStep]) -> list[EngineRow] | None:
        """Return the row of all visits, and by step of those that came so far; None as above."""
        told = self.cursor.rows(*tallies.statement_of(_visits(self.days), self.tally, ["sessions"]))
        [reached] = self.cursor.rows(*funnel_counted(steps, self.tally, self.days))
        row = (sum(visits for _, visits in told), *reached)
        if self._goes_on:
            with self._later() as path:
                if path is None:
                    return None
                later = later_funnel(self.cursor, path, steps, self.together)
            row = tuple(map(sum, zip(row, later, strict=True)))
        return [row]

    @property
    def _goes_on(self) -> bool:
        later = self.days.last > self.tally.days.last
        return later and self.files.has_any(days_after(self.days, self.tally))

    @contextmanager
    def _later(self) -> Iterator[str | None]:
        with later_steps(
            self.kept.passing,
            self.cursor,
            self.files,
            days=self.days,
            tallied=self.tally.days,
            timeout_minutes=self.timeout_minutes,
            steps=self.together,
        ) as path:
            yield path


def _visits(days: ZoneDays) -> Question:
    """Return the question how many visits came from which source."""
    return Question(
        days=days,
        measures=(measure_of("sessions", ()),),
        dimensions=(dimension_of("visit_source", (), field="dimensions"),),
        filters=(),
        interval=None,
        compare=None,
        order_by="sessions",
        is_descending=True,
        limit=1,
        offset=0,
        digest="",
    )
