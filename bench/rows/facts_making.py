"""Facts made of stored hits against a bare COPY of the same columns into a file, and what they take on the disk."""

import time
from datetime import timedelta
from uuid import UUID

import psycopg

from bench import pairs
from bench.effort import Effort
from bench.errors import NotMeasured
from bench.results import Row
from bench.rows import reports
from bench.stage import Stage
from tracker.clock import SystemClock
from tracker.facts.folder import Folder
from tracker.facts.make import hour_of
from tracker.facts.rebuild import rebuild
from tracker.facts.write import Writer
from tracker.store import fact_rows, facts_files
from tracker.store.database import Database
from tracker.store.facts_marks import ALL_MINUTES

NAME = "facts making"
_DAYS = 2
"""Of the thirty that the rows are of: those that are made in a round."""


def measure(stage: Stage, effort: Effort) -> list[Row]:
    folder = stage.folder / "facts made"
    database = Database(stage.environment["DATABASE_URL"], name="bench")
    with psycopg.connect(stage.environment["DATABASE_URL"], autocommit=True) as connection:
        rows = reports.fill(connection, stage, effort.fact_rows, days=_DAYS)
        reports.prepare(connection)
        [size] = connection.execute("SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits "
                                    "WHERE inhparent = 'access_logs'::regclass").fetchone() or (0,)  # fmt: skip
    writer = Writer(database, Folder(folder), SystemClock())
    writer.turn()
    application = UUID(stage.application_id)
    days = [(application, reports.FIRST + timedelta(days=number)) for number in range(_DAYS)]

    def made() -> float:
        began = time.perf_counter()
        count = rebuild(writer, days)
        if count != rows:
            raise NotMeasured(f"{count} facts were made of {rows} rows")
        return rows / (time.perf_counter() - began)

    def copied() -> float:
        began = time.perf_counter()
        with database.transaction() as tx, (stage.folder / "copied.csv").open("wb") as file:
            for _, day in days:
                for hour in range(24):
                    for block in fact_rows.copy_out(tx, application, hour_of(day, hour), ALL_MINUTES, ()):
                        file.write(block)
        return rows / (time.perf_counter() - began)

    measured = pairs.measured_in_turn(effort.rounds, made, copied)
    with database.transaction() as tx:
        of_copy = sum(file.bytes for _, day in days for file in facts_files.of_days(tx, application, day, day))
    database.close()
    stage.empty_tables()
    return [
        Row(
            name=NAME, value=round(measured.ratio, 3), unit="of its rows/s", target=0.5, direction="at least",
            details=measured.details("rows/s") | {"rows": rows},
        ),
        Row(
            name="facts size", value=round(of_copy / int(size), 4), unit="of the bytes", target=0.05,
            direction="at most",
            details={"summary": f"{of_copy / rows:.1f} bytes a hit against {int(size) / rows:.0f} with all indexes"},
        ),
    ]  # fmt: skip
