"""A process that asks a dashboard's questions all at once: `-m bench.asked_together FOLDER FIRST LAST ROUNDS TALLY`.

TALLY is the tally of the facts, or `-` for none; its name is that of its last day. It prints, as JSON, how long each
answer took from the moment at which all were asked, the CPU seconds of a round, and how large it grew (MB).
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Barrier

from bench.processes import peak_bytes
from bench.report_questions import DASHBOARD, FUNNEL, GOALS
from tracker.facts.engine import Engine
from tracker.goal import GoalStep
from tracker.reports.facts_read import FactsRead, TimeRange
from tracker.reports.question import Question, ReportSettings, question_of
from tracker.reports.readers import Readers
from tracker.reports.step_tallies import TalliedSteps
from tracker.reports.tallied import rows_of
from tracker.reports.tallies import EVERY_KIND
from tracker.reports.tally import Tally
from tracker.reports.tally_making import MEMORY_MEGABYTES, write_tally
from tracker.reports.zone_days import ZoneDays

TIMEOUT_MINUTES = 30
TALLIED_STEPS = TalliedSteps.of(map(GoalStep.read, GOALS), [tuple(map(GoalStep.read, FUNNEL))])


def question(given: dict[str, str], first: date, last: date) -> Question:
    days = {"start_date": str(first), "end_date": str(last), "limit": "10"}
    site = ReportSettings("UTC", starts_sunday=False, definitions=())
    return question_of({**days, **given}, site, datetime(last.year, last.month, last.day, tzinfo=UTC))


def facts_read(files: list[str], tally: Tally | None = None) -> FactsRead:
    """Return files that are about the days that are asked about, one each, and no others."""
    days = [ZoneDays(day, day, "UTC") for day in (date.fromisoformat(Path(file).stem) for file in files)]
    ranges = tuple(TimeRange(day.start, day.end) for day in days)
    return FactsRead(tuple(files), frozenset(), are_within=True, tally=tally, ranges=ranges)


def make_tally(files: list[str], folder: Path, first: date, last: date, facts: int) -> Tally:
    """Make the tally of these days, and of the goals and the funnel, as the scheduler does."""
    folder.mkdir(exist_ok=True)
    path, days = folder / f"{last}.parquet", ZoneDays(first, last, "UTC")
    read = FactsRead(tuple(files), frozenset(), are_within=False)
    engine = Engine(Path(files[0]).parent, memory_megabytes=MEMORY_MEGABYTES, spill=folder)
    with closing(engine), engine.cursor(seconds=600) as cursor:
        kinds = write_tally(cursor, read, days, path, timeout_minutes=TIMEOUT_MINUTES, facts=facts, steps=TALLIED_STEPS)
    return Tally(str(path), days, TIMEOUT_MINUTES, kinds)


def tally_of(path: Path, first: date) -> Tally:
    """Return a tally that was made, of every dimension."""
    days = ZoneDays(first, date.fromisoformat(path.stem), "UTC")
    return Tally(str(path), days, TIMEOUT_MINUTES, EVERY_KIND)


def ask(readers: Readers, asked: Question, files: FactsRead) -> float:
    """Ask one; how many seconds it took."""
    began = time.perf_counter()
    with readers.kept.passing.hold(files.paths):
        readers.answer(
            "bench", lambda cursor: rows_of(asked, cursor, readers.kept, files, timeout_minutes=TIMEOUT_MINUTES)
        )
    return time.perf_counter() - began


def main() -> None:
    folder, rounds = Path(sys.argv[1]), int(sys.argv[4])
    first, last = date.fromisoformat(sys.argv[2]), date.fromisoformat(sys.argv[3])
    tally = None if sys.argv[5] == "-" else tally_of(Path(sys.argv[5]), first)
    files = facts_read(sorted(str(file) for file in folder.glob("*.parquet")), tally)
    readers = Readers(folder)
    questions = [question(panel.given, first, last) for panel in DASHBOARD.values()]
    together = Barrier(len(questions))

    def asked_together(asked: Question) -> float:
        together.wait()
        return ask(readers, asked, files)

    began = time.process_time()
    with ThreadPoolExecutor(len(questions)) as threads:
        seconds = [took for _ in range(rounds) for took in threads.map(asked_together, questions)]
    readers.close()
    cpu = (time.process_time() - began) / rounds
    print(json.dumps({"seconds": seconds, "cpu": cpu, "megabytes": (peak_bytes() or 0) / 1e6}))


if __name__ == "__main__":
    main()
