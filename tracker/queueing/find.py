"""Looking for one entry that waits somewhere in the queue."""

from typing import Any
from uuid import UUID

from tracker.queueing.claims import RETRIES
from tracker.queueing.connection import Connection, translated
from tracker.queueing.entry import Entry
from tracker.queueing.overflow import all_streams, kind_of

_AT_A_TIME = 1000


def find(redis: Connection, entry_id: UUID) -> tuple[str, Entry] | None:
    """The entry and where it waits: `urgent`, `normal`, `bulk`, `overflow` or `retries`. None where it does not.

    Raises QueueAway.
    Reads through the queue, a thousand entries at a time so that others get on: some seconds where a million waits.
    """
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
    found: Any = redis.xrange(stream, start, "+", count=_AT_A_TIME)
    return list(found)
