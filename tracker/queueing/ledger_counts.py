"""What Redis says for the ledger: how many hits were accepted, and how many of them wait there still."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4, uuid5

from tracker.queueing.connection import Connection, translated
from tracker.queueing.consumer import RETRIES
from tracker.queueing.entry import BULK, MAX_IMPORTED_PRIORITY, NORMAL, URGENT, Entry
from tracker.queueing.filtered import COUNTS, TAKEN, TIMES_TAKEN
from tracker.queueing.hash_tags import untagged
from tracker.queueing.inspection import depths
from tracker.queueing.overflow import OVERFLOWING, kind_of
from tracker.queueing.shards import shards_of

ACCEPTED: Final = b":accepted"
_AT_A_TIME: Final = 1000
_EPOCH: Final = "tracker:ledger:epoch"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLedger:
    """At one moment: hits accepted and not yet written into the ledger, those moved aside under a name, what waits.

    `waiting` leaves out what is imported; `pending` are in a worker's hands.
    """

    accepted: int
    moved_aside: Mapping[UUID, int]
    times_taken: int
    waiting: int
    pending: int

    @property
    def is_quiet(self) -> bool:
        """Return whether the tables know of everything that was accepted, and nothing of it waits here."""
        return not (self.accepted or self.moved_aside or self.waiting)


def look(redis: Connection) -> QueueLedger:
    """Look at everything, a whole shard at once. Raises QueueUnavailable."""
    with translated():
        return _sum_of([_look(shard) for shard in shards_of(redis)])


def _sum_of(parts: Sequence[QueueLedger]) -> QueueLedger:
    return QueueLedger(
        accepted=sum(part.accepted for part in parts),
        moved_aside={name: hits for part in parts for name, hits in part.moved_aside.items()},
        times_taken=sum(part.times_taken for part in parts),
        waiting=sum(part.waiting for part in parts),
        pending=sum(part.pending for part in parts),
    )


def _look(redis: Connection) -> QueueLedger:
    streams: list[str] = []
    answers: list[Any] = []
    while not answers or set(streams) != _streams(answers[0]):
        # Another stream may have been begun since the last look, and would be left out.
        streams = sorted(_streams(answers[0])) if answers else [URGENT, NORMAL]
        with redis.pipeline(transaction=True) as pipeline:
            pipeline.zrange(OVERFLOWING, 0, -1)
            pipeline.hgetall(COUNTS)
            pipeline.hgetall(TAKEN)
            pipeline.get(TIMES_TAKEN)
            pipeline.zrange(RETRIES, 0, -1)
            for stream in streams:
                pipeline.xlen(stream)
            answers = pipeline.execute()
    _, counts, aside, times_taken, retries, *lengths = answers
    pending = sum(depth.pending for depth in depths(redis) if depth.name != kind_of(BULK))
    in_bulk = _received_in_bulk(redis)
    name = aside.pop(b"id", None)
    received = [member for member in retries if not Entry.from_member(member).is_imported]
    return QueueLedger(
        accepted=_accepted(counts),
        moved_aside={} if name is None else {UUID(name.decode()): _accepted(aside)},
        times_taken=int(times_taken or 0),
        waiting=sum(lengths) + len(received) + in_bulk,
        pending=pending,
    )


def epoch(redis: Connection) -> UUID:
    """Return the mark of the present data: another one where Redis, or any shard, has lost those that it had.

    Raises QueueUnavailable.
    """
    with translated():
        marks = [_epoch(shard) for shard in shards_of(redis)]
    return marks[0] if len(marks) == 1 else uuid5(marks[0], " ".join(map(str, marks)))


def _epoch(shard: Connection) -> UUID:
    new = str(uuid4())
    present: Any = shard.set(_EPOCH, new, nx=True, get=True)
    return UUID(new if present is None else present.decode())


def _streams(overflowing: list[bytes]) -> set[str]:
    """Return the streams in which received hits wait; `overflowing` are those of single applications."""
    return {URGENT, NORMAL, *(untagged(stream.decode()) for stream in overflowing)}


def _accepted(fields: dict[bytes, bytes]) -> int:
    total = 0
    for field, hits in fields.items():
        if field.endswith(ACCEPTED):
            with contextlib.suppress(ValueError):
                total += int(hits)
    return total


def _received_in_bulk(redis: Connection) -> int:
    """Return how many entries of the bulk stream were received; imports, which go there, keep it short."""
    received, start = 0, "-"
    while entries := _entries(redis, start):
        start = f"({entries[-1][0].decode()}"
        received += sum(int(fields[b"priority"]) > MAX_IMPORTED_PRIORITY for _, fields in entries)
    return received


def _entries(redis: Connection, start: str) -> list[Any]:
    entries: Any = redis.xrange(BULK, start, count=_AT_A_TIME)
    return list(entries)
