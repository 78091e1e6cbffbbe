"""One look at how the work goes on, as PostgreSQL sees it."""

from dataclasses import dataclass

from tracker.store.database import Transaction
from tracker.store.leases import SCHEDULER
from tracker.store.queries import fetch_one


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseGauges:
    """`statistics_lag` is in seconds: how long the oldest hit that is stored and not counted has waited, None for none.

    `failed` and `queued` are rows of `batch_queue`, counted up to 100,001. `connections` are those to this database.
    """

    statistics_lag: float | None
    failed: int
    queued: int
    webhooks_active: int
    webhooks_inactive: int
    webhooks_full: int
    deletion_refusals: int
    schedulers: int
    connections: int
    max_connections: int


def gauges(tx: Transaction) -> DatabaseGauges:
    """Look. Costs the same however much is stored."""
    row = fetch_one(tx, "server/gauges", {"lease": SCHEDULER})
    assert row is not None
    return DatabaseGauges(**row)
