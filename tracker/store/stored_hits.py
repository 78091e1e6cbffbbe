"""Finding hits in `access_logs`: one by its identity, which is its primary key, or the latest of a session."""

from datetime import datetime

from tracker.hit import Hit
from tracker.store.database import Transaction
from tracker.store.queries import fetch_all, fetch_one


def find(tx: Transaction, hit_id: int, created_at: datetime) -> Hit | None:
    """The stored hit, or None where it is not there."""
    row = fetch_one(tx, "access_logs/find", {"id": hit_id, "created_at": created_at})
    return None if row is None else Hit(**row)


def of_session(tx: Transaction, *, app_id: str, session_id: str, since: datetime, limit: int = 100) -> list[Hit]:
    """The session's latest hits since a time, at most `limit`, the oldest of them first."""
    params = {"app_id": app_id, "session_id": session_id, "since": since, "limit": limit}
    return [Hit(**row) for row in reversed(fetch_all(tx, "access_logs/of_session", params))]
