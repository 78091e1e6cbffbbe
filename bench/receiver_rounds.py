"""The two receiver rows: the product against a bare Flask view, in turn, each time under freshly started processes.

Fresh ones, because threads of one process can fall into a slower or faster step with each other and stay in it: that
would colour every round of a row alike.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager

from bench import pairs, web
from bench.effort import Effort
from bench.errors import NotMeasured
from bench.hits import Requests
from bench.load import Generator
from bench.processes import Process
from bench.results import Row
from bench.stage import Stage

TARGET = 0.80
_Server = Callable[[], AbstractContextManager[tuple[int, Process]]]


class Side:
    """One of the two servers: rounds under the generator, and what they cost."""

    def __init__(self, stage: Stage, server: _Server, requests: Requests, effort: Effort) -> None:
        self._stage = stage
        self._server = server
        self._requests = requests
        self._effort = effort
        self.cpu_microseconds: list[float] = []
        self.p99_milliseconds: list[float] = []

    def round(self) -> float:
        """Requests a second. Every answered hit must be in a stream afterwards."""
        with self._server() as (port, process):
            generator = Generator(port, self._requests.start())
            generator.run(self._effort.warm_up)
            self._stage.empty_streams()
            cpu = process.cpu_seconds
            outcome = generator.run(self._effort.receiver_round)
            self.cpu_microseconds.append(round((process.cpu_seconds - cpu) / outcome.sent * 1e6))
        self.p99_milliseconds.append(round(outcome.latency(0.99) * 1000, 1))
        if (taken := self._stage.in_streams()) != outcome.sent:
            raise NotMeasured(f"{taken} of {outcome.sent} answered hits are in the streams")
        return outcome.per_second


def measure(name: str, requests: Requests, stage: Stage, effort: Effort) -> Row:
    ours = Side(stage, lambda: web.product(stage), requests, effort)
    baseline = Side(stage, lambda: web.baseline(stage, "bare_stream"), requests, effort)
    measured = pairs.measured_in_turn(effort.rounds, ours.round, baseline.round)
    stage.empty_streams()
    return Row(
        name=name,
        value=round(measured.ratio, 3),
        unit="of the baseline",
        target=TARGET,
        direction="at least",
        details=measured.details("requests/s")
        | {
            "ours_cpu_microseconds_a_request": ours.cpu_microseconds,
            "baseline_cpu_microseconds_a_request": baseline.cpu_microseconds,
            "ours_p99_milliseconds": ours.p99_milliseconds,
            "baseline_p99_milliseconds": baseline.p99_milliseconds,
        },
    )
