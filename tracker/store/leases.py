"""`leases`: who may do what only one process should be doing, until when by the clock of the database's server."""

from tracker.store.database import Transaction
from tracker.store.queries import execute, fetch_one

SCHEDULER = "scheduler"
"""The lease of whoever runs the turns of tracker/schedule.py."""


def take(tx: Transaction, name: str, *, owner: str, seconds: float) -> bool:
    """Take a lease that nobody holds, or renew ours; whether it is ours for `seconds` from now.

    One statement compares and sets: of two that ask at once the row's lock lets one be the first.
    """
    return fetch_one(tx, "leases/take", {"name": name, "owner": owner, "seconds": seconds}) is not None


def give_back(tx: Transaction, name: str, *, owner: str) -> bool:
    """Let the next one have it at once; False where it was not ours any more."""
    return execute(tx, "leases/give_back", {"name": name, "owner": owner}) == 1


def holder(tx: Transaction, name: str) -> str | None:
    """Return who holds it now."""
    row = fetch_one(tx, "leases/holder", {"name": name})
    return None if row is None else str(row["owner"])
