"""Single POSTs all the way into the tables, against a bare Flask view that writes the tables itself."""

from bench import hits, pairs, pipeline, web
from bench.cpu_shares import CpuShares
from bench.effort import Effort
from bench.errors import NotMeasured
from bench.load import Generator
from bench.results import Row
from bench.stage import Stage

NAME = "whole way"
TARGET = 2.0
_BACK_OFF = 0.95
_ATTEMPTS = 12


def measure(stage: Stage, effort: Effort) -> Row:
    """Each pair: ours at a fixed rate that keeps the backlog level, the baseline as fast as it answers.

    A run of ours in which the backlog grew does not count: it is done again at a rate 5 percent lower.
    """
    with pipeline.running(stage) as ours_running:
        rate = pipeline.highest_sustained_rate(ours_running, effort)
    rates: list[float] = []
    growths: list[float] = []
    ours_cpu: list[dict[str, int]] = []
    baseline_cpu: list[dict[str, int]] = []
    repeated = 0

    def ours() -> float:
        nonlocal rate, repeated
        with pipeline.running(stage) as running:
            running.estimate(effort.warm_up)
            for _ in range(_ATTEMPTS):
                trial = running.trial(rate, effort.sustained)
                if trial.sustained:
                    rates.append(round(rate))
                    growths.append(round(trial.growth, 4))
                    ours_cpu.append(dict(trial.cpu_microseconds_a_hit))
                    return trial.stored_per_second
                repeated += 1
                rate *= _BACK_OFF
        raise NotMeasured(f"no rate down to {rate:.0f}/s keeps the backlog level for {effort.sustained:.0f} s")

    def baseline() -> float:
        with web.baseline(stage, "bare_tables") as (port, process):
            generator = Generator(port, hits.post_requests().start())
            generator.run(effort.warm_up)
            stage.empty_tables()
            shares = CpuShares({"web": process})
            outcome = generator.run(effort.sustained)
            stored = stage.stored()
            baseline_cpu.append(shares.microseconds_a_hit(outcome.sent))
            if stored != outcome.sent:
                raise NotMeasured(f"the baseline stored {stored} of {outcome.sent} hits")
            return outcome.per_second

    measured = pairs.measured_in_turn(effort.sustained_rounds, ours, baseline)
    stage.sustained_rate = rate
    return Row(
        name=NAME,
        value=round(measured.ratio, 2),
        unit="times the baseline",
        target=TARGET,
        direction="at least",
        details=measured.details("stored hits/s")
        | {
            "offered_rates": rates,
            "backlog_growth": growths,
            "repeated_at_a_lower_rate": repeated,
            "ours_cpu_microseconds_a_hit": ours_cpu,
            "baseline_cpu_microseconds_a_hit": baseline_cpu,
        },
    )
