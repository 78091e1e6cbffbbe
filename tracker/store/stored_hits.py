"""Finding one hit in `access_logs` by its identity, which is its primary key in its own month."""

from datetime import datetime

from tracker.hit import Hit
from tracker.store.database import Transaction
from tracker.store.queries import fetch_one


def find(tx: Transaction, hit_id: int, created_at: datetime) -> Hit | None:
    """The stored hit, or None where it is not there."""
    row = fetch_one(tx, "access_logs/find", {"id": hit_id, "created_at": created_at})
    return None if row is None else Hit(**row)
