"""Visits of several parts are found once for the same days and files, and go when others are asked about."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from bench import asked_together, made_up_facts
from tracker.facts.engine import Cursor, Engine, FactsDamaged
from tracker.facts.visits import FileSpan, beside, numbered, parts_of
from tracker.reports.facts_read import FactsRead, TimeRange
from tracker.reports.gathered import MAX_TABLES, GatheredVisits, _Key
from tracker.reports.visits import PAGES
from tracker.reports.zone_days import ZoneDays

DAY = date(2026, 10, 1)
HITS = """
    SELECT TIMESTAMP '2026-10-01 10:00:00' + to_minutes(20 * hit) AS time, 1::UBIGINT AS visitor,
        NULL::UBIGINT AS session, true AS is_view, '/' || hit AS page, {none}
    FROM range(4) AS hits(hit)
"""
NAMES = (
    *("host", "browser", "browser_version", "system", "device", "country", "country_by", "language", "screen"),
    *("channel", "source", "referrer", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"),
    "click_id",
)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = Engine(tmp_path, memory_megabytes=128)
    yield made
    made.close()


@pytest.fixture
def files(tmp_path: Path, engine: Engine) -> FactsRead:
    """One visit of four hits, over two slots."""
    none = ", ".join(f"NULL::VARCHAR AS {name}" for name in NAMES)
    hits, file, span = HITS.format(none=none), tmp_path / "day.parquet", FileSpan(DAY, 0, 23, 30)
    with engine.cursor(seconds=20) as cursor:
        for query, to in ((numbered(hits, span), file), (parts_of(f"read_parquet('{file}')", span), beside(file))):
            cursor.run(f"COPY ({query}) TO '{to}' (FORMAT parquet)")
    return FactsRead((str(file),), frozenset(), are_within=True)


def days(number: int = 0) -> ZoneDays:
    return ZoneDays(DAY - timedelta(days=number), DAY, "UTC")


HOW = {"timeout_minutes": 30, "of_parts": True, "names": PAGES}


def tables(cursor: Cursor) -> list[str]:
    return [name for (name,) in cursor.rows("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'gathered%'")]


def ask(gathered: GatheredVisits, cursor: Cursor, files: FactsRead, of: ZoneDays, **others: Any) -> list[Any]:
    with gathered.table(cursor, files, of, **{**HOW, **others}) as table:
        return cursor.rows(f"SELECT seconds, entry_page, exit_page FROM {table}")


def test_a_table_is_made_once_by_whoever_comes_first(engine: Engine, files: FactsRead) -> None:
    gathered, together = GatheredVisits(), Barrier(4)

    def asked() -> list[Any]:
        with engine.cursor(seconds=20) as cursor:
            together.wait()
            return ask(gathered, cursor, files, days())

    with ThreadPoolExecutor(4) as threads:
        answers = [future.result() for future in [threads.submit(asked) for _ in range(4)]]
    assert answers == [[(3600.0, "/0", "/3")]] * 4
    with engine.cursor(seconds=20) as cursor:
        assert len(tables(cursor)) == 1
        assert ask(gathered, cursor, files, days(1)) == answers[0]
        assert ask(gathered, cursor, files, days(), of_parts=False) == answers[0]
        assert len(tables(cursor)) == 3


def test_of_many_days_the_latest_stay_and_what_is_being_read(engine: Engine, files: FactsRead) -> None:
    gathered = GatheredVisits()
    with (
        engine.cursor(seconds=20) as cursor,
        gathered.table(cursor, files, days(), **HOW) as held,
    ):
        for number in range(1, 2 * MAX_TABLES):
            ask(gathered, cursor, files, days(number))
        assert len(tables(cursor)) == MAX_TABLES
        assert cursor.rows(f"SELECT count(*) FROM {held}") == [(1,)]


def test_large_tables_do_not_stay(engine: Engine, files: FactsRead) -> None:
    gathered = GatheredVisits(max_rows=0)
    with engine.cursor(seconds=20) as cursor:
        assert ask(gathered, cursor, files, days()) == [(3600.0, "/0", "/3")]
        assert tables(cursor) == []


def test_questions_that_end_together_drop_each_table_once(
    engine: Engine, files: FactsRead, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two that drop the same table the engine fails one."""
    gathered, run, dropped = GatheredVisits(max_rows=0), Cursor.run, []
    with engine.cursor(seconds=20) as cursor, engine.cursor(seconds=20) as other:

        def noted(self: Cursor, statement: str, params: Any = ()) -> None:
            if statement.startswith("DROP"):
                dropped.append(statement)
                if len(dropped) == 1:
                    ask(gathered, other, files, days(1))
            run(self, statement, params)

        monkeypatch.setattr(Cursor, "run", noted)
        ask(gathered, cursor, files, days())
        assert len(dropped) == len(set(dropped)) == 2
        assert tables(cursor) == []


def test_what_could_not_be_made_is_made_by_the_next(engine: Engine, files: FactsRead) -> None:
    gathered, aside = GatheredVisits(), Path(files.paths[0]).with_suffix(".aside")
    parts = beside(Path(files.paths[0]))
    parts.rename(aside)
    with engine.cursor(seconds=20) as cursor, pytest.raises(FactsDamaged):
        ask(gathered, cursor, files, days())
    aside.rename(parts)
    with engine.cursor(seconds=20) as cursor:
        assert ask(gathered, cursor, files, days()) == [(3600.0, "/0", "/3")]
        assert len(tables(cursor)) == 1


def test_first_and_last_pages_are_gathered_for_who_asks_for_them(engine: Engine, files: FactsRead) -> None:
    gathered = GatheredVisits()

    def columns(*names: str) -> list[str]:
        with gathered.table(cursor, files, days(), **{**HOW, "names": names}) as table:
            return [name for name, *_ in cursor.rows(f"DESCRIBE {table}")]

    with engine.cursor(seconds=20) as cursor:
        without = columns()
        assert without == ["raw", "key", "seconds", "is_bounce"]
        assert columns(*PAGES) == [*without, "entry_page", "exit_page"]
        assert len(tables(cursor)) == 2
        assert columns()[-1] == "exit_page", "what is there serves those, too, who do not need all of it"


def test_a_session_of_two_visitors_came_from_where_the_first_of_them_did(tmp_path: Path, engine: Engine) -> None:
    """Within half an hour, and after a hit within the site of the one who came from elsewhere later."""
    others = ", ".join(f"NULL::VARCHAR AS {name}" for name in NAMES if name not in ("channel", "source"))
    hits = f"""
        SELECT TIMESTAMP '2026-10-01 10:00:00' + to_minutes(minute) AS time, visitor::UBIGINT AS visitor,
            7::UBIGINT AS session, true AS is_view, '/' AS page, channel, source, {others}
        FROM (VALUES (0, 1, 'internal', NULL), (5, 2, 'search', 'Bing'), (10, 1, 'search', 'Google'))
            AS told(minute, visitor, channel, source)
    """
    file, span = tmp_path / "day.parquet", FileSpan(DAY, 0, 23, 30)
    with engine.cursor(seconds=20) as cursor:
        for query, to in ((numbered(hits, span), file), (parts_of(f"read_parquet('{file}')", span), beside(file))):
            cursor.run(f"COPY ({query}) TO '{to}' (FORMAT parquet)")
        read, names = FactsRead((str(file),), frozenset(), are_within=True), ("visit_channel", "visit_source")
        with GatheredVisits().table(cursor, read, days(), **{**HOW, "names": names}) as table:
            assert cursor.rows(f"SELECT visit_channel, visit_source FROM {table}") == [("search", "Bing")]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York"])
def test_a_last_date_that_goes_on_is_gathered_beside_what_is_kept_of_those_before(zone: str, tmp_path: Path) -> None:
    """Many of these visits go over midnight."""
    made = made_up_facts.make(tmp_path, first=DAY, days=3, hits=20_000, visitors=150)
    three_days, last = ZoneDays(DAY, DAY + timedelta(days=2), zone), Path(made.files[-1])
    until_noon = tmp_path / "noon" / last.name
    until_noon.parent.mkdir()
    at_noon, at_night = (facts_read([*made.files[:-1], str(file)]) for file in (until_noon, last))
    with closing(Engine(tmp_path, memory_megabytes=128)) as engine, engine.cursor(seconds=60) as cursor:
        span = FileSpan(three_days.last, 0, 23, made_up_facts.TIMEOUT_MINUTES)
        hits = f"SELECT * FROM read_parquet('{last}') WHERE hour(time) < 12"
        for query, to in (
            (numbered(hits, span), until_noon),
            (parts_of(f"read_parquet('{until_noon}')", span), beside(until_noon)),
        ):
            cursor.run(f"COPY ({query}) TO '{to}' (FORMAT parquet)")

        def rows(gathered: GatheredVisits, files: FactsRead, names: tuple[str, ...]) -> list[Any]:
            with gathered.table(cursor, files, three_days, **{**HOW, "names": names}) as table:
                return sorted(cursor.rows(f"FROM {table}"), key=str)

        for names in ((), (*PAGES, "visit_source")):
            for before, after in ((at_noon, at_night), (at_night, at_noon)):
                anew = rows(GatheredVisits(), after, names)
                gathered = GatheredVisits()
                assert rows(gathered, before, names) != anew
                assert rows(gathered, after, names) == anew
                assert len(gathered._tables) == 3, "with that of the dates before"
                small = GatheredVisits(max_rows=len(anew) * 3 // 2)
                for files in (before, after):
                    rows(small, files, names)
                assert [key.files for key in small._tables] == [after], "without room for two that of all dates stays"


def test_the_dates_before_end_at_midnight_also_where_the_last_file_is_of_some_minutes_of_an_hour() -> None:
    midnight = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC) + timedelta(days=1)
    bounds = [midnight + timedelta(minutes=minutes) for minutes in (-1440, 0, 637, 660)]
    ranges = tuple(map(TimeRange, bounds, bounds[1:]))
    files = FactsRead(("before", "hours", "piece"), frozenset(), are_within=True, ranges=ranges)
    key = _Key(files, ZoneDays(DAY, DAY + timedelta(days=1), "UTC"), 30, of_parts=True, names=())
    earlier = key.until_last_date()
    assert earlier is not None
    assert (earlier.files.paths, earlier.days.end) == (("before",), midnight)


def facts_read(files: list[str]) -> FactsRead:
    return replace(asked_together.facts_read(files), are_within=False)
