"""Counts of requests with wrong keys, by address and minute, shared by all processes."""

from typing import Final

from tracker.queueing.connection import Connection, translated

_PREFIX: Final = "tracker:failed-keys:"
_KEPT_SECONDS: Final = 120


def count(redis: Connection, address: str, minute: int) -> int:
    """How many there were of this address in this minute. Raises QueueAway."""
    with translated():
        found = redis.get(f"{_PREFIX}{address}:{minute}")
    return int(found) if isinstance(found, bytes) and found.isdigit() else 0


def add(redis: Connection, address: str, minute: int) -> int:
    """Count one more and return the sum. Raises QueueAway."""
    key = f"{_PREFIX}{address}:{minute}"
    with translated():
        pipeline = redis.pipeline(transaction=True)
        pipeline.incr(key)
        pipeline.expire(key, _KEPT_SECONDS)
        total: int = pipeline.execute()[0]
    return total
