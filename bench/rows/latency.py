"""From sending a hit to its row being visible to another connection, at half the sustained rate."""

from bench import machine, pipeline, probing
from bench.effort import Effort
from bench.results import Row
from bench.stage import Stage

NAME = "hit to row"
TARGET = 1.0


def measure(stage: Stage, effort: Effort) -> Row:
    idle_noise = machine.timer_noise(2.0)
    with pipeline.running(stage) as running:
        rate = running.sustained_rate(effort) / 2
        stage.empty_tables()
        seen = probing.probed(stage, running.port, effort.latency, lambda seconds: running.load(rate, seconds))
    longest, late_p99 = seen.seconds[-1], probing.quantile(seen.timer_late_seconds, 0.99)
    return Row(
        name=NAME,
        value=round(seen.p99, 3),
        unit="s (p99)",
        target=TARGET,
        direction="at most",
        details={
            "summary": f"p50 {seen.p50 * 1000:.0f} ms, p99 {seen.p99 * 1000:.0f} ms, longest {longest * 1000:.0f} ms of"
            f" {len(seen.seconds)} probes at {rate:,.0f} hits/s; a 10 ms timer is {late_p99 * 1000:.1f} ms late"
            f" (p99; idle {probing.quantile(idle_noise, 0.99) * 1000:.1f} ms)",
            "rate": round(rate),
            "probes": len(seen.seconds),
            "p50_seconds": round(seen.p50, 4),
            "p99_seconds": round(seen.p99, 4),
            "longest_seconds": round(longest, 4),
            "timer_late_p50_seconds": round(probing.quantile(seen.timer_late_seconds, 0.5), 5),
            "timer_late_p99_seconds": round(late_p99, 5),
            "timer_late_p99_seconds_idle": round(probing.quantile(idle_noise, 0.99), 5),
        },
    )
