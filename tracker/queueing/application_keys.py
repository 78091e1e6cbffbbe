"""What Redis keeps of one application beside hits that wait."""

from uuid import UUID

from tracker.queueing import snapshots
from tracker.queueing.connection import Connection, script, translated
from tracker.queueing.filtered import COUNTS
from tracker.queueing.overflow import OVERFLOWING, overflow_stream, share_key

_AT_A_TIME = 1000


def forget(redis: Connection, application_id: UUID, app_id: str) -> int:
    """Delete what Redis keeps of an application: how many keys of limits, shares and events there were.

    These are its snapshot, its empty stream, what it has used of its limits and shares, the events of the last day, and
    what was counted of it and is not written down yet. Reads through all keys, a thousand at a time. Raises QueueAway.
    """
    snapshots.drop(redis, app_id)
    forgotten = 0
    with translated():
        script(redis, "next_turn")(keys=[OVERFLOWING, overflow_stream(application_id)])
        forgotten += int(redis.unlink(share_key(application_id)))
        for kind in ("usage", "bytes", "event", "values"):
            for key in redis.scan_iter(match=f"tracker:{kind}:{application_id}:*", count=_AT_A_TIME):
                forgotten += int(redis.unlink(key))
        for field, _ in redis.hscan_iter(COUNTS, match=f"*:{application_id}:*", count=_AT_A_TIME):
            redis.hdel(COUNTS, field)
    return forgotten
