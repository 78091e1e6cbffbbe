"""Reports by tallies are those of a plain count: hits late, repeated, erased, of days that go on; in any zone."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.support.erasing import erase
from tests.support.queued_hits import hit_of, rows
from tests.support.reporting import Reporting
from tests.support.standing_clock import StandingClock
from tests.support.tallied import AFTERNOON, NEXT_DAY, TWO_DAYS, WHOLE, Tallied
from tests.support.told_visits import MIDNIGHT, made_of, told
from tracker.management import settings as management_settings
from tracker.reports import tallied, tally_making
from tracker.store import facts_files, facts_marks, facts_tallies

happening = given(
    hits=st.lists(told, min_size=2, max_size=24),
    late=st.integers(0, 5),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
)
unhurried = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


@examples(max_examples=1, **unhurried)
@happening
def test_reports_by_tallies_are_those_of_a_plain_count(
    hits: list[Any], late: int, zone: str, tallied_application: Tallied
) -> None:
    check(hits, late, zone, tallied_application)


@pytest.mark.long
@pytest.mark.timeout(1200)
@examples(max_examples=20, **unhurried)
@happening
def test_many_reports_by_tallies_are_those_of_a_plain_count(
    hits: list[Any], late: int, zone: str, tallied_application: Tallied
) -> None:
    check(hits, late, zone, tallied_application)


def check(hits: list[Any], late: int, zone: str, tallied: Tallied) -> None:
    """Count hits by day while the last day goes on, and when it is over; let some come late; erase somebody."""
    for table in ("access_logs", "custom_parameter_values", "statistics_increments", "daily_statistics"):
        rows(tallied.database, f"DELETE FROM {table} RETURNING 1")
    tallied.write()
    with tallied.database.transaction() as tx:
        for days in (-1, 0):
            facts_marks.mark_day(tx, (tallied.application.id, (MIDNIGHT + timedelta(days=days)).date()))
    tallied.write()
    management_settings.set_(tallied.database, tallied.application.app_id, "timezone", zone)
    every = made_of(tallied.application, hits)
    in_time = every[late:]
    if in_time:
        tallied.store([*in_time, *in_time[:2]])
        for now in (AFTERNOON, NEXT_DAY):
            assert tallied.count(now) == tallied.has_tally
            tallied.compare(in_time, zone)
    tallied.store(every)
    assert not tallied.has_tally or not late
    tallied.compare(every, zone)
    tallied.count(AFTERNOON)
    tallied.compare(every, zone)
    erase(tallied.database, tallied.redis, clients=["a"], write_facts=tallied.write)
    left = [hit for hit in every if hit.client_sub_id != "a"]
    for now in (AFTERNOON, NEXT_DAY) if left else ():
        tallied.count(now)
        tallied.compare(left, zone)


def test_a_tally_is_what_answers_and_goes_with_the_files_that_it_was_made_of(
    tallied_application: Tallied, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = tallied_application
    hits = made_of(one.application, TWO_DAYS)
    one.store(hits)
    assert one.count(AFTERNOON) == 1
    asked_usually = []
    usual = tallied.statement.rows_of

    def rows_of(*args: Any, **more: Any) -> Any:
        asked_usually.append(args[3])
        return usual(*args, **more)

    monkeypatch.setattr(tallied.statement, "rows_of", rows_of)
    reporting = Reporting(one.database, one.readers, hits)
    before, of_both = MIDNIGHT - timedelta(days=1), MIDNIGHT
    [row] = reporting.rows(start_date=f"{before:%F}", end_date=f"{before:%F}", measures=WHOLE)
    assert (row["visitors"], row["sessions"], asked_usually) == (1, 2, []), "the tally alone"
    [row] = reporting.rows(start_date=f"{before:%F}", end_date=f"{of_both:%F}", measures=WHOLE)
    assert (row["visitors"], row["sessions"]) == (2, 3)
    assert not asked_usually, "and what the day that goes on adds to it"
    [row] = reporting.rows(start_date=f"{before:%F}", end_date=f"{of_both:%F}", measures="requests")
    assert (row["requests"], len(asked_usually)) == (4, 1), "and the day that goes on, where nobody is told apart"
    asked_usually.clear()
    chart = {"start_date": f"{before:%F}", "measures": "visitors,requests", "interval": "day"}
    [row] = reporting.rows(**chart, end_date=f"{before:%F}", filters='[["page", "is", "/x"]]')
    assert (row["visitors"], row["requests"], asked_usually) == (1, 1, []), "the tally of the page"
    [row] = reporting.rows(**chart, end_date=f"{before:%F}", filters='[["browser", "is_not", "Firefox"]]')
    assert (row["visitors"], row["requests"], asked_usually) == (1, 2, []), "nobody has two browsers"
    [row] = reporting.rows(**chart, end_date=f"{before:%F}", filters='[["page", "is_not", "/z"]]')
    assert (row["visitors"], row["requests"], len(asked_usually)) == (1, 2, 1), "somebody has two pages"
    with one.database.transaction() as tx:
        [file, *_] = facts_files.of_days(tx, one.application.id, before.date(), before.date())
        facts_files.replace(tx, [file.id])
    assert not one.has_tally


def test_a_tally_of_files_that_have_changed_meanwhile_is_not_kept(
    tallied_application: Tallied, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = tallied_application
    one.store(made_of(one.application, TWO_DAYS))
    put = facts_tallies.put

    def put_late(*args: Any) -> bool | None:
        one.store([hit_of(one.application, 99, created_at=MIDNIGHT - timedelta(hours=5))])
        return put(*args)

    monkeypatch.setattr(facts_tallies, "put", put_late)
    assert one.count(AFTERNOON) == 0
    assert not one.has_tally


def test_a_tally_goes_back_for_so_many_facts_and_is_of_days_that_have_rested(
    tallied_application: Tallied, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = tallied_application
    hits = made_of(one.application, TWO_DAYS)
    one.store(hits)
    clock, folder = StandingClock(NEXT_DAY), one.writer.folder
    assert tally_making.make_tallies(one.database, folder, clock, min_facts=1, rest_seconds=60) == 0, "just made"
    assert tally_making.make_tallies(one.database, folder, clock, min_facts=5, rest_seconds=0) == 0, "few facts"
    monkeypatch.setattr(tally_making, "_MAX_FACTS", 3)
    assert tally_making.make_tallies(one.database, folder, clock, min_facts=1, rest_seconds=0) == 1
    with one.database.transaction() as tx:
        tally = facts_tallies.find(tx, one.application.id)
    assert tally is not None
    assert (tally.first, tally.last) == (MIDNIGHT.date(), MIDNIGHT.date())
    one.compare(hits, "UTC")
