"""A month taken out (`archive`) or brought back: `archive_process.py archive|restore DATABASE_URL FOLDER YYYY-MM`.

It prints a line before each step, so that a test can kill it at any of them.
"""

import sys
from pathlib import Path
from typing import Any

from tests.support.saying_steps import say_before
from tracker.clock import SystemClock
from tracker.facts import hit_files
from tracker.facts.folder import Folder
from tracker.facts.write import Writer
from tracker.maintenance.archive_months import Archive
from tracker.maintenance.drop_partitions import drop_month
from tracker.maintenance.restore_month import restore_month
from tracker.store import (
    archived_days,
    archived_hits,
    archived_months,
    archived_rows,
    partition_making,
    partition_removal,
)
from tracker.store.database import Database
from tracker.store.partitions import Month
from tracker.wiring.scheduler import STATISTICS

STEPS: tuple[tuple[Any, str], ...] = (
    (archived_months, "begin"),
    (archived_days, "note"),
    (hit_files, "put"),
    (archived_hits, "insert"),
    (archived_days, "note_hits"),
    (partition_removal, "remove"),
    (partition_removal, "_detach"),
    (archived_months, "note_dropped"),
    (partition_making, "_make_month"),
    (archived_rows, "archive_in"),
    (archived_hits, "note_restored"),
    (archived_months, "note_restored"),
)


if __name__ == "__main__":
    for owner, function in STEPS:
        say_before(owner, function)
    what, url, folder, name = sys.argv[1:]
    writer = Writer(Database(url, name="archive"), Folder(Path(folder)), SystemClock())
    month = Month.parse(name)
    if what == "archive":
        archive = Archive(writer=writer, months=0, has_hits=True)
        drop_month(writer.database, url, SystemClock(), month, statistics=STATISTICS, archive=archive)
    else:
        restore_month(writer, url, month)
    print("done", flush=True)  # noqa: T201
