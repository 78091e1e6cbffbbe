"""One worker draining a full stream, against bare psycopg writing the same rows into the same tables."""

import orjson

from bench import pairs, processes
from bench.effort import Effort
from bench.errors import NotMeasured
from bench.results import Row
from bench.stage import Stage

NAME = "worker drain"
TARGET = 1.5
_TIMEOUT = 600.0
_ONE_JOB = {"TRACKER_DRAIN_SECONDS": "600"}
"""Long enough for everything in one job."""


def measure(stage: Stage, effort: Effort) -> Row:
    count = effort.drained_hits

    def ours() -> float:
        stage.empty_tables()
        stage.empty_streams()
        stage.fill_stream(count)
        return rows_per_second(stage, ["-m", "bench.drain_once"], count)

    def baseline() -> float:
        stage.empty_tables()
        return rows_per_second(stage, ["-m", "bench.baselines.bare_copy", str(count), "0"], count)

    ours()
    expected = stage.table_counts()
    baseline()
    if (written := stage.table_counts()) != expected:
        raise NotMeasured(f"the two sides do not write the same rows: {expected} and {written}")
    measured = pairs.measured_in_turn(effort.rounds, ours, baseline)
    return Row(
        name=NAME,
        value=round(measured.ratio, 3),
        unit="of the baseline",
        target=TARGET,
        direction="at least",
        details=measured.details("hits/s") | {"hits_a_round": count, "rows_a_round": expected},
    )


def rows_per_second(stage: Stage, arguments: list[str], count: int) -> float:
    """Hits a second of one fresh process, by its own clock around the work alone; every hit must be stored."""
    printed = processes.printed_by(arguments, environment=stage.environment | _ONE_JOB, timeout=_TIMEOUT)
    stored = stage.table_counts()["access_logs"]
    if stored != count:
        raise NotMeasured(f"{stored} of {count} hits are stored")
    seconds: float = orjson.loads(printed.splitlines()[-1])["seconds"]
    return count / seconds
