"""All rows of one application, a few at a time, and at last its own."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import orjson

from tracker.store import batch_queue_events, facts_marks
from tracker.store.access_logs import HitIdentity
from tracker.store.database import Transaction
from tracker.store.person_rows import Person
from tracker.store.queries import Jsonb, execute, fetch_all


def hits_between(
    tx: Transaction, owner: Person, start: datetime, end: datetime, *, limit: int
) -> Sequence[HitIdentity]:
    """Some hits between two times; fewer than `limit` are all."""
    rows = fetch_all(tx, "access_logs/hits_between", {**_names(owner), "start": start, "end": end, "limit": limit})
    return [(row["id"], row["created_at"]) for row in rows]


def delete_sessions(tx: Transaction, owner: Person, *, limit: int) -> int:
    """Delete some sessions; how many."""
    return execute(tx, "sessions/delete_sessions", {**_names(owner), "limit": limit})


def delete_queued(tx: Transaction, owner: Person, *, limit: int) -> list[datetime]:
    """Delete some rows of `batch_queue`; when each was accepted."""
    given = {**_names(owner), "quoted": orjson.dumps(owner.app_id).decode(), "limit": limit}
    return [row["created_at"] for row in fetch_all(tx, "batch_queue/delete_queued", given)]


def delete_deliveries(tx: Transaction, owner: Person, *, limit: int) -> int:
    """Delete some webhook deliveries; how many."""
    return execute(tx, "webhook_deliveries/delete_deliveries", {**_names(owner), "limit": limit})


def counted_extent(tx: Transaction) -> tuple[date, date] | None:
    """Return the first and the last day that have statistics, of all applications; None where none has."""
    [row] = fetch_all(tx, "statistics/counted_extent")
    return None if row["first"] is None else (row["first"], row["last"])


def delete_statistics(tx: Transaction, owner: Person, day: date) -> int:
    """Delete the statistics of a day that this transaction has locked; whether there were any, as a number."""
    [row] = fetch_all(tx, "statistics/delete_statistics", {**_names(owner), "date": day})
    return int(row["days"])


def increments_waiting(tx: Transaction, owner: Person) -> bool:
    """Return whether anything waits to be counted."""
    [row] = fetch_all(tx, "statistics_increments/increments_waiting", _names(owner))
    return bool(row["waiting"])


def remove(tx: Transaction, owner: Person, counts: Mapping[str, int]) -> None:
    """Remove the application's own row, with keys, settings, definitions, webhooks and what the audit log says of them.

    There it stays that it was purged, by whose order, and how much went. Raises Unstorable where hits were stored or
    counted meanwhile.
    """
    batch_queue_events.forget(tx, owner.application_id)
    facts_marks.delete_of_application(tx, owner.application_id)
    execute(tx, "audit_log/remove", _names(owner))
    execute(tx, "audit_log/remove_counts", {**_names(owner), "counts": Jsonb(dict(counts))})
    execute(tx, "applications/remove", _names(owner))


def _names(owner: Person) -> dict[str, object]:
    return {"application_id": owner.application_id, "app_id": owner.app_id}
