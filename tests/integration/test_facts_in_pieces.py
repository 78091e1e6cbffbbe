"""Facts of more rows than are made at once: texts are explained once a day, and the file has the order of all of it."""

import time
from collections import Counter
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from tests.support.facts import facts, make_facts
from tests.support.queued_hits import NOON, define, drain, enqueue, hit_of, rows
from tracker.application import Application
from tracker.facts import make, meaning
from tracker.facts.columns import VISIT_SOURCES, VISITOR_DIMENSIONS, number_of
from tracker.facts.engine import Engine, FactsTookTooLong, text
from tracker.facts.rebuild import rebuild, verify
from tracker.facts.visits import ORDER, FileSpan, beside, numbered
from tracker.queueing.connection import Connection
from tracker.store.database import Database

PATHS = ("/a", "/b", "/a", "/c", "/b")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(make, "_MAX_CSV", 1)  # Each hour is a piece.
    return tmp_path / "facts"


@pytest.mark.parametrize(("most_known", "explained"), [(50_000, "abc"), (1, "aabbc")])
def test_a_text_is_explained_once_for_all_pieces_of_a_day_until_there_are_too_many(  # noqa: PLR0917 fixtures
    database: Database,
    redis: Connection,
    application: Application,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    most_known: int,
    explained: str,
) -> None:
    read: Counter[str] = Counter()

    def page_of(url: str, belonging: frozenset[str]) -> object:
        read[url[-1]] += 1
        return of_url(url, belonging)

    of_url = meaning.page_of
    monkeypatch.setattr(meaning, "page_of", page_of)
    monkeypatch.setattr(meaning, "MAX_KNOWN", most_known)
    times = [NOON - timedelta(days=1, hours=5 - number) for number in range(len(PATHS))]
    referrers = (None, "https://shop.example/x", "https://blog.example/", None, "https://www.shop.example/")
    hits = [
        hit_of(application, number, created_at=time, url=f"https://www.shop.example{path}", referrer=referrer)
        for number, (time, path, referrer) in enumerate(zip(times, PATHS, referrers, strict=True), start=1)
    ]
    enqueue(redis, hits)
    drain(redis, database)
    make_facts(database, folder)
    channels = ("direct", "internal", "referral", "direct", "internal")
    assert facts(database, folder, "page, channel") == list(zip(PATHS, channels, strict=True))
    assert read == Counter(explained)


def test_files_of_many_hits_have_the_columns_that_others_have_also_those_that_no_hit_has_a_value_of(
    database: Database,
    redis: Connection,
    application: Application,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Facts are made without empty columns; other engines, which read the files by their names, find each in each file.

    A piece in a file of its own may have others than the next one.
    """
    a_piece_an_hour = make._MAX_CSV
    monkeypatch.setattr(make, "_MAX_CSV", 64_000_000)
    monkeypatch.setattr(make, "_MAX_HITS", 2)
    for key in ("color", "price"):
        define(database, application, key, "string")
    yesterday = NOON - timedelta(days=1)
    hits = [hit_of(application, number, created_at=yesterday + timedelta(hours=number)) for number in range(1, 6)]
    enqueue(redis, hits)
    drain(redis, database)
    writer = make_facts(database, folder)
    day = (application.id, yesterday.date())
    rebuild(writer, [day])
    [of_few] = columns_of(database, folder)
    monkeypatch.setattr(make, "_MAX_CSV", a_piece_an_hour)
    rebuild(writer, [day])
    assert columns_of(database, folder) == {of_few}
    assert {("event", "VARCHAR"), ("status", "SMALLINT"), ("p_color", "VARCHAR")} <= set(of_few[0])
    assert {("host", "VARCHAR"), ("utm_source", "VARCHAR")} <= set(of_few[1])
    assert facts(database, folder, "referrer, client, status, p_color") == [(None, None, None, None)] * 5
    assert verify(writer, day) is None

    later = {"event_name": "buy", "referrer": "https://blog.example/", "custom_params": {"color": "red"}}
    enqueue(redis, [hit_of(application, 6, created_at=yesterday + timedelta(hours=3, minutes=1), **later)])
    drain(redis, database)
    make_facts(database, folder)
    assert columns_of(database, folder) == {of_few}, "beside what was there before"
    assert rebuild(writer, [day]) == 6
    assert columns_of(database, folder) == {of_few}
    assert facts(database, folder, "event, referrer, p_color")[3] == ("buy", "blog.example", "red")
    assert rows(database, "SELECT parameters FROM facts_files WHERE replaced_at IS NULL") == [(["color", "price"],)]
    assert verify(writer, day) is None


def columns_of(database: Database, folder: Path) -> set[tuple[tuple[tuple[str, str], ...], ...]]:
    """The columns and their types, by name, of each file and of the one of its visits, as far as they differ."""
    names = rows(database, "SELECT name FROM facts_files WHERE replaced_at IS NULL")
    with duckdb.connect() as engine:

        def columns(file: Path) -> tuple[tuple[str, str], ...]:
            described = engine.execute("DESCRIBE FROM read_parquet(?, hive_partitioning=false)", [str(file)]).fetchall()
            return tuple(sorted((name, kind) for name, kind, *_ in described))

        return {(columns(folder / name), columns(beside(folder / name))) for (name,) in names}


def test_a_number_of_a_text_is_the_one_that_facts_have_had() -> None:
    """As `md5_number_lower` found it: files of before have its visitors and sessions."""
    with duckdb.connect() as engine:
        unequal = f"SELECT count(*) FROM range(2000) AS made(n) WHERE {number_of('chr(2) || n')} <> "
        assert engine.execute(f"{unequal} md5_number_lower(chr(2) || n)").fetchone() == (0,)
        assert engine.execute(f"SELECT {number_of('NULL')}, typeof({number_of(text('x'))})").fetchone() == (
            None,
            "UBIGINT",
        )


def test_a_file_is_in_the_order_of_its_texts_with_what_is_unknown_at_the_end() -> None:
    names = {*VISITOR_DIMENSIONS, *VISIT_SOURCES} - {"country", "device", "browser", "system"}
    none = ", ".join(f"NULL::VARCHAR AS {name}" for name in sorted(names))
    hits = f"""
        SELECT TIMESTAMP '2026-10-01' + to_seconds(hash(n, 5) % 80000) AS time, (hash(n, 6) % 50)::UBIGINT AS visitor,
            NULL::UBIGINT AS session, true AS is_view, '/' || n AS page, {none},
            {", ".join(f"['a', 'B', 'é', '', NULL][1 + (hash(n, {seed}) % 5)::INTEGER] AS {name}"
                       for seed, name in enumerate(("country", "device", "browser", "system")))}
        FROM range(3000) AS made(n)
    """  # fmt: skip
    with duckdb.connect() as engine:
        engine.execute(f"CREATE TABLE hits AS {hits}")
        made = engine.execute(numbered("FROM hits", FileSpan(date(2026, 10, 1), 0, 23, 30))).fetchall()
        columns = [name for name, *_ in engine.description or ()]
        keys = [columns.index(name) for name in ORDER.split(", ")]
        expected = engine.execute(f"SELECT {ORDER} FROM hits ORDER BY {ORDER}").fetchall()
    assert [tuple(row[key] for key in keys) for row in made] == expected
    assert len({row[columns.index("page")] for row in made}) == 3000


def test_a_day_that_takes_long_to_read_takes_none_of_the_engines_time(tmp_path: Path) -> None:
    engine = Engine(tmp_path, memory_megabytes=64)
    endless = "SELECT sum(hash(n)) FROM range(1000000000000) AS made(n)"
    with closing(engine), engine.cursor(seconds=1.0) as cursor:
        begun = time.monotonic()
        while time.monotonic() < begun + 0.7:
            cursor.rows("SELECT 1")
        cursor.renew()
        with pytest.raises(FactsTookTooLong):
            cursor.run(endless)
        assert time.monotonic() - begun >= 1.7
