"""From a hit to its row in this build and in another, both under one offered rate: a modest one, and one that the
other build can only just carry. Beside it, for information, what each does at its own limit."""

from collections.abc import Callable
from contextlib import ExitStack
from statistics import median

from bench import pairs, pipeline
from bench.effort import Effort
from bench.errors import NotMeasured
from bench.pipeline import Pipeline, Regulator
from bench.probing import Latencies, probed
from bench.results import Row
from bench.stage import Stage

NAME = "hit to row against"
TARGET = 1.0
_MODEST_RATE = 500.0
_SHARE_OF_THE_OTHERS_BEST = 0.8
_MIN_PAIRS = 5


def measure(stage: Stage, effort: Effort) -> list[Row]:
    """Measure pairs of windows; both builds run all the while, and only one of them has anything to do."""
    if stage.other is None:
        raise NotMeasured("say which build it is to be held against: --against COMMIT")
    with ExitStack() as stack:
        ours = stack.enter_context(pipeline.running(stage))
        theirs = stack.enter_context(pipeline.running(stage.other))
        sides = Sides(ours, theirs, stage, stage.other, effort)
        best = theirs.sustained_rate(effort)
        ours.sustained_rate(effort)
        high = best * _SHARE_OF_THE_OTHERS_BEST
        return [
            sides.row(f"hit to row at {_MODEST_RATE:.0f}/s", _MODEST_RATE),
            sides.row("hit to row near the other's limit", high),
            sides.at_their_limits(),
        ]


class Sides:
    """Both builds, running, and what the windows of a row saw."""

    def __init__(self, ours: Pipeline, theirs: Pipeline, stage: Stage, other: Stage, effort: Effort) -> None:
        self._ours, self._theirs = ours, theirs
        self._stage, self._other = stage, other
        self._effort = effort

    def row(self, name: str, rate: float) -> Row:
        """Measure p99 of both under the same rate."""
        seen: dict[Stage, list[Latencies]] = {self._stage: [], self._other: []}

        def p99(stage: Stage, running: Pipeline) -> Callable[[], float]:
            def window() -> float:
                stage.empty_tables()
                running.load(rate, self._effort.warm_up)
                seen[stage].append(
                    probed(stage, running.port, self._effort.latency_window, lambda s: running.load(rate, s))
                )
                stage.wait_until_dry()
                return seen[stage][-1].p99 * 1000

            return window

        measured = pairs.measured_in_turn(
            max(self._effort.rounds, _MIN_PAIRS), p99(self._stage, self._ours), p99(self._other, self._theirs)
        )
        p50 = {stage: median(window.p50 for window in windows) * 1000 for stage, windows in seen.items()}
        details = measured.details("ms (p99)")
        return Row(
            name=name,
            value=round(measured.ratio, 3),
            unit="of the other build",
            target=TARGET,
            direction="at most",
            details=details
            | {
                "summary": f"{details['summary']}; p50 {p50[self._stage]:.0f} against {p50[self._other]:.0f} ms;"
                f" both at {rate:,.0f} hits/s",
                "rate": round(rate),
                "ours_p50_milliseconds": [round(window.p50 * 1000, 1) for window in seen[self._stage]],
                "baseline_p50_milliseconds": [round(window.p50 * 1000, 1) for window in seen[self._other]],
            },
        )

    def at_their_limits(self) -> Row:
        """Measure both with a backlog that is held level, each at what it can store: two loads, so no target."""
        ours, theirs = self._limit(self._stage, self._ours), self._limit(self._other, self._theirs)
        return Row(
            name="hit to row at its own limit",
            value=round(ours.p99 / theirs.p99, 3),
            unit="of the other build",
            target=None,
            direction="for information",
            details={
                "summary": f"p99 {ours.p99 * 1000:,.0f} against {theirs.p99 * 1000:,.0f} ms, about 1,000 hits waiting;"
                f" {self._stage.sustained_rate:,.0f} against {self._other.sustained_rate:,.0f} stored hits/s",
                "ours_p99_seconds": round(ours.p99, 4),
                "baseline_p99_seconds": round(theirs.p99, 4),
            },
        )

    def _limit(self, stage: Stage, running: Pipeline) -> Latencies:
        stage.empty_tables()
        seen = probed(stage, running.port, self._effort.latency_window, lambda s: running.follow(s, Regulator(stage)))
        stage.wait_until_dry()
        return seen
