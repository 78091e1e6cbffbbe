"""Goals, funnels and returning visitors say what a plain count over the same hits says, whatever is asked."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.support.reporting import NOW, Reporting, reporting_of, visits
from tests.support.settings_of import settings_of
from tests.support.steps_taken import is_step, so_far
from tracker.config import Settings
from tracker.embedded import Valkey
from tracker.goal import Goal, GoalStep
from tracker.hit import Hit
from tracker.management import settings as management_settings
from tracker.reports import funnels, goals, returning
from tracker.reports.answers import Answers
from tracker.reports.zone_days import ZoneDays

ZONE = ZoneInfo("Europe/Berlin")
FIRST = date(2026, 10, 24)
SOURCES = {"https://www.google.de/": "Google", "https://blog.example/post": "blog.example"}
STEPS = st.sampled_from(
    [GoalStep.read(text) for text in ("page:/a", "page:/b", "page:/c", "page:/*", "page:/none", "event:click")]
)
DAYS = st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from(["Europe/Berlin", "Asia/Kathmandu"])).map(
    lambda of: ZoneDays(*(FIRST + timedelta(days=number) for number in sorted(of[:2])), of[2])
)
"""Days of the latter, which is off by 45 minutes, begin within a part of visits."""
PROPERTY = examples(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def reporting(database_of_all: str, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reporting]:
    settings: Settings = settings_of(database_of_all, valkey.url, tmp_path_factory.mktemp("goals"))
    with reporting_of(settings) as made:
        yield made


def by_visit(reporting: Reporting, days: ZoneDays) -> dict[Any, list[Hit]]:
    some = [hit for hit in reporting.hits if days.start <= hit.created_at < days.end]
    of = visits(some)
    hits_of = defaultdict(list)
    for hit in sorted(some, key=lambda hit: (hit.created_at, SOURCES.get(hit.referrer or "", ""))):
        hits_of[of[hit.id]].append(hit)
    return hits_of


def source_of(hits: list[Hit]) -> str | None:
    from_outside = [hit for hit in hits if hit.referrer is None or hit.referrer in SOURCES]
    return SOURCES.get(from_outside[0].referrer or "") if from_outside else None


@PROPERTY
@given(steps=st.lists(STEPS, max_size=4), days=DAYS)
def test_goals_are_those_of_a_plain_count(reporting: Reporting, steps: list[GoalStep], days: ZoneDays) -> None:
    asked = [Goal(UUID(int=n), "G", step, "price" if n % 2 else None) for n, step in enumerate(steps)]
    report = goals.read(reporting.database, reporting.readers, app_id="shop", goals=asked, days=days)

    def counted(some: list[list[Hit]]) -> tuple[goals.Conversions, ...]:
        conversions = []
        for goal in asked:
            reached = [[hit for hit in hits if is_step(goal.step, hit)] for hits in some]
            worth = sum(float((hit.custom_params or {})["price"]) for hits in reached for hit in hits)
            value = worth if goal.value_parameter else None
            conversions.append(goals.Conversions(sum(map(len, reached)), sum(map(bool, reached)), value))
        return tuple(conversions)

    plain = by_visit(reporting, days)
    sources: dict[str | None, list[list[Hit]]] = defaultdict(list)
    for hits in plain.values():
        sources[source_of(hits)].append(hits)
    assert (report.whole.visits, report.whole.conversions) == (len(plain), counted(list(plain.values())))
    assert {row.source: (row.visits, row.conversions) for row in report.sources} == {
        source: (len(some), counted(some)) for source, some in sources.items()
    }
    assert (report.exact, report.up_to_date) == (True, True)


@PROPERTY
@given(steps=st.lists(STEPS, min_size=2, max_size=8), days=DAYS)
def test_funnels_are_those_of_a_plain_count(reporting: Reporting, steps: list[GoalStep], days: ZoneDays) -> None:
    report = funnels.read(reporting.database, reporting.readers, app_id="shop", steps=steps, days=days)
    plain = by_visit(reporting, days)
    came = [so_far(steps, hits) for hits in plain.values()]
    assert report.visits == len(plain)
    assert report.reached == tuple(sum(one > number for one in came) for number in range(len(steps)))


def test_some_visits_go_through_a_funnel_of_eight_steps(reporting: Reporting) -> None:
    """The property above is no empty word: each step loses some, and some come to the end."""
    days = ZoneDays(FIRST, FIRST + timedelta(days=3), "Europe/Berlin")
    steps = [GoalStep.read(text) for text in ("page:/*", "event:click", "page:/a", "page:/b") * 2]
    reached = funnels.read(reporting.database, reporting.readers, app_id="shop", steps=steps, days=days).reached
    assert len(reached) == 8
    assert reached[0] > reached[3] > 0


def test_returning_visitors_are_those_of_a_plain_count(reporting: Reporting) -> None:
    weeks: dict[str, set[date]] = defaultdict(set)
    for hit in reporting.hits:
        day = hit.created_at.astimezone(ZONE).date()
        if hit.client_sub_id:
            weeks[hit.client_sub_id].add(day - timedelta(days=day.weekday()))
    report = returning.read(reporting.database, reporting.readers, app_id="shop", now=NOW + timedelta(weeks=2))
    begins = date(2026, 10, 19)
    after = [begins + timedelta(weeks=number) for number in range(4)]
    assert [cohort.week for cohort in report.cohorts] == after
    assert {cohort.week: cohort.came for cohort in report.cohorts} == {
        first: tuple(
            sum(min(seen) == first and week in seen for seen in weeks.values()) for week in after if week >= first
        )
        for first in after
    }
    assert report.cohorts[0].came[:2] == (3, 3)


def test_nothing_is_seen_of_another_application_or_of_days_without_hits(reporting: Reporting) -> None:
    days = ZoneDays(FIRST, FIRST + timedelta(days=3), "Europe/Berlin")
    secret = Goal(UUID(int=1), "G", GoalStep.read("page:/secret"), None)

    def whole(app_id: str, of: ZoneDays) -> tuple[int, int]:
        report = goals.read(reporting.database, reporting.readers, app_id=app_id, goals=[secret], days=of)
        return report.whole.visits, report.whole.conversions[0].visits

    assert whole("shop", days)[1] == 0
    assert whole("blog", days) == (1, 1)
    assert whole("shop", ZoneDays(date(2026, 1, 1), date(2026, 1, 2), "Europe/Berlin")) == (0, 0)
    empty = ZoneDays(date(2026, 1, 1), date(2026, 1, 2), "Europe/Berlin")
    report = funnels.read(reporting.database, reporting.readers, app_id="shop", steps=[secret.step] * 2, days=empty)
    assert (report.visits, report.reached) == (0, (0, 0))


def test_what_was_asked_of_the_same_files_is_not_asked_again(
    reporting: Reporting, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = ZoneDays(FIRST, FIRST + timedelta(days=3), "Europe/Berlin")
    page, click = GoalStep.read("page:/a"), GoalStep.read("event:click")
    new = GoalStep.read("page:/asked-once")  # The tests before have asked about their own pages in any order.
    goal = Goal(UUID(int=1), "G", page, None)

    def asked() -> list[Any]:
        database, readers = reporting.database, reporting.readers
        return [
            goals.read(database, readers, app_id="shop", goals=[goal], days=days),
            funnels.read(database, readers, app_id="shop", steps=[page, click], days=days),
            returning.read(database, readers, app_id="shop", now=NOW),
        ]

    first = asked()
    monkeypatch.setattr(reporting.readers, "answer", lambda app_id, _: pytest.fail(f"{app_id} was asked about again"))
    assert asked() == first
    with pytest.raises(pytest.fail.Exception):
        funnels.read(reporting.database, reporting.readers, app_id="shop", steps=[click, new], days=days)


def test_what_is_kept_is_no_answer_after_a_goal_or_a_setting_has_changed(reporting: Reporting) -> None:
    days = ZoneDays(FIRST, FIRST + timedelta(days=3), "Europe/Berlin")
    database, readers = reporting.database, reporting.readers
    kept = readers.answers

    def asked(text: str, parameter: str | None) -> list[Any]:
        step = GoalStep.read(text)
        goal = Goal(UUID(int=1), "G", step, parameter)
        return [
            goals.read(database, readers, app_id="shop", goals=[goal], days=days),
            funnels.read(database, readers, app_id="shop", steps=[step, GoalStep.read("page:/*")], days=days),
            returning.read(database, readers, app_id="shop", now=NOW),
        ]

    changes = (("session_timeout_minutes", "5"), ("week_start", "sunday"), ("timezone", "Pacific/Auckland"))
    before = {key: management_settings.get(database, "shop", key).setting_value for key, _ in changes}
    answers = []
    for key, value in (*changes, *before.items()):
        management_settings.set_(database, "shop", key, str(value))
        for text, parameter in (("page:/a", None), ("page:/a", "price"), ("page:/b", "price"), ("event:click", None)):
            readers.answers = kept
            answers.append(asked(text, parameter))
            readers.answers = Answers()
            assert answers[-1] == asked(text, parameter), key
    readers.answers = kept
    assert answers[0] != answers[4] != answers[8] != answers[12], "each of them changes an answer"
