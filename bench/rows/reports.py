"""A dashboard's reports over facts against the same as SQL over rows; all at once; and the memory that they take.

PostgreSQL gets fewer rows, of the same days, and its times are multiplied: what it reads grows with the rows, what it
sorts grows faster.
"""

import json
import time
from datetime import date, timedelta
from functools import cache
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from bench import asked_together, made_up_facts, processes
from bench.effort import Effort
from bench.report_questions import DASHBOARD, FILTERED, DashboardQuestion
from bench.results import Row
from bench.stage import Stage
from tracker.reports.facts_read import FactsRead
from tracker.reports.readers import Readers
from tracker.reports.tally import Tally

NAME = "reports"
FIRST = date(2026, 10, 1)
DAYS = 30
_SHARE = 0.95
"""Of the answers that have to be there in a second."""


def measure(stage: Stage, effort: Effort) -> list[Row]:
    facts = made_facts(stage.folder, effort.facts)
    folder, end = facts.folder, FIRST + timedelta(days=DAYS)
    with psycopg.connect(stage.environment["DATABASE_URL"], autocommit=True) as connection:
        rows = fill(connection, stage, effort.fact_rows, days=DAYS)
        names = {"app_id": "bench", "first": FIRST, "end": end}
        prepare(connection)
        last = end - timedelta(days=1)
        tallies = {day: tally_until(stage.folder, effort.facts, day) for day in (last, last - timedelta(days=1))}
        readers = Readers(folder)
        read = asked_together.facts_read(facts.files, tallies[last])
        factor = facts.hits / rows
        against = [
            _against(name, target, asked, readers, read, connection, names, factor, effort.rounds)
            for name, target, asked in (("reports", 20.0, DASHBOARD), ("reports with three filters", 50.0, FILTERED))
        ]
        readers.close()
    together = [
        _together(name, folder, tally, facts.hits, effort.rounds)
        for name, tally in (
            ("reports asked together", tallies[last].path),
            ("reports of a day that goes on", tallies[last - timedelta(days=1)].path),
            ("reports without a tally", "-"),
        )
    ]
    stage.empty_tables()
    largest = max(together, key=lambda row: row.details["megabytes"])
    memory = Row(
        name="reports memory", value=largest.details["megabytes"], unit="MB", target=600, direction="at most",
        details={"summary": f"the process that asked: {largest.name}"},
    )  # fmt: skip
    return [*against, *together, memory]


@cache
def made_facts(folder: Path, hits: int) -> made_up_facts.MadeUp:
    """Make the facts of these days, once for all rows that are about them."""
    of_reports = folder / "facts of reports"
    of_reports.mkdir()
    return made_up_facts.make(of_reports, first=FIRST, days=DAYS, hits=hits, visitors=hits // 25)


@cache
def tally_until(folder: Path, hits: int, last: date) -> Tally:
    """Make the tally of these facts up to a day, once."""
    facts = made_facts(folder, hits)
    return asked_together.make_tally(facts.files, facts.folder / "tallies", FIRST, last, facts.hits)


def fill(connection: psycopg.Connection[Any], stage: Stage, count: int, *, days: int) -> int:
    """Store about so many hits of these days; how many they are."""
    stage.empty_tables()
    connection.execute("SELECT create_monthly_partition(%s)", (f"{FIRST:%Y-%m}",))
    file = stage.folder / "rows.csv"
    made_up_facts.make_rows(file, first=FIRST, days=days, hits=count, visitors=count // 25)
    columns = ", ".join(made_up_facts.ROW_COLUMNS)
    connection.execute(f"CREATE TEMP TABLE given AS SELECT {columns} FROM access_logs WITH NO DATA")
    with connection.cursor().copy(f"COPY given ({columns}) FROM STDIN (FORMAT csv)") as into, file.open("rb") as source:
        while block := source.read(1 << 20):
            into.write(block)
    connection.execute(
        f"INSERT INTO access_logs (application_id, app_id, {columns}) SELECT %s, 'bench', {columns} FROM given",
        (stage.application_id,),
    )
    connection.execute("DROP TABLE given")
    file.unlink()
    return stage.stored()


def prepare(connection: psycopg.Connection[Any]) -> None:
    """Give PostgreSQL what it needs for its best plans."""
    connection.execute("VACUUM (ANALYZE) access_logs")
    connection.execute("SET work_mem = '256MB'")
    connection.execute("SET max_parallel_workers_per_gather = 2")
    connection.execute("SET timezone = 'UTC'")


def _against(  # noqa: PLR0917 one measurement
    name: str,
    target: float,
    questions: dict[str, DashboardQuestion],
    readers: Readers,
    files: FactsRead,
    connection: psycopg.Connection[Any],
    names: dict[str, Any],
    factor: float,
    rounds: int,
) -> Row:
    ratios, took = {}, {}
    for title, asked in questions.items():
        question = asked_together.question(asked.given, FIRST, FIRST + timedelta(days=DAYS - 1))
        ours, theirs = [], []
        for _ in range(rounds):
            ours.append(asked_together.ask(readers, question, files))
            began = time.perf_counter()
            connection.execute(asked.sql, names).fetchall()
            theirs.append((time.perf_counter() - began) * factor)
        ratios[title] = median(their / our for our, their in zip(ours, theirs, strict=True))
        took[title] = [round(median(ours), 3), round(median(theirs), 2)]
    slowest = min(ratios, key=ratios.__getitem__)
    return Row(
        name=name,
        value=round(ratios[slowest], 1),
        unit="times as fast",
        target=target,
        direction="at least",
        details={
            "summary": f"{slowest}: {took[slowest][0]:.2f} s against {took[slowest][1]:.1f} s; median of the "
            f"{len(ratios)} questions {median(ratios.values()):.0f} times",
            "ratios": {title: round(ratio, 1) for title, ratio in ratios.items()},
            "seconds": took,
            "rows_are_scaled_by": round(factor, 2),
        },
    )


def _together(name: str, folder: Path, tally: str, hits: int, rounds: int) -> Row:
    last = FIRST + timedelta(days=DAYS - 1)
    command = ["-m", "bench.asked_together", str(folder), str(FIRST), str(last), str(rounds), tally]
    printed = json.loads(processes.printed_by(command, environment={}, timeout=600, folder=processes.PROJECT))
    seconds = sorted(printed["seconds"])
    p95 = seconds[ceil(_SHARE * len(seconds)) - 1]
    cpu = f"{printed['cpu']:.2f} s of CPU for each twelve"
    summary = f"{len(DASHBOARD)} questions over {hits:,} hits, {rounds} times; median {median(seconds):.2f} s; {cpu}"
    return Row(
        name=name, value=round(p95, 2), unit="s (p95)", target=1.0, direction="at most",
        details={
            "summary": summary,
            "seconds": [round(took, 3) for took in seconds],
            "megabytes": round(printed["megabytes"]),
        },
    )  # fmt: skip
