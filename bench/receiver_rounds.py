"""The two receiver rows: the product against a bare Flask view, in turn, each time under freshly started processes.

Fresh ones, because threads of one process can fall into a slower or faster step with each other and stay in it: that
would colour every round of a row alike.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack

from bench import pairs, processes, web
from bench.effort import Effort
from bench.errors import NotMeasured
from bench.hits import Requests
from bench.load import Generator
from bench.processes import Process
from bench.results import Row
from bench.stage import Stage

TARGET = 2.0
_Server = Callable[[], AbstractContextManager[tuple[int, Process]]]


class Side:
    """One of the two servers: rounds under the generator, and what they cost."""

    def __init__(self, stage: Stage, server: _Server, requests: Requests, effort: Effort, *, beside: bool) -> None:
        self._stage = stage
        self._server = server
        self._beside = beside
        self._requests = requests
        self._effort = effort
        self.cpu_microseconds: list[float] = []
        self.p99_milliseconds: list[float] = []

    def round(self) -> float:
        """Requests a second. Every answered hit must be in a stream afterwards."""
        with ExitStack() as stack:
            port, process = stack.enter_context(self._server())
            if self._beside:
                stack.enter_context(_a_busy_core(self._stage))
            generator = Generator(port, self._requests.start())
            generator.run(self._effort.warm_up)
            self._stage.empty_streams()
            cpu = process.cpu_seconds
            outcome = generator.run(self._effort.receiver_round)
            sent = outcome.sent * self._requests.hits
            self.cpu_microseconds.append(round((process.cpu_seconds - cpu) / sent * 1e6, 1))
        self.p99_milliseconds.append(round(outcome.latency(0.99) * 1000, 1))
        if (taken := self._stage.in_streams()) != sent:
            raise NotMeasured(f"{taken} of {sent} answered hits are in the streams")
        return outcome.per_second


def measure(
    name: str, requests: Requests, stage: Stage, effort: Effort, *, target: float = TARGET, beside: bool = False
) -> Row:
    """Measure pairs; `beside` a process that burns a core all the while."""
    ours = Side(stage, lambda: web.product(stage), requests, effort, beside=beside)
    baseline = Side(stage, lambda: web.baseline(stage, "bare_stream"), requests, effort, beside=beside)
    measured = pairs.measured_in_turn(effort.rounds, ours.round, baseline.round)
    stage.empty_streams()
    return Row(
        name=name,
        value=round(measured.ratio, 3),
        unit="of the baseline",
        target=target,
        direction="at least",
        details=measured.details("requests/s")
        | {
            "ours_cpu_microseconds_a_hit": ours.cpu_microseconds,
            "baseline_cpu_microseconds_a_hit": baseline.cpu_microseconds,
            "ours_p99_milliseconds": ours.p99_milliseconds,
            "baseline_p99_milliseconds": baseline.p99_milliseconds,
        },
    )


def _a_busy_core(stage: Stage) -> AbstractContextManager[Process]:
    return processes.started(["-c", "while True: pass"], environment={}, output=stage.log("busy"), stop_seconds=1)
