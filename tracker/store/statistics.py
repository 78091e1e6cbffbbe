"""`hourly_statistics` and `daily_statistics` (specification 2.5), and what they have counted already (ruling 11)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tracker.store.database import Transaction
from tracker.store.queries import fetch_all


@dataclass(frozen=True, slots=True)
class Added:
    """What one statement has folded."""

    increments: int
    hits: int


def fold(tx: Transaction, increments: Sequence[int], now: datetime) -> Added:
    """Take these increments, whose days this transaction has locked, and add them to hours and days.

    Those that are gone already were folded by who held their day before: they are passed over.
    """
    [row] = fetch_all(tx, "statistics/fold", {"ids": list(increments), "now": now})
    return Added(row["increments"], row["hits"])
