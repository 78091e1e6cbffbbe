"""How much waits in the queue: what `queue status`, health checks and the watch look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import redis

from tracker.queueing.claims import GROUP, RETRIES
from tracker.queueing.connection import Connection, translated
from tracker.queueing.entry import STREAMS
from tracker.queueing.failures import code_of
from tracker.queueing.overflow import OVERFLOW, kind_of, overflow_streams


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """One stream at one moment, or all streams of crowds together, or the retries; by the Redis server's clock.

    `waiting` nobody has claimed yet; `pending` a worker has claimed and not settled. `oldest_seconds` is the age of
    the oldest entry of both kinds, None where there is none. For the retries `waiting` is all of them and
    `next_due_seconds` says when the first one is tried again (below 0: it is due).
    """

    name: str
    waiting: int
    pending: int = 0
    oldest_seconds: float | None = None
    next_due_seconds: float | None = None


def depths(redis: Connection) -> list[Depth]:
    """The shared streams from urgent to bulk, then those of crowds, then the retries. Raises QueueAway."""
    with translated():
        streams = [*STREAMS, *overflow_streams(redis)]
    with translated(), redis.pipeline(transaction=False) as pipeline:
        pipeline.time()
        pipeline.zcard(RETRIES)
        pipeline.zrange(RETRIES, 0, 0, withscores=True)
        for stream in streams:
            pipeline.xlen(stream)
            pipeline.xpending(stream, GROUP)
            pipeline.xrange(stream, count=1)
        (seconds, microseconds), retries, first, *answers = [
            _answer(answer) for answer in pipeline.execute(raise_on_error=False)
        ]
    now = seconds + microseconds / 1_000_000
    found = [_stream_depth(stream, answers[3 * place : 3 * place + 3], now) for place, stream in enumerate(streams)]
    return [
        *found[: len(STREAMS)],
        _together(kind_of(OVERFLOW), found[len(STREAMS) :]),
        Depth(name="retries", waiting=retries, next_due_seconds=first[0][1] - now if first else None),
    ]


def _answer(answer: Any) -> Any:  # noqa: ANN401 as redis answers
    """The answer of one command; None where the stream has no group yet. Every other error is raised."""
    if not isinstance(answer, redis.ResponseError):
        return answer
    if code_of(answer) != "NOGROUP":
        raise answer
    return None


def _stream_depth(stream: str, answers: list[Any], now: float) -> Depth:
    length, summary, first = answers
    # No worker has ever read a stream that has no group: then nothing is pending.
    pending = 0 if summary is None else summary["pending"]
    return Depth(
        name=kind_of(stream),
        waiting=max(0, length - pending),
        pending=pending,
        oldest_seconds=max(0.0, now - int(first[0][0].partition(b"-")[0]) / 1000) if first else None,
    )


def _together(name: str, parts: Sequence[Depth]) -> Depth:
    return Depth(
        name=name,
        waiting=sum(part.waiting for part in parts),
        pending=sum(part.pending for part in parts),
        oldest_seconds=max((part.oldest_seconds for part in parts if part.oldest_seconds is not None), default=None),
    )
