"""Folding what workers appended, against one bare INSERT ... SELECT ... GROUP BY over the hits themselves."""

import time

import psycopg

from bench import pairs, processes
from bench.baselines import bare_pass
from bench.effort import Effort
from bench.errors import NotMeasured
from bench.results import Row
from bench.stage import Stage
from tracker.clock import SystemClock
from tracker.stats.fold import fold
from tracker.store.database import Database

NAME = "statistics folding"
TARGET = 0.5
_COLUMNS = (
    "application_id, received_at, date, hour, total_requests, visitors, sessions, "
    "parameter_keys, parameter_values, parameter_counts"
)
_COUNTED = (
    "statistics_increments, statistics_visitors, statistics_sessions, statistics_values, statistics_periods, "
    "hourly_statistics, daily_statistics"
)


def measure(stage: Stage, effort: Effort) -> Row:
    count = effort.folded_hits
    stage.empty_tables()
    stage.empty_streams()
    stage.fill_stream(count)
    processes.printed_by(
        ["-m", "bench.drain_once"], environment=stage.environment | {"TRACKER_DRAIN_SECONDS": "600"}, timeout=600.0
    )
    database = Database(stage.environment["DATABASE_URL"], name="bench")
    with psycopg.connect(stage.environment["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(bare_pass.TABLE)
        connection.execute("DROP TABLE IF EXISTS bench_increments")
        connection.execute("CREATE TABLE bench_increments AS SELECT * FROM statistics_increments")
        connection.execute("VACUUM (ANALYZE) access_logs")

        def ours() -> float:
            connection.execute(f"TRUNCATE {_COUNTED}")
            connection.execute(
                f"INSERT INTO statistics_increments ({_COLUMNS}) SELECT {_COLUMNS} FROM bench_increments ORDER BY id"
            )
            connection.execute("CHECKPOINT")
            began = time.perf_counter()
            folded = fold(database, SystemClock(), seconds=600)
            seconds = time.perf_counter() - began
            if folded.hits != count:
                raise NotMeasured(f"{folded.hits} of {count} hits were folded")
            return count / seconds

        def baseline() -> float:
            connection.execute("TRUNCATE bench_hours")
            connection.execute("CHECKPOINT")
            began = time.perf_counter()
            connection.execute(bare_pass.PASS)
            return count / (time.perf_counter() - began)

        ours()
        baseline()
        measured = pairs.measured_in_turn(effort.rounds, ours, baseline)
        connection.execute("DROP TABLE bench_increments, bench_hours")
    database.close()
    return Row(
        name=NAME,
        value=round(measured.ratio, 3),
        unit="of the baseline",
        target=TARGET,
        direction="at least",
        details=measured.details("hits/s") | {"hits_a_round": count},
    )
