"""Adding entries that were accepted before: those of an import, and those that an operator sends in again.

No limit per minute holds here and no nudge is asked for; an import looks at `waiting` and waits for the workers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from tracker.queueing.connection import Connection, translated
from tracker.queueing.entry import BULK, FIELDS, Entry, stream_of


@dataclass(frozen=True, slots=True)
class Added:
    """Where the last entry stands in its stream, and how many the bulk stream holds now, pending ones included."""

    last_id: bytes
    bulk_waiting: int


def add(redis: Connection, entries: Sequence[Entry]) -> Added:
    """Add one entry or more, each to the stream of its priority, in one round trip.

    Raises QueueAway. Some may have been added then: adding them again does no harm, a hit is stored once.
    """
    with translated(), redis.pipeline(transaction=False) as pipeline:
        for entry in entries:
            fields = chain.from_iterable(zip(FIELDS, entry.to_fields(), strict=True))
            pipeline.execute_command("XADD", stream_of(entry.priority), "*", *fields)  # type: ignore[no-untyped-call]
        pipeline.xlen(BULK)
        answers = pipeline.execute()
    return Added(answers[-2], answers[-1])


def bulk_waiting(redis: Connection) -> int:
    """How many entries the bulk stream holds, pending ones included. Raises QueueAway."""
    with translated():
        return int(redis.xlen(BULK))


def is_bulk_taken(redis: Connection, last_id: bytes) -> bool:
    """Whether nothing that was added up to `last_id` is in the bulk stream any more. Raises QueueAway."""
    with translated():
        oldest: Any = redis.xrange(BULK, "-", last_id, count=1)
    return not oldest
