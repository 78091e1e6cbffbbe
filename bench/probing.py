"""Probes beside a load: how long hits take to their rows, as `bench.prober` sees it from a process of its own."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import orjson

from bench import processes
from bench.errors import NotMeasured
from bench.stage import Stage

_LOAD_GOES_ON_SECONDS = 1.0
"""The load outlasts the probes by so much, so that none of the last ones meets an idle machine."""


@dataclass(frozen=True, slots=True)
class Latencies:
    """What the probes of one window saw, in seconds."""

    seconds: list[float]
    timer_late_seconds: list[float]

    @property
    def p50(self) -> float:
        return quantile(self.seconds, 0.5)

    @property
    def p99(self) -> float:
        return quantile(self.seconds, 0.99)


def probed(stage: Stage, port: int, seconds: float, load: Callable[[float], object]) -> Latencies:
    """Probe for `seconds` while `load`, called with how long it is to last, keeps the same receiver busy."""
    printed: list[bytes] = []
    arguments = ["-m", "bench.prober", str(port), str(seconds)]
    prober = threading.Thread(
        target=lambda: printed.append(
            processes.printed_by(arguments, environment=stage.environment, timeout=seconds + 60)
        )
    )
    prober.start()
    load(seconds + _LOAD_GOES_ON_SECONDS)
    prober.join()
    if not printed:
        raise NotMeasured("the prober has ended with an error, which stands above")
    seen = orjson.loads(printed[0])
    return Latencies(sorted(seen["seconds"]), sorted(seen["timer_late_seconds"]))


def quantile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
