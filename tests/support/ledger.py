"""The ledger as tests look at it."""

from datetime import UTC, datetime
from typing import Any

from tracker.application import Application
from tracker.clock import SystemClock
from tracker.ingest import filtered
from tracker.ledger import balance as ledger_balance
from tracker.ledger.balance import Balance
from tracker.ledger.folding import fold_ledger
from tracker.queueing.accept_command import Offer
from tracker.queueing.connection import Connection
from tracker.queueing.producer import Producer
from tracker.stats.fold import fold
from tracker.store.database import Database

CLOCK = SystemClock()


def look(database: Database, redis: Connection) -> Balance:
    return ledger_balance.balance(database, redis, CLOCK, sleep=lambda _: None)


def counts(balance: Balance) -> dict[str, int]:
    """What is not 0."""
    names = ("accepted", "stored", "repeated", "failed", "discarded", "erased", "waiting", "lost", "surplus")
    return {name: getattr(balance, name) for name in names if getattr(balance, name)}


def write_down(database: Database, redis: Connection) -> None:
    """Bring everything into its hours."""
    filtered.fold_now(redis, database, CLOCK)
    fold(database, CLOCK)
    fold_ledger(database, redis, CLOCK)


def offer(redis: Connection, application: Application, *entries: Any) -> None:
    Producer(redis, queue_limit=10_000).enqueue(Offer(application, entries, datetime.now(UTC), is_limited=False))
