"""Applications' snapshots in Redis, shared by the receivers: what the last one that asked PostgreSQL saw."""

from tracker.queueing.connection import Connection, translated

_KEPT_SECONDS = 30 * 86400
"""A snapshot that nobody renewed for this long goes; receivers renew those they use every few seconds."""


def _key(app_id: str) -> str:
    return f"tracker:application:{app_id}"


def get(redis: Connection, app_id: str) -> bytes | None:
    """The snapshot as `put` left it, or None. Raises QueueAway."""
    with translated():
        data = redis.get(_key(app_id))
    return data if isinstance(data, bytes) else None


def put(redis: Connection, app_id: str, data: bytes) -> None:
    """Keep `data` for 30 days. Raises QueueAway."""
    with translated():
        redis.set(_key(app_id), data, ex=_KEPT_SECONDS)


def drop(redis: Connection, app_id: str) -> None:
    """Forget the snapshot, so that the next receiver asks PostgreSQL. Raises QueueAway."""
    with translated():
        redis.delete(_key(app_id))
