"""Steps of goals and funnels as a plain count over hits finds them."""

from collections import defaultdict
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from tests.support.reporting import Reporting, path, visits
from tests.support.told_visits import arrivals
from tracker.goal import Goal, GoalStep
from tracker.hit import Hit
from tracker.management import goals as management_goals
from tracker.reports import funnels, goals
from tracker.reports.zone_days import ZoneDays
from tracker.store.database import Database

GOALS: Final = ("page:/x", "event:click")
FUNNELS: Final = (("page:/*", "page:/x", "event:click"), ("page:/y", "page:/*"))


def make_goals(database: Database, app_id: str) -> None:
    for step in GOALS:
        management_goals.create_goal(database, app_id, name=step, step=step)
    for steps in FUNNELS:
        management_goals.create_funnel(database, app_id, name=" ".join(steps), steps=steps)


def is_step(step: GoalStep, hit: Hit) -> bool:
    if step.kind == "event":
        return hit.event_name == step.value
    if hit.event_name is not None:
        return False
    return path(hit).startswith(step.value[:-1]) if step.value.endswith("*") else path(hit) == step.value


def so_far(steps: list[GoalStep], hits: list[Hit]) -> int:
    """How many of the steps are taken one after the other, whichever hits are taken for them."""
    ends: set[datetime | None] = {None}
    for number, step in enumerate(steps):
        ends = {h.created_at for h in hits for end in ends if is_step(step, h) and (end is None or h.created_at > end)}
        if not ends:
            return number
    return len(steps)


def compare_steps(reporting: Reporting, hits: list[Hit], days: ZoneDays, *, app_id: str = "shop") -> None:
    """Compare what came of goals, by source, and how far visits came, with a plain count over these hits."""
    of, source = visits(hits), arrivals(hits)
    by_visit: dict[Any, list[Hit]] = defaultdict(list)
    by_source: dict[str | None, list[list[Hit]]] = defaultdict(list)
    for hit in hits:
        by_visit[of[hit.id]].append(hit)
    for some in by_visit.values():
        by_source[source[some[0].id][1]].append(some)
    known = [Goal(UUID(int=number), step, GoalStep.read(step), None) for number, step in enumerate(GOALS)]
    paths = [list(map(GoalStep.read, steps)) for steps in FUNNELS]
    together = [*(goal.step for goal in known), *(step for steps in paths for step in steps)]
    asked: dict[str, Any] = {"app_id": app_id, "days": days, "together": together}
    report = goals.read(reporting.database, reporting.readers, goals=known, **asked)
    assert _of(report.whole) == _counted([*by_visit.values()])
    of_sources = {row.source: _of(row) for row in report.sources}
    assert of_sources == {name: _counted(some) for name, some in by_source.items()}
    for steps in paths:
        came = [so_far(steps, some) for some in by_visit.values()]
        funnel = funnels.read(reporting.database, reporting.readers, steps=steps, **asked)
        assert funnel.visits == len(came)
        assert funnel.reached == tuple(sum(one > number for one in came) for number in range(len(steps)))


def _of(row: goals.ConversionsOfSource) -> list[int]:
    return [row.visits, *(number for came in row.conversions for number in (came.hits, came.visits))]


def _counted(by_visit: list[list[Hit]]) -> list[int]:
    numbers = [len(by_visit)]
    for step in map(GoalStep.read, GOALS):
        reached = [sum(is_step(step, hit) for hit in hits) for hits in by_visit]
        numbers += [sum(reached), sum(map(bool, reached))]
    return numbers
