"""Applications' snapshots in Redis, shared by the receivers: what the last one that asked PostgreSQL saw."""

from typing import Literal
from uuid import UUID

from tracker.queueing.connection import Connection, script, translated
from tracker.queueing.filtered import COUNTS
from tracker.queueing.overflow import OVERFLOWING, overflow_stream, share_key
from tracker.queueing.shards import shard_of

SnapshotKind = Literal["application", "alias", "key"]
"""What a snapshot goes by: an app_id, a name that others have for the application, the hash of a key."""
_KEPT_SECONDS = 30 * 86400
"""A snapshot that nobody renewed for this long goes; receivers renew those they use every few seconds."""
_KEYS_AT_ONCE = 1000


def _key(name: str, kind: SnapshotKind) -> str:
    return f"tracker:{kind}:{name}"


def get(redis: Connection, name: str, kind: SnapshotKind = "application") -> bytes | None:
    """Return the snapshot as `put` left it, or None. Raises QueueUnavailable."""
    with translated():
        data = redis.get(_key(name, kind))
    return data if isinstance(data, bytes) else None


def put(redis: Connection, name: str, data: bytes, kind: SnapshotKind = "application") -> None:
    """Keep `data` for 30 days. Raises QueueUnavailable."""
    with translated():
        redis.set(_key(name, kind), data, ex=_KEPT_SECONDS)


def drop(redis: Connection, app_id: str) -> None:
    """Forget the snapshot, so that the next receiver asks PostgreSQL. Raises QueueUnavailable."""
    with translated():
        redis.delete(_key(app_id, "application"))


def forget_application(redis: Connection, application_id: UUID, app_id: str) -> int:
    """Delete what Redis keeps of an application: how many keys of limits, shares and events there were.

    These are its snapshot, its empty stream, what it has used of its limits and shares, the events of the last day, and
    what was counted of it and is not written down yet. Reads through all keys, a thousand at a time. Raises
    QueueUnavailable.
    """
    drop(redis, app_id)
    forgotten = 0
    shard = shard_of(redis, application_id)
    with translated():
        script(shard, "next_turn")(keys=[OVERFLOWING, overflow_stream(application_id)])
        forgotten += int(shard.unlink(share_key(application_id)))
        for kind in ("usage", "bytes", "event", "values"):
            for key in shard.scan_iter(match=f"tracker:{kind}:{application_id}:*", count=_KEYS_AT_ONCE):
                forgotten += int(shard.unlink(key))
        for field, _ in shard.hscan_iter(COUNTS, match=f"*:{application_id}:*", count=_KEYS_AT_ONCE):
            shard.hdel(COUNTS, field)
    return forgotten
