"""Adding entries that were accepted before: of an import, of an operator's retry, of an outage of Redis.

No limit per minute holds here and no worker is woken; an import looks at `waiting` and waits for the workers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple
from uuid import UUID

from tracker.queueing.accept_command import EVENT_SECONDS, event_key
from tracker.queueing.connection import Connection, script, translated
from tracker.queueing.entry import BULK, FIELDS, Entry
from tracker.queueing.overflow import OVERFLOW, OVERFLOWING, all_streams, application_of, stream_of_accepted
from tracker.queueing.shards import shard_number, shards_of


class BulkPlace(NamedTuple):
    """Where an entry stands: its id in the bulk stream of a shard."""

    shard: int
    stream_id: bytes


@dataclass(frozen=True, slots=True)
class Added:
    """Where the last entry stands in its stream, and how many its bulk stream holds now, pending ones included."""

    last: BulkPlace
    bulk_waiting: int


def add(redis: Connection, entries: Sequence[Entry]) -> Added:
    """Add one entry or more, in one round trip a shard: of an import to the bulk stream, else to the application's own.

    Raises QueueUnavailable. Some may have been added then: adding them again does no harm, a hit is stored once.
    """
    shards = shards_of(redis)
    by_shard: dict[int, list[Entry]] = {}
    for entry in entries:
        number = shard_number(application_of(entry), len(shards)) if len(shards) > 1 else 0
        by_shard.setdefault(number, []).append(entry)
    with translated():
        added = {number: _add(shards[number], of_shard) for number, of_shard in by_shard.items()}
    number = list(added)[-1]
    last_id, bulk_waiting = added[number]
    return Added(BulkPlace(number, last_id), bulk_waiting)


def _add(shard: Connection, entries: Sequence[Entry]) -> tuple[bytes, int]:
    streams = [stream_of_accepted(entry) for entry in entries]
    overflowing = {stream: 0 for stream in streams if stream.startswith(OVERFLOW)}
    # A stream of an application's own must stand in the set as soon as it holds anything: all at once or nothing.
    with shard.pipeline(transaction=bool(overflowing)) as pipeline:
        if overflowing:
            pipeline.zadd(OVERFLOWING, overflowing, nx=True)
        for stream, entry in zip(streams, entries, strict=True):
            fields = chain.from_iterable(zip(FIELDS, entry.to_fields(), strict=True))
            pipeline.execute_command("XADD", stream, "*", *fields)  # type: ignore[no-untyped-call]
        pipeline.xlen(BULK)
        answers = pipeline.execute()
    return answers[-2], answers[-1]


def add_once(redis: Connection, entries: Sequence[Entry], events: Sequence[tuple[UUID, UUID]]) -> int:
    """Add entries that came with an event each (application, event id), unless another hit with that event came first.

    How many were repeats, and were not added. Added again, they are known by their own ids. Raises QueueUnavailable.
    """
    shards = shards_of(redis)
    by_shard: dict[int, list[tuple[Entry, tuple[UUID, UUID]]]] = {}
    for entry, event in zip(entries, events, strict=True):
        by_shard.setdefault(shard_number(event[0], len(shards)), []).append((entry, event))
    with translated():
        return sum(_add_once(shards[number], of_shard) for number, of_shard in by_shard.items())


def _add_once(shard: Connection, entries: Sequence[tuple[Entry, tuple[UUID, UUID]]]) -> int:
    streams = [stream_of_accepted(entry) for entry, _ in entries]
    keys = [OVERFLOWING, *streams, *(event_key(application_id, event_id) for _, (application_id, event_id) in entries)]
    args: list[Any] = [EVENT_SECONDS]
    for stream, (entry, _) in zip(streams, entries, strict=True):
        args += [int(stream.startswith(OVERFLOW)), *entry.to_fields()]
    repeats: Any = script(shard, "add_once")(keys=keys, args=args)
    return int(repeats)


def bulk_waiting(redis: Connection) -> int:
    """Return how many entries the bulk streams hold, pending ones included. Raises QueueUnavailable."""
    with translated():
        return sum(int(shard.xlen(BULK)) for shard in shards_of(redis))


def urgent_waiting(redis: Connection) -> int:
    """Return how many entries wait that go before the bulk, pending ones included. Raises QueueUnavailable."""
    with translated():
        return sum(_urgent_waiting(shard) for shard in shards_of(redis))


def _urgent_waiting(shard: Connection) -> int:
    with shard.pipeline(transaction=False) as pipeline:
        for stream in all_streams(shard):
            if stream != BULK:
                pipeline.xlen(stream)
        return sum(pipeline.execute())


def is_bulk_taken(redis: Connection, last: BulkPlace) -> bool:
    """Return whether nothing that was added up to `last` is in its bulk stream any more. Raises QueueUnavailable."""
    with translated():
        oldest: Any = shards_of(redis)[last.shard].xrange(BULK, "-", last.stream_id, count=1)
    return not oldest
