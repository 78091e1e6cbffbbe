"""Memory of receiver and worker processes after ten minutes of load against after one, and their size."""

import time
from statistics import median

from bench import pipeline, processes
from bench.effort import Effort
from bench.errors import NotMeasured
from bench.results import Row
from bench.stage import Stage

NAME = "memory"
GROWTH_NAME = "memory growth"
SIZE_NAME = "memory size"
GROWTH_TARGET = 1.1
SIZE_TARGET_MB = 120
_MB = 1_000_000


class Samples:
    """Resident and proportional sizes of the largest process of each role, taken within a window of time."""

    def __init__(self) -> None:
        self._resident: dict[str, list[int]] = {}
        self._proportional: dict[str, list[int]] = {}

    def take(self, roles: dict[str, processes.Process]) -> None:
        for role, process in roles.items():
            pids = process.pids
            resident = [size for pid in pids if (size := processes.resident_bytes(pid))]
            proportional = [size for pid in pids if (size := processes.proportional_bytes(pid))]
            if resident and proportional:
                self._resident.setdefault(role, []).append(max(resident))
                self._proportional.setdefault(role, []).append(max(proportional))

    def megabytes(self) -> dict[str, dict[str, float]]:
        return {
            role: {
                "resident": round(median(self._resident[role]) / _MB, 1),
                "proportional": round(median(self._proportional[role]) / _MB, 1),
            }
            for role in self._resident
        }


def measure(stage: Stage, effort: Effort) -> list[Row]:
    first, last = Samples(), Samples()
    with pipeline.running(stage) as running:
        rate = running.sustained_rate(effort) / 2
    # Fresh processes, so that finding the rate is not part of the first minute.
    with pipeline.running(stage) as running:
        roles = {"receiver": running.receiver, "worker": running.worker}
        stage.empty_tables()
        began = time.perf_counter()

        def sample(elapsed: float, _sent: int) -> None:
            if effort.memory_first - effort.memory_window <= elapsed <= effort.memory_first:
                first.take(roles)
            elif elapsed >= effort.memory_last - effort.memory_window:
                last.take(roles)

        running.load(rate, effort.memory_last, tick=sample)
        lasted = time.perf_counter() - began
    before, after = first.megabytes(), last.megabytes()
    if set(before) != set(roles) or set(after) != set(roles):
        raise NotMeasured("a process was never seen")
    ratios = {role: round(after[role]["resident"] / before[role]["resident"], 3) for role in roles}
    sizes = {role: after[role]["resident"] for role in roles}
    details = {"rate": round(rate), "seconds": round(lasted), "megabytes_first": before, "megabytes_last": after}
    return [
        Row(
            name=GROWTH_NAME,
            value=max(ratios.values()),
            unit="times",
            target=GROWTH_TARGET,
            direction="at most",
            details=details
            | {
                "summary": f"receiver {ratios['receiver']:.2f}, worker {ratios['worker']:.2f}: after"
                f" {effort.memory_last:.0f} s of {rate:,.0f} hits/s against after {effort.memory_first:.0f} s",
                "ratios": ratios,
            },
        ),
        Row(
            name=SIZE_NAME,
            value=max(sizes.values()),
            unit="MB",
            target=SIZE_TARGET_MB,
            direction="at most",
            details=details
            | {
                "summary": f"largest process, resident (proportional): receiver {sizes['receiver']:.0f}"
                f" ({after['receiver']['proportional']:.0f}) MB, worker {sizes['worker']:.0f}"
                f" ({after['worker']['proportional']:.0f}) MB"
            },
        ),
    ]
