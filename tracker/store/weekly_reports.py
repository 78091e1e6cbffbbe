"""The table `weekly_reports`: of which weeks the summary was told to webhooks."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from tracker.store.database import Transaction
from tracker.store.queries import execute, fetch_all


def subscribed(tx: Transaction, names: Sequence[str]) -> list[str]:
    """Return the app_ids of those with an active webhook that asks for an event by one of these names."""
    return [row["app_id"] for row in fetch_all(tx, "weekly_reports/subscribed", {"names": list(names)})]


def untold(
    tx: Transaction, application_id: UUID, weeks: Mapping[date, datetime], *, last_week: date, names: Sequence[str]
) -> set[date]:
    """Return which of some weeks, by their first days, are to be told to webhooks that ask for one of these names.

    `weeks` has the end of each.
    That is `last_week` where nobody was told of it, and what was missed of those before it.
    """
    params = {
        "application_id": application_id,
        "weeks": list(weeks),
        "ends": list(weeks.values()),
        "last_week": last_week,
        "names": list(names),
    }
    return {row["week"] for row in fetch_all(tx, "weekly_reports/untold", params)}


def note(tx: Transaction, application_id: UUID, week: date, *, published_at: datetime) -> bool:
    """Note that a week is told, or has nothing to tell; whether nobody had before."""
    params = {"application_id": application_id, "week": week, "published_at": published_at}
    return execute(tx, "weekly_reports/note", params) == 1
