"""`statistics_periods`: hours and days in which hits were received, each to be completed once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tracker.store.database import Transaction
from tracker.store.queries import fetch_all


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedPeriod:
    """An hour or a day (`hour` is -1) that is complete, with its numbers at this moment."""

    application_id: UUID
    date: date
    hour: int
    total_requests: int
    unique_visitors: int
    unique_sessions: int | None
    """Of days only."""
    custom_param_stats: Mapping[str, Any] | None


def complete(tx: Transaction, *, settled_until: datetime, now: datetime) -> list[CompletedPeriod]:
    """Complete the periods that ended before `settled_until` and wait for nothing more; each is returned once ever.

    `settled_until`: whatever was received before this time has left the queue.
    """
    rows = fetch_all(tx, "statistics_periods/complete", {"settled_until": settled_until, "now": now})
    return [CompletedPeriod(**row) for row in rows]
