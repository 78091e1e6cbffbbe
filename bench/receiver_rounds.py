"""The two receiver rows: the product against a bare Flask view, both up at once, asked in turn."""

from bench import pairs, web
from bench.effort import Effort
from bench.hits import Requests
from bench.load import Generator
from bench.processes import Process
from bench.results import Row
from bench.stage import Stage

TARGET = 0.80


class Side:
    """One server under the generator, and what it cost."""

    def __init__(self, stage: Stage, generator: Generator, process: Process, seconds: float) -> None:
        self._stage = stage
        self._generator = generator
        self._process = process
        self._seconds = seconds
        self.cpu_microseconds: list[float] = []
        self.p99_milliseconds: list[float] = []

    def round(self) -> float:
        """Requests a second of one round; the streams are emptied before it, so that every round begins alike."""
        self._stage.empty_streams()
        cpu = self._process.cpu_seconds
        outcome = self._generator.run(self._seconds)
        self.cpu_microseconds.append(round((self._process.cpu_seconds - cpu) / outcome.sent * 1e6))
        self.p99_milliseconds.append(round(outcome.latency(0.99) * 1000, 1))
        return outcome.per_second


def measure(name: str, requests: Requests, stage: Stage, effort: Effort) -> Row:
    with (
        web.product(stage) as (product_port, product),
        web.baseline(stage, "bare_stream") as (bare_port, bare),
        Generator(product_port, requests.start()) as to_product,
        Generator(bare_port, requests.start()) as to_bare,
    ):
        to_product.run(effort.warm_up)
        to_bare.run(effort.warm_up)
        ours = Side(stage, to_product, product, effort.receiver_round)
        baseline = Side(stage, to_bare, bare, effort.receiver_round)
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
