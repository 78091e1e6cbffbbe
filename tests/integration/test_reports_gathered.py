"""Visits of several parts are found once for the same days and files, and go when others are asked about."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from tracker.facts.engine import Cursor, Engine, FactsDamaged
from tracker.facts.visits import FileSpan, beside, numbered, parts_of
from tracker.reports.gathered import MAX_TABLES, GatheredVisits
from tracker.reports.tables import FactsRead
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
        for query, to in ((numbered(hits, span), file), (parts_of(file, span), beside(file))):
            cursor.run(f"COPY ({query}) TO '{to}' (FORMAT parquet)")
    return FactsRead((str(file),), frozenset(), are_within=True)


def days(number: int = 0) -> ZoneDays:
    return ZoneDays(DAY - timedelta(days=number), DAY, "UTC")


def tables(cursor: Cursor) -> list[str]:
    return [name for (name,) in cursor.rows("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'gathered%'")]


def ask(gathered: GatheredVisits, cursor: Cursor, files: FactsRead, of: ZoneDays, **others: Any) -> list[Any]:
    with gathered.table(cursor, files, of, **{"timeout_minutes": 30, "of_parts": True, **others}) as table:
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
        gathered.table(cursor, files, days(), timeout_minutes=30, of_parts=True) as held,
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
