"""`archived_days`: days whose files were compared with their rows before these are dropped."""

from datetime import date
from uuid import UUID

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


def note_hits(tx: Transaction, day: FactsDay) -> bool:
    """Note that all columns of a day's hits are kept; False where these are more or fewer than its facts were."""
    return bool(execute(tx, "archived_days/note_hits", {"application_id": day[0], "date": day[1]}))


def forget(tx: Transaction, day: FactsDay) -> None:
    """Forget that a day was compared with its rows."""
    execute(tx, "archived_days/forget", {"application_id": day[0], "date": day[1]})


def expire(tx: Transaction, application_id: UUID, before: date) -> int:
    """Take the archived days of an application before a day out of what is kept; how many facts they held."""
    [row] = fetch_all(tx, "archived_days/expire", {"application_id": application_id, "before": before})
    return int(row["facts"])


def _days(month: Month) -> dict[str, object]:
    first, last = month.days
    return {"first": first, "last": last}
