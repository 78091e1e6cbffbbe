"""Single POSTs all the way into the tables, against a bare Flask view that writes the tables itself."""

from statistics import median

from bench import hits, pairs, pipeline, web
from bench.cpu_shares import CpuShares
from bench.effort import Effort
from bench.errors import NotMeasured
from bench.load import Generator
from bench.results import Row
from bench.stage import Stage

NAME = "whole way"
TARGET = 4.0


def measure(stage: Stage, effort: Effort) -> Row:
    """Each pair: ours as fast as the backlog stays level, the baseline as fast as it answers; both count rows."""
    runs: list[pipeline.Sustained] = []
    baseline_cpu: list[dict[str, int]] = []

    def ours() -> float:
        runs.append(pipeline.level_run(stage, effort))
        return runs[-1].stored_per_second

    def baseline() -> float:
        with web.baseline(stage, "bare_tables") as (port, process):
            generator = Generator(port, hits.post_requests().start())
            generator.run(effort.warm_up)
            stage.empty_tables()
            shares = CpuShares({"web": process}, stage.folder)
            outcome = generator.run(effort.sustained)
            stored = stage.stored()
            baseline_cpu.append(shares.microseconds_a_hit(outcome.sent))
            if stored != outcome.sent:
                raise NotMeasured(f"the baseline stored {stored} of {outcome.sent} hits")
            return outcome.per_second

    measured = pairs.measured_in_turn(effort.sustained_rounds, ours, baseline)
    stage.sustained_rate = median(measured.ours)
    return Row(
        name=NAME,
        value=round(measured.ratio, 2),
        unit="times the baseline",
        target=TARGET,
        direction="at least",
        details=measured.details("stored hits/s")
        | {
            "backlog_growth": [round(run.growth, 4) for run in runs],
            "backlog_longest": [max(run.depths) for run in runs],
            "ours_cpu_microseconds_a_hit": [dict(run.cpu_microseconds_a_hit) for run in runs],
            "baseline_cpu_microseconds_a_hit": baseline_cpu,
        },
    )
