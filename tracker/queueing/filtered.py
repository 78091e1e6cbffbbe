"""Counts of hits that were left out or accepted, between the receivers and whoever writes them to a table.

One hash, `tracker:filtered`, counts by hour, application and reason. To be written it is first moved aside and named,
so that what is counted meanwhile goes into a new one, and so that whoever finds it after an interruption knows whether
it was written: the name is written in the same transaction.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from tracker.queueing.connection import Connection, script, translated
from tracker.queueing.shards import shard_of, shards_of

COUNTS: Final = "tracker:filtered"
TAKEN: Final = "tracker:filtered:taken"
TIMES_TAKEN: Final = "tracker:filtered:times_taken"
_TURN: Final = "tracker:filtered:turn"
_TURN_SECONDS = 60
_HOUR = 3600
_MAX_COUNT: Final = 1 << 53


@dataclass(frozen=True, slots=True)
class FilteredHits:
    """How many hits of an application were left out in an hour (its beginning, UTC) for a reason."""

    application_id: UUID
    hour: datetime
    reason: str
    hits: int


@dataclass(frozen=True, slots=True)
class Taken:
    """Counts that were moved aside, and their name."""

    id: UUID
    counts: tuple[FilteredHits, ...]


def field_of(application_id: UUID | str, reason: str, now: datetime) -> str:
    """Return the field of the hash that counts a hit of now."""
    return f"{int(now.timestamp()) // _HOUR * _HOUR}:{application_id}:{reason}"


def application_in(field: str) -> UUID:
    """Return the application that a field of the hash counts."""
    return UUID(field.split(":")[1])


def is_due(redis: Connection) -> bool:
    """Return whether there are counts, and nobody has looked at them for a minute. Raises QueueUnavailable."""
    with translated():
        return not redis.exists(_TURN) and any(shard.exists(COUNTS, TAKEN) for shard in shards_of(redis))


def claim_turn(redis: Connection) -> bool:
    """Return whether it is the caller's turn to look: one a minute, whoever asks. Raises QueueUnavailable."""
    with translated():
        return bool(redis.set(_TURN, "1", nx=True, ex=_TURN_SECONDS))


def take(shard: Connection) -> Taken | None:
    """Return a shard's counts that were moved aside and never forgotten, else those that stand there now, or None.

    Raises QueueUnavailable.
    """
    with translated():
        answer: Any = script(shard, "take_filtered")(keys=[COUNTS, TAKEN, TIMES_TAKEN], args=[str(uuid4())])
    fields = dict(zip(answer[::2], answer[1::2], strict=True))
    name = fields.pop(b"id", None)
    return None if name is None else Taken(UUID(name.decode()), tuple(_read(fields)))


def not_stored_yet(redis: Connection, application_id: UUID) -> list[FilteredHits]:
    """Return an application's counts that stand only here. Raises QueueUnavailable."""
    fields: dict[bytes, bytes] = {}
    shard = shard_of(redis, application_id)
    with translated():
        for key in (COUNTS, TAKEN):
            # Both keys may have a field: the older count and what was added since.
            for field, hits in shard.hscan_iter(key, match=f"*:{application_id}:*", count=1000):
                fields[field] = b"%d" % (int(fields.get(field, 0)) + int(hits))
    return _read(fields)


def forget(shard: Connection, taken: Taken) -> None:
    """Called when they are written. Raises QueueUnavailable."""
    with translated():
        script(shard, "forget_filtered")(keys=[TAKEN], args=[str(taken.id)])


def _read(fields: Mapping[bytes, bytes]) -> list[FilteredHits]:
    counts = []
    for field, hits in fields.items():
        # Another version of this program may have written another form, and others what no table takes: that is passed
        # over.
        with contextlib.suppress(ValueError, OverflowError):
            hour, application_id, reason = field.decode().split(":")
            time, number = datetime.fromtimestamp(int(hour), UTC), int(hits)
            if "\0" not in reason and abs(number) < _MAX_COUNT:
                counts.append(FilteredHits(UUID(application_id), time, reason, number))
    return counts
