"""Four workers on one full stream against one: each a process with the very job that RQ calls, all begun at once."""

import os
import subprocess
import sys
import time

from bench import pairs, processes
from bench.effort import Effort
from bench.errors import NotMeasured
from bench.processes import cpu_seconds_below
from bench.results import Row
from bench.stage import Stage

NAME = "drain with 4 workers"
TARGET = 1.3
_WORKERS = 4
_TIMEOUT = 600.0
_ONE_JOB = {"TRACKER_DRAIN_SECONDS": "600"}


def measure(stage: Stage, effort: Effort) -> Row:
    postgres: dict[int, list[float]] = {_WORKERS: [], 1: []}

    def with_workers(workers: int) -> float:
        count = effort.drained_hits
        stage.empty_tables()
        stage.empty_streams()
        stage.fill_stream(count)
        before = _postgres_seconds(stage)
        seconds = _together(stage, workers)
        spent = _postgres_seconds(stage) - before
        postgres[workers].append(round(spent / count * 1e6, 1))
        if (stored := stage.stored()) != count:
            raise NotMeasured(f"{stored} of {count} hits are stored")
        return count / seconds

    with_workers(1)
    postgres[1].clear()
    measured = pairs.measured_in_turn(effort.rounds, lambda: with_workers(_WORKERS), lambda: with_workers(1))
    return Row(
        name=NAME,
        value=round(measured.ratio, 3),
        unit="of one worker",
        target=TARGET,
        direction="at least",
        details=measured.details("hits/s")
        | {
            "hits_a_round": effort.drained_hits,
            "ours_postgres_cpu_microseconds_a_hit": postgres[_WORKERS],
            "baseline_postgres_cpu_microseconds_a_hit": postgres[1],
        },
    )


def _postgres_seconds(stage: Stage) -> float:
    return cpu_seconds_below(os.getpid(), ["postgres"], stage.folder)["postgres"]


def _together(stage: Stage, workers: int) -> float:
    """Return the seconds from a common beginning until the last of the workers has ended."""
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "bench.drain_once", "--together"],
            cwd=processes.PROJECT,
            env={**os.environ, **stage.environment, **_ONE_JOB},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(workers)
    ]
    try:
        for worker in started:
            assert worker.stdout is not None
            if worker.stdout.readline() != b"ready\n":
                raise NotMeasured("a worker does not start")
        began = time.perf_counter()
        for worker in started:
            assert worker.stdin is not None
            worker.stdin.close()
        for worker in started:
            if worker.wait(_TIMEOUT):
                raise NotMeasured(f"a worker ended with {worker.returncode}")
        return time.perf_counter() - began
    finally:
        for worker in started:
            worker.kill()
            worker.wait()
