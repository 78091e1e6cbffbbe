"""Hits that DuckDB makes up, as files of facts like the scheduler's, or as rows: visits of readers who stay themselves.

A visit has four hits on average, 45 s apart; every second one brings a session id. Popular pages, sources and countries
are far more frequent than others. So many different readers and pages is what an application of 10,000,000 hits in 30
days would have: 400,000 and 5,000.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from tracker.facts.columns import FACTS
from tracker.facts.visits import FileSpan, beside, numbered, parts_of

TIMEOUT_MINUTES = 30
PAGES = 5000
_VISITS = """
    SELECT number, CAST(floor({visitors} * pow(random(), 1.2)) AS INTEGER) AS reader, random() AS chance,
        TIMESTAMP '{day}' + to_microseconds(CAST(random() * 86400e6 AS BIGINT)) AS start,
        least(40, 1 + CAST(floor(-ln(1 - random()) * 3.5) AS INTEGER)) AS hits
    FROM range({first_visit}, {first_visit} + {visits}) AS made(number)
"""
_HITS = """
    SELECT number, reader, chance, hit, start + to_microseconds(CAST(hit * 45e6 + random() * 44e6 AS BIGINT)) AS time,
        CAST(floor({pages} * pow(random(), 2.5)) AS INTEGER) AS page_number, random() AS kind
    FROM made, LATERAL (SELECT unnest(range(hits)) AS hit)
"""
_ARRIVES = "hit = 0 AND chance < 0.6"
_SOURCE = "'site-' || CAST(floor(200 * chance * chance) AS INTEGER) || '.example'"
_COLUMNS = {
    "time": "time",
    "visitor": "hash(reader)",
    "session": "CASE WHEN number % 2 = 0 THEN hash('session', number) END",
    "is_view": "kind >= 0.1",
    "event": "CASE WHEN kind < 0.1 THEN 'event ' || CAST(floor(kind * 100) AS INTEGER) END",
    "host": "'shop.example'",
    "page": "'/category-' || (page_number % 37) || '/article-' || page_number",
    "referrer": f"CASE WHEN {_ARRIVES} THEN {_SOURCE} || '/' || CAST(floor(chance * 2000) AS INTEGER) END",
    "source": f"CASE WHEN {_ARRIVES} THEN {_SOURCE} END",
    "channel": "CASE WHEN hit > 0 THEN 'internal' WHEN chance >= 0.6 THEN 'direct' WHEN chance < 0.1 THEN 'campaign' "
    "WHEN chance < 0.3 THEN 'search' ELSE 'referral' END",
    "utm_campaign": "CASE WHEN hit = 0 AND chance < 0.1 THEN 'campaign ' || CAST(floor(chance * 300) AS INTEGER) END",
    "browser": "'Browser ' || CAST(hash(reader, 1) % 9 * (hash(reader, 2) % 3) / 2 AS INTEGER)",
    "browser_version": "CAST(100 + hash(reader, 3) % 20 AS VARCHAR)",
    "system": "'System ' || (hash(reader, 4) % 6)",
    "device": "['desktop', 'phone', 'tablet'][1 + CAST(hash(reader, 5) % 3 AS INTEGER)]",
    "country": "'C' || CAST(hash(reader, 6) % 60 * (hash(reader, 7) % 60) / 60 AS INTEGER)",
    "country_by": "'address'",
    "language": "'l' || (hash(reader, 8) % 12)",
    "screen": "['small', 'medium', 'large', 'very large'][1 + CAST(hash(reader, 9) % 4 AS INTEGER)]",
    "status": "CAST(NULL AS SMALLINT)",
}
_AGENTS = {
    "desktop": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) {} Safari/537.36",
    "phone": "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) {} Mobile Safari/537.36",
    "tablet": "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) {} Safari/604.1",
}
ROW_COLUMNS = {
    "id": "getvariable('rows_before') + row_number() OVER (ORDER BY time)",
    "created_at": "time",
    "url": f"'https://shop.example' || {_COLUMNS['page']} || CASE WHEN hit = 0 AND chance < 0.1 "
    "THEN '?utm_campaign=campaign-' || CAST(floor(chance * 300) AS INTEGER) ELSE '' END",
    "referrer": "CASE WHEN hit > 0 THEN 'https://shop.example/' "
    f"WHEN {_ARRIVES} THEN 'https://' || {_SOURCE} || '/' END",
    "user_agent": "replace(CASE "
    + _COLUMNS["device"]
    + "".join(f" WHEN '{device}' THEN '{agent}'" for device, agent in _AGENTS.items())
    + " END, '{}', 'Browser' || (hash(reader, 1) % 9 * (hash(reader, 2) % 3) // 2) || '/'"
    " || (100 + hash(reader, 3) % 20)"
    " || '.0.0.0')",
    "ip_address": "'10.' || (reader // 65536) || '.' || (reader // 256 % 256) || '.' || (reader % 256)",
    "session_id": "CASE WHEN number % 2 = 0 THEN CAST(md5(CAST(number AS VARCHAR)) AS UUID) END",
    "screen_resolution": "['390x844', '1024x768', '1536x864', '2560x1440'][1 + CAST(hash(reader, 9) % 4 AS INTEGER)]",
    "language": "['de-DE', 'en-US', 'ja-JP', 'fr-FR'][1 + CAST(hash(reader, 8) % 4 AS INTEGER)]",
    "timezone": "['Europe/Berlin', 'America/New_York', 'Asia/Tokyo', 'Europe/Paris', 'Asia/Kolkata']"
    "[1 + CAST(hash(reader, 6) % 5 AS INTEGER)]",
    "event_name": "CASE WHEN kind < 0.1 THEN 'event ' || CAST(floor(kind * 100) AS INTEGER) END",
}
"""Of a row of `access_logs`."""


@dataclass(frozen=True, slots=True)
class MadeUp:
    """The files, and how large they are."""

    folder: Path
    files: list[str]
    hits: int
    bytes: int
    """Of all, those of visits included."""


def make(folder: Path, *, first: date, days: int, hits: int, visitors: int) -> MadeUp:
    """Write about so many hits, a file for each day."""
    columns = ", ".join(f"{_COLUMNS.get(name, 'CAST(NULL AS VARCHAR)')} AS {name}" for name in FACTS)
    files, count = [], 0
    for day, engine in _days(folder, first=first, days=days, hits=hits, visitors=visitors):
        span = FileSpan(day, 0, 23, TIMEOUT_MINUTES)
        file = folder / f"{day}.parquet"
        of_day = f"SELECT {columns} FROM hits"
        for query, to in ((numbered(of_day, span), file), (parts_of(f"read_parquet('{file}')", span), beside(file))):
            engine.execute(f"COPY ({query}) TO '{to}' (FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd)")
        files.append(str(file))
        count += _count(engine)
    size = sum(path.stat().st_size for file in files for path in (Path(file), beside(Path(file))))
    return MadeUp(folder, files, count, size)


def make_rows(file: Path, *, first: date, days: int, hits: int, visitors: int) -> None:
    """Write about so many hits as CSV, with the columns of ROW_COLUMNS, in the order of time."""
    columns = ", ".join(f"{sql} AS {name}" for name, sql in ROW_COLUMNS.items())
    part, count = file.with_suffix(".part"), 0
    with file.open("wb") as whole:
        for _, engine in _days(file.parent, first=first, days=days, hits=hits, visitors=visitors):
            engine.execute(f"SET VARIABLE rows_before = {count}")
            of_day = f"SELECT {columns} FROM hits ORDER BY time"
            engine.execute(f"COPY ({of_day}) TO '{part}' (FORMAT csv, HEADER false)")
            whole.write(part.read_bytes())
            count += _count(engine)
    part.unlink()


def _days(
    folder: Path, *, first: date, days: int, hits: int, visitors: int
) -> Iterator[tuple[date, duckdb.DuckDBPyConnection]]:
    """Yield each day, and an engine with the table `hits` of it; what goes on after midnight is the next day's.

    All days in one table would be read once for each of them.
    """
    visits = hits // 4 // days
    with duckdb.connect(
        config={"threads": 2, "memory_limit": "4GB", "temp_directory": str(folder / "spill")}
    ) as engine:
        engine.execute("SELECT setseed(0.5)")
        for number in range(days):
            day = first + timedelta(days=number)
            given = {"visitors": visitors, "visits": visits, "first_visit": number * visits, "day": day, "pages": PAGES}
            engine.execute(f"CREATE OR REPLACE TEMP TABLE made AS {_VISITS.format(**given)}")
            before = "FROM after UNION ALL" if number else ""
            engine.execute(f"CREATE OR REPLACE TEMP TABLE begun AS {before} {_HITS.format(**given)}")
            midnight = f"DATE '{day}' + INTERVAL 1 DAY"
            engine.execute(f"CREATE OR REPLACE TEMP TABLE hits AS FROM begun WHERE time < {midnight}")
            engine.execute(f"CREATE OR REPLACE TEMP TABLE after AS FROM begun WHERE time >= {midnight}")
            yield day, engine


def _count(engine: duckdb.DuckDBPyConnection) -> int:
    [count] = engine.execute("SELECT count(*) FROM hits").fetchone() or (0,)
    return int(count)
