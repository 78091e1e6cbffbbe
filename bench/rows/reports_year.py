"""Exact visitors of a year against the engine's own count over the same files."""

import time
from datetime import date, timedelta
from statistics import median

import duckdb

from bench import asked_together, made_up_facts
from bench.effort import Effort
from bench.results import Row
from bench.stage import Stage
from tracker.reports.readers import Readers

NAME = "visitors of a year"
FIRST = date(2025, 11, 1)
DAYS = 365


def measure(stage: Stage, effort: Effort) -> Row:
    folder = stage.folder / "facts of a year"
    folder.mkdir()
    facts = made_up_facts.make(folder, first=FIRST, days=DAYS, hits=effort.year_facts, visitors=effort.year_facts // 25)
    readers = Readers(folder)
    question = asked_together.question({"measures": "visitors"}, FIRST, FIRST + timedelta(days=DAYS - 1))
    bare = duckdb.connect(config={"threads": 2, "memory_limit": "400MB", "temp_directory": str(folder)})
    ratios, ours = [], []
    for _ in range(effort.rounds):
        ours.append(asked_together.ask(readers, question, asked_together.facts_read(facts.files)))
        began = time.perf_counter()
        bare.execute("SELECT count(DISTINCT visitor) FROM read_parquet(?)", [facts.files]).fetchall()
        ratios.append((time.perf_counter() - began) / ours[-1])
    bare.close()
    readers.close()
    return Row(
        name=NAME,
        value=round(median(ratios), 2),
        unit="times as fast",
        target=0.7,
        direction="at least",
        details={"summary": f"{facts.hits:,} hits in {DAYS} days, {median(ours):.2f} s"},
    )
