"""Looking at the queue: how much waits, how far it is worked off, where one entry is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import redis

from tracker.hit import EPOCH
from tracker.queueing.connection import Connection, translated
from tracker.queueing.consumer import GROUP, RETRIES
from tracker.queueing.entry import STREAMS, Entry
from tracker.queueing.failures import code_of
from tracker.queueing.overflow import OVERFLOW, all_streams, kind_of, overflow_streams
from tracker.queueing.shards import shards_of

GRACE: Final = timedelta(seconds=15)
"""For what a receiver has stamped and not yet handed over (time-outs of Redis included), and for clocks apart."""
_RETRIES_LOOKED_AT: Final = 1000
"""Retries are few. Where more wait, something is wrong with the database, and nothing counts as worked off."""
_AT_A_TIME: Final = 1000


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
    """Return the shared streams from urgent to bulk, then those of crowds, then the retries.

    Raises QueueUnavailable.
    """
    of_shards = [_depths(shard) for shard in shards_of(redis)]
    return of_shards[0] if len(of_shards) == 1 else [_together(same) for same in zip(*of_shards, strict=True)]


def _depths(redis: Connection) -> list[Depth]:
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
    of_streams = [
        _stream_depth(stream, answers[3 * place : 3 * place + 3], now) for place, stream in enumerate(streams)
    ]
    return [
        *of_streams[: len(STREAMS)],
        _together(of_streams[len(STREAMS) :] or [Depth(name=kind_of(OVERFLOW), waiting=0)]),
        Depth(name="retries", waiting=retries, next_due_seconds=first[0][1] - now if first else None),
    ]


def _answer(answer: Any) -> Any:  # noqa: ANN401 as redis answers
    """Return the answer of one command; None where the stream has no group yet. Every other error is raised."""
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


def _together(parts: Sequence[Depth]) -> Depth:
    return Depth(
        name=parts[0].name,
        waiting=sum(part.waiting for part in parts),
        pending=sum(part.pending for part in parts),
        oldest_seconds=max((part.oldest_seconds for part in parts if part.oldest_seconds is not None), default=None),
        next_due_seconds=min(
            (part.next_due_seconds for part in parts if part.next_due_seconds is not None), default=None
        ),
    )


def settled_until(redis: Connection, now: datetime) -> datetime:
    """Return the latest time before which nothing was added that still waits, is in flight, or is to be retried.

    `now` is the caller's clock; ages in the streams are taken from the server's own. An entry that was received
    earlier than it was added (it waited in `batch_queue`) counts from when it was added, a retry from when it was
    received. Raises QueueUnavailable.
    """
    return min(_settled_until(shard, now) for shard in shards_of(redis))


def _settled_until(redis: Connection, now: datetime) -> datetime:
    with translated(), redis.pipeline(transaction=True) as pipeline:
        # A stream that an application gets after this look holds nothing older than `now`.
        streams = all_streams(redis)
        pipeline.time()
        for stream in streams:
            pipeline.xrange(stream, count=1)
        pipeline.zrange(RETRIES, 0, _RETRIES_LOOKED_AT)
        (seconds, microseconds), *heads, retries = pipeline.execute()
    if len(retries) > _RETRIES_LOOKED_AT:
        return EPOCH
    server_now = seconds + microseconds / 1_000_000
    # What a worker has settled is deleted from its stream, so that the first entry is the oldest that is left.
    added = [int(head[0][0].partition(b"-")[0]) / 1000 for head in heads if head]
    oldest = [now - timedelta(seconds=max(0.0, server_now - time)) for time in added]
    received = [Entry.from_member(member).created_at for member in retries]
    # Who writes to Redis can write a time from which nobody can count back.
    return max(EPOCH, min([now, *oldest, *received]))


def find(redis: Connection, entry_id: UUID) -> tuple[str, Entry] | None:
    """Return the entry and where it waits: `urgent`, `normal`, `bulk`, `overflow` or `retries`. None where it does not.

    Raises QueueUnavailable.
    Reads through the queue, a thousand entries at a time so that others get on: some seconds where a million waits.
    """
    for shard in shards_of(redis):
        if (place_and_entry := _find(shard, entry_id)) is not None:
            return place_and_entry
    return None


def _find(redis: Connection, entry_id: UUID) -> tuple[str, Entry] | None:
    wanted = str(entry_id).encode()
    with translated():
        for stream in all_streams(redis):
            start = "-"
            while entries := _entries(redis, stream, start):
                for stream_id, fields in entries:
                    # An entry that was deleted meanwhile has no fields.
                    if fields and fields.get(b"id") == wanted:
                        return kind_of(stream), Entry.from_fields(fields, stream_id)
                start = f"({entries[-1][0].decode()}"
        for member, _ in redis.zscan_iter(RETRIES, count=_AT_A_TIME):
            if wanted in member and (entry := Entry.from_member(member)).id == entry_id:
                return "retries", entry
    return None


def _entries(redis: Connection, stream: str, start: str) -> list[Any]:
    entries: Any = redis.xrange(stream, start, "+", count=_AT_A_TIME)
    return list(entries)
