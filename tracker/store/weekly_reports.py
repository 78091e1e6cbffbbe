"""The table `weekly_reports`: of which weeks the summary was told to webhooks."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from tracker.store.database import Transaction
from tracker.store.queries import execute, fetch_all, fetch_one


def subscribed(tx: Transaction, names: Sequence[str]) -> list[str]:
    """Return the app_ids of those with an active webhook that asks for an event by one of these names."""
    return [row["app_id"] for row in fetch_all(tx, "weekly_reports/subscribed", {"names": list(names)})]


def has(tx: Transaction, application_id: UUID, week: date) -> bool:
    """Return whether a week was told."""
    row = fetch_one(tx, "weekly_reports/has", {"application_id": application_id, "week": week})
    return row is not None and row["is_told"]


def note(tx: Transaction, application_id: UUID, week: date, *, published_at: datetime) -> bool:
    """Note that a week is told; whether nobody had before."""
    params = {"application_id": application_id, "week": week, "published_at": published_at}
    return execute(tx, "weekly_reports/note", params) == 1
