"""How fast hits come in and go out, and when the queue is empty if that goes on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tracker.queueing.connection import Connection
from tracker.queueing.inspection import Depth
from tracker.queueing.metric_counts import minute_rates

RATE_MINUTES: Final = 5
"""Over how many whole minutes a rate is taken."""
_UNDER_WAY_SECONDS: Final = 2.0
"""What is stored in so little time is no backlog: hits are under way whenever some come in."""


@dataclass(frozen=True, slots=True)
class Throughput:
    """Means over the last whole minutes; `seconds_to_drain` is None where more comes in than goes out."""

    hits_in_per_second: float
    hits_out_per_second: float
    seconds_to_drain: float | None


def throughput(redis: Connection, depths: Sequence[Depth]) -> Throughput:
    """Of the hits in these streams. Raises QueueUnavailable."""
    rates = minute_rates(redis, RATE_MINUTES)
    hits_in = sum(rate.hits_in for rate in rates) / (60 * RATE_MINUTES)
    hits_out = sum(rate.hits_out for rate in rates) / (60 * RATE_MINUTES)
    waiting = sum(depth.waiting + depth.pending for depth in depths)
    if not waiting:
        return Throughput(hits_in, hits_out, 0.0)
    if waiting <= hits_out * _UNDER_WAY_SECONDS:
        return Throughput(hits_in, hits_out, waiting / hits_out)
    return Throughput(hits_in, hits_out, waiting / (hits_out - hits_in) if hits_out > hits_in else None)
