"""How long each row takes: enough for the stated figures, or a quick look. All times in seconds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    rounds: int = 5
    warm_up: float = 2.0
    receiver_round: float = 4.0
    drained_hits: int = 20_000
    folded_hits: int = 100_000
    sent_deliveries: int = 9_600
    exported_hits: int = 1_000_000
    imported_lines: int = 1_000_000
    read_lines: int = 20_000
    followed_seconds: float = 30.0
    small_day: int = 50_000
    rate_run: float = 8.0
    sustained: float = 60.0
    sustained_rounds: int = 5
    against: float = 15.0
    latency: float = 60.0
    latency_window: float = 15.0
    memory_first: float = 60.0
    memory_last: float = 600.0
    memory_window: float = 10.0
    facts: int = 10_000_000
    fact_rows: int = 1_000_000
    year_facts: int = 50_000_000


FULL = Effort()
QUICK = Effort(
    rounds=3,
    warm_up=1.0,
    receiver_round=2.0,
    drained_hits=5_000,
    folded_hits=20_000,
    sent_deliveries=3_200,
    exported_hits=100_000,
    imported_lines=50_000,
    read_lines=5_000,
    followed_seconds=8.0,
    small_day=5_000,
    rate_run=4.0,
    sustained=10.0,
    sustained_rounds=1,
    against=5.0,
    latency=10.0,
    latency_window=6.0,
    memory_first=10.0,
    memory_last=30.0,
    memory_window=3.0,
    facts=1_000_000,
    fact_rows=200_000,
    year_facts=2_000_000,
)
