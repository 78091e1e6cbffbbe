"""Adding entries that were accepted before: of an import, of an operator's retry, of an outage of Redis.

No limit per minute holds here and no worker is woken; an import looks at `waiting` and waits for the workers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any
from uuid import UUID

from tracker.queueing.accept_command import EVENT_SECONDS, event_key
from tracker.queueing.connection import Connection, script, translated
from tracker.queueing.entry import BULK, FIELDS, Entry
from tracker.queueing.overflow import OVERFLOW, OVERFLOWING, all_streams, stream_of_accepted


@dataclass(frozen=True, slots=True)
class Added:
    """Where the last entry stands in its stream, and how many the bulk stream holds now, pending ones included."""

    last_id: bytes
    bulk_waiting: int


def add(redis: Connection, entries: Sequence[Entry]) -> Added:
    """Add one entry or more, in one round trip: of an import to the bulk stream, else to the application's own one.

    Raises QueueUnavailable. Some may have been added then: adding them again does no harm, a hit is stored once.
    """
    streams = [stream_of_accepted(entry) for entry in entries]
    own = {stream: 0 for stream in streams if stream.startswith(OVERFLOW)}
    # A stream of an application's own must stand in the set as soon as it holds anything: all at once or nothing.
    with translated(), redis.pipeline(transaction=bool(own)) as pipeline:
        if own:
            pipeline.zadd(OVERFLOWING, own, nx=True)
        for stream, entry in zip(streams, entries, strict=True):
            fields = chain.from_iterable(zip(FIELDS, entry.to_fields(), strict=True))
            pipeline.execute_command("XADD", stream, "*", *fields)  # type: ignore[no-untyped-call]
        pipeline.xlen(BULK)
        answers = pipeline.execute()
    return Added(answers[-2], answers[-1])


def add_once(redis: Connection, entries: Sequence[Entry], events: Sequence[tuple[UUID, UUID]]) -> int:
    """Add entries that came with an event each (application, event id), unless another hit with that event came first.

    How many were repeats, and were not added. Added again, they are known by their own ids. Raises QueueUnavailable.
    """
    streams = [stream_of_accepted(entry) for entry in entries]
    keys = [OVERFLOWING, *streams, *(event_key(application_id, event_id) for application_id, event_id in events)]
    args: list[Any] = [EVENT_SECONDS]
    for stream, entry in zip(streams, entries, strict=True):
        args += [int(stream.startswith(OVERFLOW)), *entry.to_fields()]
    with translated():
        repeats: Any = script(redis, "add_once")(keys=keys, args=args)
    return int(repeats)


def bulk_waiting(redis: Connection) -> int:
    """Return how many entries the bulk stream holds, pending ones included. Raises QueueUnavailable."""
    with translated():
        return int(redis.xlen(BULK))


def urgent_waiting(redis: Connection) -> int:
    """Return how many entries wait that go before the bulk, pending ones included. Raises QueueUnavailable."""
    with translated(), redis.pipeline(transaction=False) as pipeline:
        for stream in all_streams(redis):
            if stream != BULK:
                pipeline.xlen(stream)
        return sum(pipeline.execute())


def is_bulk_taken(redis: Connection, last_id: bytes) -> bool:
    """Return whether nothing that was added up to `last_id` is in the bulk stream any more. Raises QueueUnavailable."""
    with translated():
        oldest: Any = redis.xrange(BULK, "-", last_id, count=1)
    return not oldest
