"""Reports over 10,000,000 facts that DuckDB makes up: `python bench/reports.py [FACTS]`.

30 days of one application, 400,000 visitors, 5,000 pages, a file a day. Each question is asked once cold and then
three times; what is printed is the fastest, with the memory of the process at its largest.
"""

import resource
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from tracker.facts.columns import FACTS
from tracker.facts.engine import Engine
from tracker.reports.question import ReportSettings, question_of
from tracker.reports.readers import MEMORY_MEGABYTES
from tracker.reports.statement import statement_of

DAYS = 30
QUESTIONS = {
    "top pages": {"dimensions": "page", "measures": "visitors,requests"},
    "totals": {"measures": "visitors,requests,page_views"},
    "by day": {"interval": "day", "measures": "visitors,requests"},
    "sources": {"dimensions": "source", "measures": "visitors"},
    "pages, three filters": {
        "dimensions": "page",
        "measures": "visitors,requests",
        "filters": '[["browser", "is", "b1"], ["country", "is", "JP"], ["device", "is", "phone"]]',
    },
    "visits": {"measures": "sessions,duration,bounce_rate"},
}
MADE_UP = {
    "time": "TIMESTAMP '2026-10-01' + to_days({day}) + to_microseconds(CAST(random() * 86400000000 AS BIGINT))",
    "visitor": "hash(CAST(random() * 400000 AS INTEGER))",
    "session": "hash('s', CAST(random() * 3000000 AS INTEGER))",
    "is_view": "random() < 0.9",
    "event": "CASE WHEN random() < 0.1 THEN 'click' END",
    "page": "'/page/' || CAST(5000 * random() * random() AS INTEGER)",
    "source": "'source ' || CAST(30 * random() * random() AS INTEGER)",
    "channel": "'search'",
    "browser": "'b' || CAST(8 * random() AS INTEGER)",
    "device": "CASE WHEN random() < 0.5 THEN 'phone' ELSE 'desktop' END",
    "country": "CASE WHEN random() < 0.3 THEN 'JP' ELSE 'US' END",
}


def make(folder: Path, facts: int) -> list[str]:
    files = []
    columns = ", ".join(f"{MADE_UP.get(name, 'CAST(NULL AS VARCHAR)')} AS {name}" for name in FACTS)
    with duckdb.connect() as connection:
        connection.execute("SET threads = 2")
        for day in range(DAYS):
            file = folder / f"{day:02}.parquet"
            made = f"SELECT {columns.replace('{day}', str(day))} FROM range({facts // DAYS}) ORDER BY time"
            connection.execute(f"COPY ({made}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")
            files.append(str(file))
    return files


def main() -> None:
    facts = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    settings = ReportSettings("UTC", starts_sunday=False, definitions=())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = make(folder, facts)
        size = sum(Path(file).stat().st_size for file in files)
        print(f"{facts:,} facts, {size / facts:.1f} bytes each")
        engine = Engine(folder, memory_megabytes=MEMORY_MEGABYTES, spill=folder)
        for title, given in QUESTIONS.items():
            days = {"start_date": str(date(2026, 10, 1)), "end_date": str(date(2026, 10, DAYS)), "limit": "10"}
            question = question_of({**days, **given}, settings, datetime(2026, 11, 1, tzinfo=UTC))
            text, params = statement_of(question, files, (), timeout_minutes=30)
            times = []
            for _ in range(3):
                began = time.monotonic()
                with engine.cursor(seconds=120) as cursor:
                    cursor.rows(text, params)
                times.append(time.monotonic() - began)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            print(f"{title:24} {min(times):6.2f} s  (first {times[0]:.2f} s)  peak {peak} MB")
        engine.close()


if __name__ == "__main__":
    main()
