"""Deleting much, a little at a time, so that nobody waits for it and it may end at any moment."""

import time
from collections.abc import Callable
from typing import Protocol

from tracker.store.database import Database, Transaction

BATCH = 1000
"""Rows a transaction."""
PAUSE = 0.1
"""Seconds between two transactions, in which others get on and the write-ahead log is not flooded."""


class Delete(Protocol):
    """Deletes at most `limit` rows and says how many."""

    def __call__(self, tx: Transaction, /, *, limit: int) -> int: ...


def delete_in_batches(database: Database, delete: Delete, *, should_continue: Callable[[], bool] = lambda: True) -> int:
    """Delete by BATCH until fewer than that are left, or `should_continue` says no; how many."""
    deleted = 0
    while should_continue():
        with database.transaction() as tx:
            batch = delete(tx, limit=BATCH)
        deleted += batch
        if batch < BATCH:
            break
        time.sleep(PAUSE)
    return deleted
