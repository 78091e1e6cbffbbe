"""Goals and funnels are answered by a tally, and what came after its days by the facts; what it has not, by these."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.support.queued_hits import rows
from tests.support.reporting import CHROME, Reporting
from tests.support.steps_taken import GOALS, compare_steps
from tests.support.tallied import AFTERNOON, NEXT_DAY, Tallied
from tests.support.told_visits import MIDNIGHT, REFERRERS, made_of
from tracker.errors import FactsUnavailable
from tracker.goal import Goal, GoalStep
from tracker.reports import funnels, goals, step_tallies, tally_making
from tracker.reports.tally_verifying import tally_difference
from tracker.reports.zone_days import ZoneDays

OVER_MIDNIGHT: list[Any] = [
    (-300, "b", None, "/x", None, REFERRERS[2], CHROME),
    (-8, "a", None, "/y", None, REFERRERS[1], CHROME),
    (-4, "a", None, "/x", None, REFERRERS[3], CHROME),
    (3, "a", None, "/x", None, REFERRERS[3], CHROME),
    (6, "a", None, "/y", "click", REFERRERS[3], CHROME),
    (-200, "b", "s1", "/y", None, None, CHROME),
    (200, "b", "s1", "/x", None, None, CHROME),
    (400, "c", None, "/x", "click", REFERRERS[1], CHROME),
]
"""One visit goes over midnight, and a session comes again hours after it."""
YESTERDAY, TODAY = ((MIDNIGHT + timedelta(days=days)).date() for days in (-1, 0))
BOTH = ZoneDays(YESTERDAY, TODAY, "UTC")


@pytest.fixture
def asked_of_hits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have it noted which reports were made of all hits."""
    asked: list[str] = []

    def noted(module: Any) -> None:
        statement_of = module.statement_of

        def note(*args: Any) -> Any:
            asked.append(module.__name__.rpartition(".")[2])
            return statement_of(*args)

        monkeypatch.setattr(module, "statement_of", note)

    noted(goals)
    noted(funnels)
    return asked


@pytest.mark.parametrize("now", [AFTERNOON, NEXT_DAY], ids=["a day that goes on", "days that are over"])
def test_a_tally_and_what_came_after_it_answer(
    now: Any, tallied_application: Tallied, asked_of_hits: list[str]
) -> None:
    one = tallied_application
    hits = made_of(one.application, OVER_MIDNIGHT)
    one.store(hits)
    assert one.count(now) == 1
    reporting = Reporting(one.database, one.readers, hits)
    compare_steps(reporting, hits, BOTH)
    for day in (YESTERDAY, TODAY)[: 1 + (now == NEXT_DAY)]:
        days = ZoneDays(day, day, "UTC")
        compare_steps(reporting, [hit for hit in hits if days.start <= hit.created_at < days.end], days)
    assert asked_of_hits == []
    folder, application = one.writer.folder, one.application.id
    assert tally_difference(one.database, folder, application, first=YESTERDAY, last=TODAY) is None


def test_what_a_tally_has_not_is_asked_of_the_hits(tallied_application: Tallied, asked_of_hits: list[str]) -> None:
    one = tallied_application
    hits = made_of(one.application, OVER_MIDNIGHT)
    one.store(hits)
    assert one.count(AFTERNOON) == 1
    known, new = (Goal(UUID(int=1), "G", GoalStep.read(step), None) for step in (GOALS[0], "page:/y"))
    worth = Goal(UUID(int=2), "G", known.step, "price")

    def whole(*asked: Goal) -> list[tuple[int, int]]:
        report = goals.read(one.database, one.readers, app_id="shop", goals=asked, days=BOTH)
        return [(came.hits, came.visits) for came in report.whole.conversions]

    assert whole(known) == [(4, 3)]
    assert asked_of_hits == []
    assert whole(known, new) == [(4, 3), (2, 2)]
    assert whole(worth) == [(4, 3)]
    assert asked_of_hits == ["goals", "goals"], "one that it has not or with a value: all are of the hits"
    steps = [known.step, new.step]
    assert funnels.read(one.database, one.readers, app_id="shop", steps=steps, days=BOTH).reached == (3, 0)
    assert asked_of_hits == ["goals", "goals", "funnels"]


def test_of_lasting_sessions_goals_and_funnels_have_no_tally(
    tallied_application: Tallied, asked_of_hits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step_tallies, "MAX_OF_SEVERAL", 1)
    one = tallied_application
    hits = made_of(one.application, OVER_MIDNIGHT)
    one.store(hits)
    assert one.count(NEXT_DAY) == 1
    assert kinds_of(one) == {"goal event:click"}
    compare_steps(Reporting(one.database, one.readers, hits), hits, BOTH)
    assert asked_of_hits == ["goals", "funnels", "funnels"]
    assert tally_difference(one.database, one.writer.folder, one.application.id, first=YESTERDAY, last=TODAY) is None


def kinds_of(one: Tallied) -> set[str]:
    """Which goals and funnels its tally has."""
    [[kinds]] = rows(one.database, "SELECT kinds FROM facts_tallies")
    return {kind for kind in kinds if kind.startswith(("goal ", "funnel "))}


def size_of(one: Tallied) -> int:
    [[size]] = rows(one.database, "SELECT length(content) FROM facts_tallies")
    return int(size)


def test_goals_and_funnels_together_have_so_many_rows_the_largest_are_left_out(
    tallied_application: Tallied, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = tallied_application
    hits = made_of(one.application, OVER_MIDNIGHT)
    one.store(hits)
    assert one.count(NEXT_DAY) == 1
    every = kinds_of(one)
    kept = []
    for most in (9, 1, 0):
        monkeypatch.setattr(step_tallies, "MAX_OF_ALL", most)
        assert one.count(NEXT_DAY) == 1
        kept.append(kinds_of(one))
        compare_steps(Reporting(one.database, one.readers, hits), hits, BOTH)
    assert every > kept[0] > kept[1] > kept[2]
    assert kept[1] == {"goal event:click"}, "it is the smallest"


def test_goals_and_funnels_make_no_tally_too_large(
    tallied_application: Tallied, asked_of_hits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = tallied_application
    hits = made_of(one.application, OVER_MIDNIGHT)
    one.store(hits)
    assert one.count(NEXT_DAY) == 1
    every, size = kinds_of(one), size_of(one)
    with monkeypatch.context() as patched:
        patched.setattr(step_tallies, "MAX_OF_ALL", -1)
        assert one.count(NEXT_DAY) == 1
    without = size_of(one)
    for most in (size - 1, without):
        monkeypatch.setattr(tally_making, "MAX_BYTES", most)
        assert one.count(NEXT_DAY) == 1
        assert kinds_of(one) < every
        assert size_of(one) <= most
        compare_steps(Reporting(one.database, one.readers, hits), hits, BOTH)
        folder, application = one.writer.folder, one.application.id
        assert tally_difference(one.database, folder, application, first=YESTERDAY, last=TODAY) is None
    assert kinds_of(one) == set()
    assert asked_of_hits


def out_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally_making, "MEMORY_MEGABYTES", 100)
    monkeypatch.setattr(step_tallies, "NUMBERS", "CREATE TEMP TABLE large AS SELECT list(range) FROM range(100000000)")


def out_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = tally_making.add_steps

    def add_steps(cursor: Any, *args: Any, **more: Any) -> Any:
        cursor._cursor.interrupt()
        return usual(cursor, *args, **more)

    monkeypatch.setattr(tally_making, "add_steps", add_steps)


@pytest.mark.parametrize("fail", [out_of_memory, out_of_time])
def test_without_room_or_time_for_goals_the_tally_is_kept(
    fail: Any, tallied_application: Tallied, asked_of_hits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = tallied_application
    hits = made_of(one.application, OVER_MIDNIGHT)
    one.store(hits)
    assert one.count(NEXT_DAY) == 1
    with monkeypatch.context() as patched:
        fail(patched)
        folder, application = one.writer.folder, one.application.id
        with pytest.raises(FactsUnavailable):
            tally_difference(one.database, folder, application, first=YESTERDAY, last=TODAY)
        assert one.count(NEXT_DAY) == 1
        assert kinds_of(one) == set()
    assert tally_difference(one.database, folder, application, first=YESTERDAY, last=TODAY) is None
    one.compare(hits, "UTC")
    assert asked_of_hits
