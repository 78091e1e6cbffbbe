"""An import of a combined log until all of it is stored, against bare COPY of the same rows; and its memory."""

import os
import subprocess
import sys
import time
from pathlib import Path

import orjson

from bench import log_lines, pairs, processes
from bench.baselines import bare_lines
from bench.effort import Effort
from bench.errors import NotMeasured
from bench.results import Row
from bench.stage import Stage

NAME = "import"
MEMORY_NAME = "import memory"
TARGET = 0.6
MEMORY_TARGET_MB = 150
_LOOK_SECONDS = 0.05
_TIMEOUT = 900.0


def measure(stage: Stage, effort: Effort) -> list[Row]:
    """The import with one worker beside it; what it stored first is what the baseline writes."""
    count = effort.imported_lines
    log, rows = stage.folder / "access.log", stage.folder / "rows.copy"
    with log.open("wb") as file:
        file.writelines(log_lines.lines(count))
    memory: list[float] = []

    def ours() -> float:
        stage.empty_tables()
        stage.empty_streams()
        worker = ["worker.py", "--workers", "1"]
        with processes.started(worker, environment=stage.environment, output=stage.log("worker"), folder=stage.project):
            seconds, megabytes = _imported(stage, log)
        _demand_all(stage, count)
        memory.append(megabytes)
        return count / seconds

    def baseline() -> float:
        stage.empty_tables()
        arguments = ["-m", "bench.baselines.bare_lines", str(rows)]
        printed = processes.printed_by(arguments, environment=stage.environment, timeout=_TIMEOUT)
        _demand_all(stage, count)
        return float(count / orjson.loads(printed)["seconds"])

    ours()
    stage.copy_out(bare_lines.COLUMNS, rows)
    measured = pairs.measured_in_turn(effort.rounds, ours, baseline)
    stage.empty_tables()
    return [
        Row(
            name=NAME,
            value=round(measured.ratio, 3),
            unit="of bare COPY",
            target=TARGET,
            direction="at least",
            details=measured.details("lines/s") | {"lines": count},
        ),
        Row(
            name=MEMORY_NAME,
            value=max(memory),
            unit="MB",
            target=MEMORY_TARGET_MB,
            direction="at most",
            details={"summary": f"the importing process at its largest, {count:,} lines", "megabytes": memory},
        ),
    ]


def _imported(stage: Stage, log: Path) -> tuple[float, float]:
    """Seconds by the command's own clock, and the size of its process at its largest, in MB."""
    command = [sys.executable, "-m", "tracker", "import", str(log), "--app-id", "bench", "--wait", "--json"]
    output = stage.log("import")
    with output.open("wb") as file:
        process = subprocess.Popen(command, cwd=stage.project, env={**os.environ, **stage.environment}, stdout=file)
        peak = 0
        while process.poll() is None:
            peak = processes.peak_bytes(process.pid) or peak
            time.sleep(_LOOK_SECONDS)
    if process.returncode:
        raise NotMeasured(f"the import ended with {process.returncode}")
    return orjson.loads(output.read_bytes())["seconds"], round(peak / 1e6, 1)


def _demand_all(stage: Stage, count: int) -> None:
    if (stored := stage.stored()) != count:
        raise NotMeasured(f"{stored} of {count} lines are stored")
