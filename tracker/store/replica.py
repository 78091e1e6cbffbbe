"""How far a replica, which statistics are read from, is behind its primary."""

from tracker.store.database import Database, Transaction
from tracker.store.queries import fetch_one


def lag(primary: Database, reading: Database) -> float | None:
    """Return how many seconds `reading` is behind; None where it leads to no replica. Raises TrackerError.

    What a replica has replayed says little where nothing is written: it is compared with the primary's position.
    """
    with primary.transaction() as tx:
        written = position(tx)
    if written is None:
        return None
    with reading.snapshot() as tx:
        return seconds_behind(tx, written)


def position(tx: Transaction) -> str | None:
    """Return up to where the log of a primary goes; None of a server that is none."""
    row = fetch_one(tx, "replica/position")
    return None if row is None else row["position"]


def seconds_behind(tx: Transaction, written: str) -> float | None:
    """Return how long ago a replica was there; None of what is no replica."""
    row = fetch_one(tx, "replica/seconds_behind", {"position": written})
    return None if row is None else row["seconds"]
