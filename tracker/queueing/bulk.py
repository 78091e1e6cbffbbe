"""Adding many entries at once to the bulk stream: for imports, which have no rate limit but wait for the workers."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from tracker.queueing.connection import Connection, translated
from tracker.queueing.entry import BULK, FIELDS, Entry


@dataclass(frozen=True, slots=True)
class Added:
    """Where the last entry stands in the stream, and how many the stream holds now, those being worked on included."""

    last_id: bytes
    waiting: int


def add(redis: Connection, entries: Sequence[Entry]) -> Added:
    """Add one entry or more in one round trip. Raises QueueAway; some may have been added then, which does no harm."""
    with translated(), redis.pipeline(transaction=False) as pipeline:
        for entry in entries:
            fields = chain.from_iterable(zip(FIELDS, entry.to_fields(), strict=True))
            pipeline.execute_command("XADD", BULK, "*", *fields)  # type: ignore[no-untyped-call]
        pipeline.xlen(BULK)
        answers = pipeline.execute()
    return Added(answers[-2], answers[-1])


def waiting(redis: Connection) -> int:
    """How many entries the bulk stream holds. Raises QueueAway."""
    with translated():
        return int(redis.xlen(BULK))


def is_taken(redis: Connection, last_id: bytes) -> bool:
    """Whether nothing that was added up to `last_id` is in the stream any more. Raises QueueAway."""
    with translated():
        oldest: Any = redis.xrange(BULK, "-", last_id, count=1)
    return not oldest
