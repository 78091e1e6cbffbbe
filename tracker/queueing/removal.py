"""Taking certain entries out of the queue for good, wherever they wait."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from tracker.queueing.connection import Connection, script, translated
from tracker.queueing.consumer import GROUP, RELEASED, RETRIES
from tracker.queueing.entry import Entry
from tracker.queueing.overflow import all_streams
from tracker.queueing.shards import shards_of

SILENT_SECONDS: Final = 60.0
"""A worker renews what it holds every few seconds, and no statement of its takes longer than this."""
_AT_A_TIME = 1000

Predicate = Callable[[Entry], bool]


class OnPart(Protocol):
    """Hears how many entries were just taken out of streams and of retries."""

    def __call__(self, *, streams: int, retries: int) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedEntries:
    """What became of the wanted entries: taken out of streams and of retries, or left in a worker's hands.

    `oldest` is when the first of them was accepted, None where there was none.
    """

    streams: int
    retries: int
    in_hand: int
    oldest: datetime | None


def remove_entries(
    redis: Connection,
    wanted: Predicate,
    *,
    silent_seconds: float = SILENT_SECONDS,
    on_part: OnPart = lambda **_: None,
) -> RemovedEntries:
    """Read through the whole queue, a thousand entries at a time, and take out what is wanted.

    What a worker is writing just now cannot be called back: it is counted as in hand, and is stored or failed soon. The
    retries are read after the streams, so that an entry which is postponed meanwhile is seen in one of them. `on_part`
    hears after each thousand how many of them were taken out, and ends the reading by raising. Raises QueueUnavailable;
    what was taken out then stays out.
    """
    parts = [_remove(shard, wanted, silent_seconds, on_part) for shard in shards_of(redis)]
    return RemovedEntries(
        streams=sum(part.streams for part in parts),
        retries=sum(part.retries for part in parts),
        in_hand=sum(part.in_hand for part in parts),
        oldest=min((part.oldest for part in parts if part.oldest is not None), default=None),
    )


def _remove(redis: Connection, wanted: Predicate, silent_seconds: float, on_part: OnPart) -> RemovedEntries:
    streams = in_hand = 0
    seen: list[datetime] = []
    with translated():
        take_out = script(redis, "remove_entries")
        for stream in all_streams(redis):
            start = "-"
            while entries := _entries(redis, stream, start):
                start = f"({entries[-1][0].decode()}"
                ids = _wanted_ids(entries, wanted, seen)
                taken = held = 0
                if ids:
                    taken, held = take_out(keys=[stream], args=[GROUP, RELEASED, round(silent_seconds * 1000), *ids])
                streams += taken
                in_hand += held
                on_part(streams=taken, retries=0)
        retries = _from_retries(redis, wanted, seen, on_part)
    return RemovedEntries(streams=streams, retries=retries, in_hand=in_hand, oldest=min(seen, default=None))


def count(redis: Connection, wanted: Predicate) -> tuple[int, int]:
    """Return how many wanted entries there are in the streams and in the retries. Raises QueueUnavailable."""
    seen: list[datetime] = []
    retries = 0
    with translated():
        for shard in shards_of(redis):
            for stream in all_streams(shard):
                start = "-"
                while entries := _entries(shard, stream, start):
                    start = f"({entries[-1][0].decode()}"
                    _wanted_ids(entries, wanted, seen)
            members = shard.zscan_iter(RETRIES, count=_AT_A_TIME)
            retries += sum(wanted(Entry.from_member(member)) for member, _ in members)
    return len(seen), retries


def _from_retries(redis: Connection, wanted: Predicate, seen: list[datetime], on_part: OnPart) -> int:
    total: int = 0
    cursor = 0
    while True:
        page: Any = redis.zscan(RETRIES, cursor, count=_AT_A_TIME)
        cursor, members_and_scores = page
        members = []
        for member, _ in members_and_scores:
            entry = Entry.from_member(member)
            if wanted(entry):
                members.append(member)
                seen.append(entry.created_at)
        removed: Any = redis.zrem(RETRIES, *members) if members else 0
        total += removed
        on_part(streams=0, retries=removed)
        if not cursor:
            return total


def _wanted_ids(entries: list[Any], wanted: Predicate, seen: list[datetime]) -> list[bytes]:
    ids = []
    for stream_id, fields in entries:
        # An entry that was deleted meanwhile has no fields.
        entry = Entry.from_fields(fields, stream_id) if fields else None
        if entry is not None and wanted(entry):
            ids.append(stream_id)
            seen.append(entry.created_at)
    return ids


def _entries(redis: Connection, stream: str, start: str) -> list[Any]:
    entries: Any = redis.xrange(stream, start, "+", count=_AT_A_TIME)
    return list(entries)
