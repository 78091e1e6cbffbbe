"""The whole way on this machine: receivers and one worker side by side, under single POSTs."""

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

_TICK_SECONDS = 0.1
_BACKLOG = 1000
_CORRECTED_WITHIN_SECONDS = 1.0
_SMOOTHING = 0.2
_GROWTH_ALLOWED = 0.02
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Sustained:
    """A run whose load followed what the worker stores: what was stored a second, and how the backlog went."""

    stored_per_second: float
    sent: int
    depths: Sequence[int]
    cpu_microseconds_a_hit: Mapping[str, int]

    @property
    def growth(self) -> float:
        """Growth of the backlog from the second quarter of the run to the last, as a share of what was sent then."""
        quarter = len(self.depths) // 4
        early, late = fmean(self.depths[quarter : 2 * quarter]), fmean(self.depths[-quarter:])
        return (late - early) / (self.sent / 2)

    @property
    def level(self) -> bool:
        return self.growth <= _GROWTH_ALLOWED


class Regulator:
    """Sets the rate to what has just been stored, corrected so that about `_BACKLOG` hits wait."""

    def __init__(self, stage: Stage) -> None:
        self.depths: list[int] = []
        self._stage = stage
        self._elapsed = 0.0
        self._sent = 0
        self._drained = 0.0

    def __call__(self, elapsed: float, sent: int) -> float:
        depth = self._stage.waiting()
        before = self.depths[-1] if self.depths else 0
        drained = ((sent - self._sent) - (depth - before)) / (elapsed - self._elapsed)
        self._drained += _SMOOTHING * (drained - self._drained)
        self._elapsed, self._sent = elapsed, sent
        self.depths.append(depth)
        return max(0.0, self._drained + (_BACKLOG - depth) / _CORRECTED_WITHIN_SECONDS)


class Pipeline:
    """The running product: receivers and a worker, with a generator for them."""

    def __init__(self, stage: Stage, port: int, receiver: processes.Process, worker: processes.Process) -> None:
        self.port = port
        self.receiver = receiver
        self.worker = worker
        self._stage = stage
        self._generator = Generator(port, hits.post_requests().start())

    def sustain(self, seconds: float) -> Sustained:
        """Send, from empty tables on, as much as keeps the backlog level; then wait until everything is stored."""
        self._stage.empty_tables()
        regulator = Regulator(self._stage)
        shares = CpuShares({"receiver": self.receiver, "worker": self.worker}, self._stage.folder)
        outcome = self.follow(seconds, regulator)
        stored = self._stage.stored()
        self._stage.wait_until_dry()
        if (at_last := self._stage.stored()) != outcome.sent:
            raise NotMeasured(f"{at_last} of {outcome.sent} accepted hits are stored")
        return Sustained(
            stored_per_second=stored / seconds,
            sent=outcome.sent,
            depths=regulator.depths,
            cpu_microseconds_a_hit=shares.microseconds_a_hit(at_last),
        )

    def sustained_rate(self, effort: Effort) -> float:
        """What the row `whole way` found in this run, or what a shorter run finds now (hits a second)."""
        if self._stage.sustained_rate is None:
            self.sustain(effort.warm_up)
            self._stage.sustained_rate = self.sustain(effort.rate_run).stored_per_second
        return self._stage.sustained_rate

    def follow(self, seconds: float, regulator: Regulator) -> Outcome:
        """Offer what the regulator says."""
        return self._generator.run(seconds, rate=_BACKLOG, tick=regulator, tick_seconds=_TICK_SECONDS)

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
        processes.started(
            arguments, environment=stage.environment, output=stage.log("worker"), folder=stage.project
        ) as worker,
    ):
        yield Pipeline(stage, port, receiver, worker)


@contextmanager
def scheduling(stage: Stage) -> Iterator[processes.Process]:
    """The scheduler, which makes facts and statistics of what is stored, until the block ends, and not before."""
    with processes.started(
        ["scheduler.py"], environment=stage.environment, output=stage.log("scheduler"), folder=stage.project
    ) as scheduler:
        yield scheduler
        if scheduler.popen.poll() is not None:
            raise NotMeasured(f"the scheduler has ended:\n{scheduler.last_lines()}")


def level_run(stage: Stage, effort: Effort) -> Sustained:
    """One run of fresh processes in which the backlog did not grow; NotMeasured where it grows in every attempt."""
    growths = []
    with running(stage) as pipeline:
        pipeline.sustain(effort.warm_up)
        for _ in range(_ATTEMPTS):
            run = pipeline.sustain(effort.sustained)
            if run.level:
                return run
            growths.append(round(run.growth, 3))
    raise NotMeasured(f"the backlog grew in every attempt, by {growths} of what was sent")
