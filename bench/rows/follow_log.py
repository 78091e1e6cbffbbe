"""`import --follow` at 10,000 lines a second: how much of a core the follower uses."""

import time
from datetime import UTC, datetime

from bench import log_lines, processes
from bench.effort import Effort
from bench.errors import NotMeasured
from bench.results import Row
from bench.stage import Stage

NAME = "import --follow"
TARGET = 1.0
RATE = 10_000
_TURNS_A_SECOND = 20
_PATIENCE = 300.0


def measure(stage: Stage, effort: Effort) -> Row:
    """Lines are appended twenty times a second. Whatever the follower has not taken by the end counts too."""
    stage.empty_tables()
    stage.empty_streams()
    seconds = effort.followed_seconds
    log = stage.folder / "followed.log"
    log.touch()
    count = int(RATE * seconds)
    made = list(log_lines.lines(count, until=datetime.now(UTC)))
    state = str(stage.folder / "followed.json")
    follow = ["-m", "tracker", "import", "--follow", str(log), "--app-id", "bench", "--state", state]
    worker = ["worker.py", "--workers", "1"]
    with (
        processes.started(worker, environment=stage.environment, output=stage.log("worker"), folder=stage.project),
        processes.started(
            follow, environment=stage.environment, output=stage.log("follow"), folder=stage.project
        ) as follower,
    ):
        with log.open("ab") as file:
            file.writelines(made[:100])
        _wait_for_start(follower, stage, 100)
        before = follower.cpu_seconds
        began = time.perf_counter()
        step = RATE // _TURNS_A_SECOND
        with log.open("ab") as file:
            for turn, at in enumerate(range(100, count, step)):
                time.sleep(max(0.0, began + turn / _TURNS_A_SECOND - time.perf_counter()))
                file.writelines(made[at : at + step])
                file.flush()
        written = time.perf_counter() - began
        deadline = time.monotonic() + _PATIENCE
        while stage.stored() < count and time.monotonic() < deadline:
            time.sleep(0.2)
        behind = time.perf_counter() - began - written
        used = follower.cpu_seconds - before
    if (stored := stage.stored()) != count:
        raise NotMeasured(f"{stored} of {count} lines are stored")
    return Row(
        name=NAME,
        value=round(used / written, 2),
        unit="cores",
        target=TARGET,
        direction="at most",
        details={
            "summary": f"{RATE:,} lines/s for {written:.0f} s; the last was stored {behind:.1f} s after it was written",
            "microseconds_a_line": round(used / count * 1e6, 1),
        },
    )


def _wait_for_start(follower: processes.Process, stage: Stage, first: int) -> None:
    """The first lines are stored: what it takes to start is not measured."""
    deadline = time.monotonic() + 60
    while stage.stored() < first:
        if time.monotonic() > deadline or follower.popen.poll() is not None:
            raise NotMeasured(f"the follower takes nothing:\n{follower.last_lines()}")
        time.sleep(0.1)
