"""One export in a fresh process: `python -m bench.export_once FORMAT` prints as JSON how long it took.

The clock runs around what the command does, from connecting to the last byte, which goes nowhere.
"""

import os
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import cast

import orjson

from bench import hits
from tracker.reading.export import export
from tracker.reading.export_lines import Format
from tracker.reading.period import Period
from tracker.store.database import Database


def main() -> None:
    today = datetime.now(UTC).date()
    began, cpu = time.perf_counter(), time.process_time()
    database = Database(os.environ["DATABASE_URL"], name="export")
    days = Period(today - timedelta(days=1), today)
    hits_found: list[int] = []
    exported = export(
        database,
        app_id=hits.APP_ID,
        period=days,
        format_=cast(Format, sys.argv[1]),
        on_rows=hits_found.append,
    )
    size = sum(map(len, exported.chunks))
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu
    database.close()
    print(
        orjson.dumps({"seconds": seconds, "cpu_seconds": cpu_seconds, "bytes": size, "hits": sum(hits_found)}).decode()
    )


if __name__ == "__main__":
    main()
