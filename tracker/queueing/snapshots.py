"""Applications' snapshots in Redis, shared by the receivers: what the last one that asked PostgreSQL saw."""

from typing import Literal

from tracker.queueing.connection import Connection, translated

SnapshotKind = Literal["application", "alias", "key"]
"""What a snapshot goes by: an app_id, a name that others have for the application, the hash of a key."""
_KEPT_SECONDS = 30 * 86400
"""A snapshot that nobody renewed for this long goes; receivers renew those they use every few seconds."""


def _key(name: str, kind: SnapshotKind) -> str:
    return f"tracker:{kind}:{name}"


def get(redis: Connection, name: str, kind: SnapshotKind = "application") -> bytes | None:
    """Return the snapshot as `put` left it, or None. Raises QueueAway."""
    with translated():
        data = redis.get(_key(name, kind))
    return data if isinstance(data, bytes) else None


def put(redis: Connection, name: str, data: bytes, kind: SnapshotKind = "application") -> None:
    """Keep `data` for 30 days. Raises QueueAway."""
    with translated():
        redis.set(_key(name, kind), data, ex=_KEPT_SECONDS)


def drop(redis: Connection, app_id: str) -> None:
    """Forget the snapshot, so that the next receiver asks PostgreSQL. Raises QueueAway."""
    with translated():
        redis.delete(_key(app_id, "application"))
