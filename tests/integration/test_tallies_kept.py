"""What a tally leaves behind: groups of nothing, files for questions, and turns of the scheduler that make it again."""

import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

from tests.support.queued_hits import hit_of, rows
from tests.support.reporting import CHROME, Reporting
from tests.support.standing_clock import StandingClock
from tests.support.tallied import AFTERNOON, NEXT_DAY, TWO_DAYS, WHOLE, Tallied
from tests.support.told_visits import MIDNIGHT, made_of
from tests.support.waiting import wait_until
from tracker.config import Settings
from tracker.facts.folder import Folder
from tracker.reports import passing_files, tally_making
from tracker.reports.answers import Answers
from tracker.store import facts_tallies


def test_a_group_without_page_views_is_there_by_a_tally_too(tallied_application: Tallied) -> None:
    one = tallied_application
    hits = made_of(
        one.application, [(-60, "a", None, "/x", "click", None, None), (-50, "b", None, "/x", None, None, CHROME)]
    )
    one.store(hits)
    reporting = Reporting(one.database, one.readers, hits)
    day = f"{MIDNIGHT - timedelta(days=1):%F}"
    asked = {"start_date": day, "end_date": day, "measures": "page_views", "dimensions": "browser"}
    usual = reporting.rows(**asked)
    assert [row["page_views"] for row in usual] == [1, 0]
    one.readers.answers = Answers()
    assert one.count(AFTERNOON) == 1
    assert reporting.rows(**asked) == usual


@pytest.mark.parametrize("most", [0, 1, 2])
def test_what_has_too_many_values_is_left_out_of_a_tally_and_nothing_else(
    most: int, tallied_application: Tallied, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tally_making, "_MAX_VALUES", most)
    one = tallied_application
    came = [
        (-200, "c", None, "/x", None, "https://www.google.de/", None),
        (-100, "d", None, "/x", None, "https://blog.example/post", None),
    ]
    hits = made_of(one.application, [*came, *TWO_DAYS])
    one.store(hits)
    assert one.count(AFTERNOON) == 1
    with one.database.transaction() as tx:
        row = facts_tallies.find(tx, one.application.id)
    assert row is not None
    assert ("visit_source" in row.kinds) == (most > 1), "of two sources"
    one.compare(hits, "UTC")


def test_files_made_for_questions_are_gone_before_an_erasure_says_that_it_is_done(
    tallied_application: Tallied, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Folder.grace_seconds > passing_files.IDLE_SECONDS + 2 * passing_files._SWEEP_SECONDS
    monkeypatch.setattr(passing_files, "IDLE_SECONDS", 60)
    monkeypatch.setattr(passing_files, "_SWEEP_SECONDS", 0.1)
    one = tallied_application
    hits = made_of(one.application, TWO_DAYS)
    one.store(hits)
    one.count(AFTERNOON)
    days = {"start_date": f"{MIDNIGHT - timedelta(days=1):%F}", "end_date": f"{MIDNIGHT:%F}"}
    work = one.readers.folder.path / "work"

    def files() -> list[Path]:
        return [file for file in work.glob("*/*") if file.suffix in (".parquet", ".visits")]

    def write(path: Path) -> bool:
        return bool(path.write_bytes(b"x"))

    passing = one.readers.kept.passing
    one.readers.answer(one.application.app_id, lambda _: None)
    assert passing.folder is not None, "there is a place for files once the engine is open"
    with passing.hold("these"):
        with passing.file("read", "read", write, of="these") as path:
            Reporting(one.database, one.readers, hits).rows(**days, measures=WHOLE)
            made = {file.name.partition("-")[0] for file in files()}
            assert made == {"read", "tally", "seen", "visits"}, (
                "who was seen before, and what is near a day that goes on"
            )
            monkeypatch.setattr(passing_files, "IDLE_SECONDS", 0.1)
            assert path is not None
            wait_until(lambda: files() == [path])
            assert path.exists(), "somebody reads it"
        with passing.file("other", "other", write, of="others") as other:
            assert other is not None
        wait_until(lambda: not other.exists())
        assert path.exists(), "somebody waits for it"
    wait_until(lambda: not path.exists())


def test_a_tally_of_this_day_is_not_wanted_again_whatever_the_time_zone_of_the_session(
    tallied_application: Tallied,
) -> None:
    one = tallied_application
    one.store(made_of(one.application, TWO_DAYS))
    rows(one.database, "UPDATE facts_files SET made_at = %s RETURNING 1", MIDNIGHT - timedelta(hours=1))
    assert one.count(AFTERNOON) == 1
    rows(one.database, "UPDATE facts_tallies SET made_at = %s RETURNING 1", MIDNIGHT + timedelta(minutes=31))
    for zone in ("UTC", "America/Los_Angeles", "Asia/Tokyo"):
        with one.database.transaction() as tx:
            tx.execute("SELECT set_config('timezone', %s, true)", [zone])
            dates = [(MIDNIGHT - timedelta(days=days)).date() for days in (9, 1)]
            assert facts_tallies.wanting(tx, *dates, facts=1, seconds=0, left_out=1) == [], zone


def test_a_tally_that_a_scheduler_of_before_made_is_made_anew(tallied_application: Tallied) -> None:
    one = tallied_application
    one.store(made_of(one.application, TWO_DAYS))
    assert one.count(AFTERNOON) == 1

    def make() -> int:
        clock = StandingClock(AFTERNOON)
        return tally_making.make_tallies(one.database, one.writer.folder, clock, min_facts=1, rest_seconds=0)

    assert make() == 0
    rows(one.database, "UPDATE facts_tallies SET kinds = array_remove(kinds, 'visit_channel') RETURNING 1")
    assert (make(), make()) == (1, 0)


def test_times_of_visits_are_added_up_to_the_microsecond_so_that_a_tally_is_the_same_when_it_is_made_again(
    tallied_application: Tallied, tmp_path: Path
) -> None:
    one = tallied_application
    tenth = 0.1 / 60
    one.store(
        made_of(
            one.application,
            [(at, f"v{number}", None, "/x", None, None, None) for number in range(10) for at in (-60, -60 + tenth)],
        )
    )
    assert one.count(AFTERNOON) == 1
    [(content,)] = rows(one.database, "SELECT content FROM facts_tallies")
    (tmp_path / "tally").write_bytes(content)
    with duckdb.connect() as engine:
        query = "SELECT DISTINCT seconds FROM read_parquet(?) WHERE sessions = 10 AND seconds IS NOT NULL"
        assert engine.execute(query, [str(tmp_path / "tally")]).fetchall() == [(11.0,)], "1.1 s each"


def test_a_tally_that_cannot_be_made_is_put_off(tallied_application: Tallied, monkeypatch: pytest.MonkeyPatch) -> None:
    one = tallied_application
    one.store(made_of(one.application, TWO_DAYS))
    monkeypatch.setattr(tally_making, "MEMORY_MEGABYTES", 1)
    asked = []
    usual = tally_making.write_tally

    def write_tally(*args: Any, **more: Any) -> Any:
        asked.append(args)
        return usual(*args, **more)

    monkeypatch.setattr(tally_making, "write_tally", write_tally)
    put_off: dict[str, float] = {}
    for _ in range(3):
        clock = StandingClock(AFTERNOON)
        folder = one.writer.folder
        assert tally_making.make_tallies(one.database, folder, clock, min_facts=1, rest_seconds=0, put_off=put_off) == 0
    assert len(asked) == 1


def test_a_tally_that_is_too_large_is_not_kept(tallied_application: Tallied, monkeypatch: pytest.MonkeyPatch) -> None:
    one = tallied_application
    one.store(made_of(one.application, TWO_DAYS))
    assert one.count(AFTERNOON) == 1
    monkeypatch.setattr(tally_making, "MAX_BYTES", 500)
    assert one.count(AFTERNOON) == 0
    assert not one.has_tally


def test_a_tally_waits_for_whoever_changes_files_and_nobody_waits_behind_it(
    tallied_application: Tallied, settings: Settings
) -> None:
    one = tallied_application
    one.store(made_of(one.application, TWO_DAYS))
    change = "UPDATE facts_files SET replaced_at = NULL WHERE date = %s"
    counted: list[int] = []
    with psycopg.connect(settings.database_url) as writer, psycopg.connect(settings.database_url) as other:
        writer.execute(change, [MIDNIGHT.date()])
        counting = threading.Thread(target=lambda: counted.append(one.count(AFTERNOON)))
        counting.start()
        counting.join(2)
        assert counting.is_alive()
        other.execute("SET lock_timeout = '1s'")
        other.execute(change, [(MIDNIGHT - timedelta(days=1)).date()])
        other.commit()
        writer.commit()
        counting.join(30)
    assert (counted, one.has_tally) == ([1], True)


def test_a_tally_is_not_fetched_for_a_question_that_it_does_not_answer(
    tallied_application: Tallied, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = tallied_application
    hits = made_of(one.application, TWO_DAYS)
    one.store(hits)
    assert one.count(AFTERNOON) == 1
    fetched: list[object] = []
    content = facts_tallies.content
    monkeypatch.setattr(facts_tallies, "content", lambda tx, number: fetched.append(number) or content(tx, number))
    reporting = Reporting(one.database, one.readers, hits)
    day = f"{MIDNIGHT - timedelta(days=1):%F}"
    days = {"start_date": day, "end_date": day}
    reporting.rows(**days, measures="requests", dimensions="browser", filters='[["page", "is", "/a"]]')
    assert fetched == []
    reporting.rows(**days, measures="requests", dimensions="browser")
    assert len(fetched) == 1


def test_a_day_to_which_late_hits_keep_coming_is_left_out_of_the_tally(tallied_application: Tallied) -> None:
    one = tallied_application
    hits = made_of(one.application, TWO_DAYS)
    one.store(hits)
    rows(
        one.database,
        "UPDATE facts_files SET made_at = made_at - interval '1 hour' WHERE date < %s RETURNING 1",
        MIDNIGHT.date(),
    )

    def make(now: datetime) -> int:
        clock = StandingClock(now)
        return tally_making.make_tallies(one.database, one.writer.folder, clock, min_facts=1, rest_seconds=1800)

    def last() -> list[Any]:
        return rows(one.database, "SELECT last FROM facts_tallies")

    before = MIDNIGHT.date() - timedelta(days=1)
    assert (make(NEXT_DAY), last()) == (1, [(before,)])
    assert make(NEXT_DAY) == 0, "it is there"
    late = hit_of(one.application, 77, created_at=MIDNIGHT + timedelta(hours=3), client_sub_id="a")
    one.store([late])
    assert (make(NEXT_DAY), last()) == (0, [(before,)]), "a late hit leaves it alone"
    rows(one.database, "DELETE FROM facts_tallies RETURNING 1")
    assert make(NEXT_DAY + timedelta(days=2)) == 0, "too many days would be left out"
    assert (make(NEXT_DAY + timedelta(days=1)), last()) == (1, [(before,)]), "it, and the day after"
    rows(one.database, "UPDATE facts_files SET made_at = made_at - interval '1 hour' RETURNING 1")
    assert (make(NEXT_DAY), last()) == (1, [(MIDNIGHT.date(),)]), "it has rested"
