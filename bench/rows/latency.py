"""From sending a hit to its row being visible to another connection, at half the sustained rate."""

import threading

import orjson

from bench import machine, pipeline, processes
from bench.effort import Effort
from bench.results import Row
from bench.stage import Stage

NAME = "hit to row"
TARGET = 1.0


def measure(stage: Stage, effort: Effort) -> Row:
    idle_noise = machine.timer_noise(2.0)
    with pipeline.running(stage) as running:
        rate = running.sustained_rate(effort) / 2
        printed: list[bytes] = []
        arguments = ["-m", "bench.prober", str(running.port), str(effort.latency)]
        stage.empty_tables()
        prober = threading.Thread(
            target=lambda: printed.append(
                processes.printed_by(arguments, environment=stage.environment, timeout=effort.latency + 60)
            )
        )
        prober.start()
        running.load(rate, effort.latency + 3)
        prober.join()
    seen = orjson.loads(printed[0])
    seconds: list[float] = sorted(seen["seconds"])
    late: list[float] = sorted(seen["timer_late_seconds"])
    p50, p99 = _quantile(seconds, 0.5), _quantile(seconds, 0.99)
    return Row(
        name=NAME,
        value=round(p99, 3),
        unit="s (p99)",
        target=TARGET,
        direction="at most",
        details={
            "summary": f"p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, longest {seconds[-1] * 1000:.0f} ms of"
            f" {len(seconds)} probes at {rate:,.0f} hits/s; a 10 ms timer is {_quantile(late, 0.99) * 1000:.1f} ms late"
            f" (p99; idle {_quantile(idle_noise, 0.99) * 1000:.1f} ms)",
            "rate": round(rate),
            "probes": len(seconds),
            "p50_seconds": round(p50, 4),
            "p99_seconds": round(p99, 4),
            "longest_seconds": round(seconds[-1], 4),
            "timer_late_p50_seconds": round(_quantile(late, 0.5), 5),
            "timer_late_p99_seconds": round(_quantile(late, 0.99), 5),
            "timer_late_p99_seconds_idle": round(_quantile(idle_noise, 0.99), 5),
        },
    )


def _quantile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
