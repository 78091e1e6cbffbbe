"""How far the queue is worked off: what was added before a time has left it, stored or failed."""

from datetime import datetime, timedelta
from typing import Final

from tracker.hit import EPOCH
from tracker.queueing.claims import RETRIES
from tracker.queueing.connection import Connection, translated
from tracker.queueing.entry import Entry
from tracker.queueing.overflow import all_streams

GRACE: Final = timedelta(seconds=15)
"""For what a receiver has stamped and not yet handed over (time-outs of Redis included), and for clocks apart."""
_RETRIES_LOOKED_AT: Final = 1000
"""Retries are few. Where more wait, something is wrong with the database, and nothing counts as worked off."""


def settled_until(redis: Connection, now: datetime) -> datetime:
    """The latest time before which nothing was added that still waits, is being written, or is to be tried again.

    `now` is the caller's clock; ages in the streams are taken from the server's own. An entry that was received
    earlier than it was added (it waited in `batch_queue`) counts from when it was added, a retry from when it was
    received. Raises QueueAway.
    """
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
    return min([now, *oldest, *(Entry.from_member(member).created_at for member in retries)])
