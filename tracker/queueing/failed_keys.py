"""Counts of requests with wrong keys in a minute, shared by all processes: by the buckets of addresses, and of all."""

from collections.abc import Sequence
from typing import Final

from tracker.queueing.connection import Connection, translated

ALL: Final = "all"
"""The field that counts every wrong key, whoever presented it."""
_PREFIX: Final = "tracker:wrong-keys:"
_KEPT_SECONDS: Final = 120


def counts(redis: Connection, fields: Sequence[str], minute: int) -> list[int]:
    """Return how many there were in this minute of each of `fields`. Raises QueueUnavailable."""
    with translated():
        pipeline = redis.pipeline(transaction=False)
        for field in fields:
            pipeline.hget(f"{_PREFIX}{minute}", field)
        return [int(count or 0) for count in pipeline.execute()]


def add(redis: Connection, fields: Sequence[str], minute: int) -> None:
    """Count one more of each of `fields`. Raises QueueUnavailable."""
    key = f"{_PREFIX}{minute}"
    with translated():
        pipeline = redis.pipeline(transaction=True)
        for field in fields:
            pipeline.hincrby(key, field, 1)
        pipeline.expire(key, _KEPT_SECONDS)
        pipeline.execute()
