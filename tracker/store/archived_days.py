"""`archived_days`: days whose files were compared with their rows before these are dropped."""

from datetime import timedelta

from tracker.store.database import Transaction
from tracker.store.facts_marks import FactsDay
from tracker.store.partitions import Month
from tracker.store.queries import execute, fetch_all


def note(tx: Transaction, day: FactsDay, *, hits: int, facts_id: int) -> None:
    """Note that the facts of a day, up to this file, were found to be what its rows say."""
    params = {"application_id": day[0], "date": day[1], "hits": hits, "facts_id": facts_id}
    execute(tx, "archived_days/note", params)


def stale(tx: Transaction, month: Month, *, has_hits: bool) -> list[FactsDay]:
    """Return the days of a month that are not archived as they are now."""
    rows = fetch_all(tx, "archived_days/stale", {**_days(month), "has_hits": has_hits})
    return [(row["application_id"], row["date"]) for row in rows]


def noted(tx: Transaction, month: Month) -> set[FactsDay]:
    """Return the days of a month that were compared."""
    rows = fetch_all(tx, "archived_days/noted", _days(month))
    return {(row["application_id"], row["date"]) for row in rows}


def _days(month: Month) -> dict[str, object]:
    return {"first": month.start.date(), "last": (month.plus(1).start - timedelta(days=1)).date()}
