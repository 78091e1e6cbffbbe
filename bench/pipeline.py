"""The whole way on this machine: receivers and one worker side by side, under a steady rate of single POSTs."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import fmean

from bench import hits, processes, web
from bench.cpu_shares import CpuShares
from bench.effort import Effort
from bench.errors import NotMeasured
from bench.load import Generator, Outcome, Tick
from bench.stage import Stage

_SAMPLE_SECONDS = 0.25
_GROWTH_ALLOWED = 0.02
_WAIT_ALLOWED_SECONDS = 2.0
_ANSWERED_AT_LEAST = 0.99
_BOUND_WHILE_ESTIMATING = 2000
_UNLIMITED_RATE = 1e7
_STEP = 1.07
_SEARCH_TRIALS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One run at one rate: what was offered, answered and stored a second, and how the backlog went."""

    rate: float
    outcome: Outcome
    stored_per_second: float
    depths: Sequence[int]
    cpu_microseconds_a_hit: Mapping[str, int]

    @property
    def growth(self) -> float:
        """Growth of the backlog as a share of what was offered, from the second quarter of the run to the last."""
        quarter = len(self.depths) // 4
        early, late = fmean(self.depths[quarter : 2 * quarter]), fmean(self.depths[-quarter:])
        return (late - early) / (self.rate * 0.5 * self.outcome.seconds)

    @property
    def sustained(self) -> bool:
        """Everything offered was answered, and what waits neither grows nor is more than two seconds' worth."""
        quarter = len(self.depths) // 4
        return (
            self.outcome.per_second >= _ANSWERED_AT_LEAST * self.rate
            and self.growth <= _GROWTH_ALLOWED
            and fmean(self.depths[-quarter:]) <= self.rate * _WAIT_ALLOWED_SECONDS
        )


class Pipeline:
    """The running product: receivers and a worker, with a generator for them."""

    def __init__(self, stage: Stage, port: int, receiver: processes.Process, worker: processes.Process) -> None:
        self.port = port
        self.receiver = receiver
        self.worker = worker
        self._stage = stage
        self._generator = Generator(port, hits.post_requests().start())

    def trial(self, rate: float, seconds: float) -> Trial:
        """Offer `rate` for `seconds` on empty tables, then wait until everything is stored."""
        depths: list[int] = []
        self._stage.empty_tables()
        shares = CpuShares({"receiver": self.receiver, "worker": self.worker})
        outcome = self._generator.run(
            seconds, rate=rate, tick=lambda _elapsed: depths.append(self._stage.waiting()), tick_seconds=_SAMPLE_SECONDS
        )
        stored = self._stage.stored()
        self._stage.wait_until_dry()
        if (at_last := self._stage.stored()) != outcome.sent:
            raise NotMeasured(f"{at_last} of {outcome.sent} accepted hits are stored")
        return Trial(
            rate=rate,
            outcome=outcome,
            stored_per_second=stored / seconds,
            depths=depths,
            cpu_microseconds_a_hit=shares.microseconds_a_hit(at_last),
        )

    def estimate(self, seconds: float) -> float:
        """Hits stored a second while the generator sends whenever less than a bound waits."""

        def throttle(_elapsed: float) -> float:
            return _UNLIMITED_RATE if self._stage.waiting() < _BOUND_WHILE_ESTIMATING else 0.0

        self._stage.empty_tables()
        self._generator.run(seconds, rate=_UNLIMITED_RATE, tick=throttle, tick_seconds=0.05)
        stored = self._stage.stored()
        self._stage.wait_until_dry()
        return stored / seconds

    def load(self, rate: float, seconds: float, tick: Tick | None = None) -> Outcome:
        """Offer `rate` for `seconds`, nothing else."""
        return self._generator.run(seconds, rate=rate, tick=tick)


@contextmanager
def running(stage: Stage) -> Iterator[Pipeline]:
    """Receivers and one worker, until the block ends."""
    stage.empty_streams()
    arguments = ["worker.py", "--workers", "1"]
    with (
        web.product(stage) as (port, receiver),
        processes.started(arguments, environment=stage.environment, output=stage.log("worker")) as worker,
    ):
        yield Pipeline(stage, port, receiver, worker)


def highest_sustained_rate(pipeline: Pipeline, effort: Effort) -> float:
    """The highest rate at which short trials keep the backlog level, searched in steps of 7 percent."""
    pipeline.estimate(effort.warm_up)
    rate = pipeline.estimate(effort.search_trial)
    best = 0.0
    for _ in range(_SEARCH_TRIALS):
        if pipeline.trial(rate, effort.search_trial).sustained:
            best = rate
            rate *= _STEP
        elif best:
            break
        else:
            rate /= _STEP
    if not best:
        raise NotMeasured(f"no rate down to {rate:.0f}/s keeps the backlog level")
    return best
