"""Streams of their own for applications of which more waits than their share of the streams that all share.

Whoever has a batch's worth waiting in the shared streams gets the rest into a stream of its own
(`scripts/accept.lua`), until that one is empty again. The workers serve these streams in turn, so that nobody waits
behind a crowd that is not theirs: docs/decisions/0085-a-crowd-waits-in-a-stream-of-its-own.md.
"""

from typing import Any, Final
from uuid import UUID

import orjson

from tracker.queueing.connection import Connection
from tracker.queueing.entry import BULK, STREAMS, Entry, stream_of
from tracker.queueing.hash_tags import untagged

OVERFLOWING: Final = "tracker:hits:overflowing"
"""A sorted set of the streams below that may hold something; its scores are the order in which they had their turns."""
OVERFLOW: Final = "tracker:hits:overflow:"


def overflow_stream(application_id: UUID) -> str:
    """Return the name of the stream that is the application's own."""
    return f"{OVERFLOW}{application_id}"


def share_key(application_id: UUID) -> str:
    """Return where it is noted what the application has in the streams that all share (`scripts/accept.lua`)."""
    return f"tracker:share:{application_id}"


def overflow_streams(redis: Connection) -> list[str]:
    """Return the streams of their own that may hold something, the one whose turn is next first."""
    names: Any = redis.zrange(OVERFLOWING, 0, -1)
    return [untagged(name.decode()) for name in names]


def all_streams(redis: Connection) -> list[str]:
    """Every stream that may hold an entry: the shared ones, most urgent first, then those of single applications."""
    return [*STREAMS, *overflow_streams(redis)]


def kind_of(stream: str) -> str:
    """Return what people call a stream: `urgent`, `normal`, `bulk`, or `overflow` for one of an application's own."""
    return "overflow" if stream.startswith(OVERFLOW) else stream.rpartition(":")[2]


def stream_of_accepted(entry: Entry) -> str:
    """Return the stream for an entry that was accepted before and comes again, in a crowd maybe.

    It is the application's own, so that the crowd holds nobody else up. The bulk, by whose length an import paces
    itself, stays where it is, and what names no application goes by its priority.
    """
    if stream_of(entry.priority) == BULK:
        return BULK
    application_id = application_of(entry)
    return stream_of(entry.priority) if application_id is None else overflow_stream(application_id)


def application_of(entry: Entry) -> UUID | None:
    """Return which application an entry names, if it names one."""
    try:
        return UUID(orjson.loads(entry.tracking_data)["application_id"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
