"""A process that asks a dashboard's questions all at once: `-m bench.asked_together FOLDER FIRST LAST ROUNDS`.

It prints, as JSON, how long each answer took from the moment at which all were asked, and how large it grew (MB).
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Barrier

from bench.processes import peak_bytes
from bench.report_questions import DASHBOARD
from tracker.reports.question import Question, ReportSettings, question_of
from tracker.reports.readers import Readers
from tracker.reports.statement import rows_of
from tracker.reports.tables import FactsRead

TIMEOUT_MINUTES = 30


def question(given: dict[str, str], first: date, last: date) -> Question:
    days = {"start_date": str(first), "end_date": str(last), "limit": "10"}
    site = ReportSettings("UTC", starts_sunday=False, definitions=())
    return question_of({**days, **given}, site, datetime(last.year, last.month, last.day, tzinfo=UTC))


def facts_read(files: list[str]) -> FactsRead:
    """Return files that are about the days that are asked about, and no others."""
    return FactsRead(tuple(files), frozenset(), are_within=True)


def ask(readers: Readers, asked: Question, files: FactsRead) -> float:
    """Ask one; how many seconds it took."""
    began = time.perf_counter()
    with readers.cursor("bench") as cursor:
        rows_of(asked, cursor, readers.gathered, files, timeout_minutes=TIMEOUT_MINUTES)
    return time.perf_counter() - began


def main() -> None:
    folder, rounds = Path(sys.argv[1]), int(sys.argv[4])
    first, last = date.fromisoformat(sys.argv[2]), date.fromisoformat(sys.argv[3])
    files = facts_read(sorted(str(file) for file in folder.glob("*.parquet")))
    readers = Readers(folder)
    questions = [question(each.given, first, last) for each in DASHBOARD.values()]
    together = Barrier(len(questions))

    def asked_together(asked: Question) -> float:
        together.wait()
        return ask(readers, asked, files)

    with ThreadPoolExecutor(len(questions)) as threads:
        seconds = [took for _ in range(rounds) for took in threads.map(asked_together, questions)]
    readers.close()
    print(json.dumps({"seconds": seconds, "megabytes": (peak_bytes() or 0) / 1e6}))


if __name__ == "__main__":
    main()
