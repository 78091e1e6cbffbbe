"""The scheduler's turn: what was appended goes into its hours, and which Redis has the counts is noted."""

from collections.abc import Callable
from typing import Final

from tracker.clock import Clock
from tracker.queueing import ledger_counts
from tracker.queueing.connection import Connection
from tracker.store import ledger
from tracker.store.database import Database

_BATCH_SIZE: Final = 5000


def fold_ledger(
    database: Database, redis: Connection, clock: Clock, *, should_continue: Callable[[], bool] = lambda: True
) -> int:
    """Fold until nothing is left; how many changes. Raises QueueUnavailable and DatabaseUnavailable: the rest waits."""
    epoch = ledger_counts.epoch(redis)
    with database.transaction() as tx:
        ledger.note_epoch(tx, epoch, clock.now())
    total = 0
    while should_continue():
        with database.transaction() as tx:
            folded = ledger.fold_changes(tx, limit=_BATCH_SIZE)
        total += folded
        if folded < _BATCH_SIZE:
            break
    return total
