"""`batch_queue_events`: by which `event_id` a hit that the receiver kept while Redis was unavailable is known again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tracker.store.database import Transaction
from tracker.store.queries import execute, fetch_all

KNOWN_FOR = timedelta(hours=24)
"""As long as Redis knows an event."""


@dataclass(frozen=True, slots=True)
class KeptEvent:
    """An event of an application."""

    application_id: UUID
    event_id: UUID


def first_hits(tx: Transaction, application_id: UUID, events: Mapping[UUID, UUID], now: datetime) -> dict[UUID, UUID]:
    """Note events with the tracking ids of their hits; for each the tracking id that it came with first.

    Whoever asks about the same event at once waits until this transaction ends.
    """
    params = {
        "application_id": application_id,
        "event_ids": list(events),
        "tracking_ids": list(events.values()),
        "now": now,
        "too_old": now - KNOWN_FOR,
    }
    execute(tx, "batch_queue_events/first_hits_note", params)
    rows = fetch_all(tx, "batch_queue_events/first_hits", {"application_id": application_id, "event_ids": list(events)})
    return {row["event_id"]: row["tracking_id"] for row in rows}


def of_hits(tx: Transaction, tracking_ids: Sequence[UUID]) -> dict[UUID, KeptEvent]:
    """Return the events of those hits that came with one."""
    rows = fetch_all(tx, "batch_queue_events/of_hits", {"tracking_ids": list(tracking_ids)})
    return {row["tracking_id"]: KeptEvent(row["application_id"], row["event_id"]) for row in rows}


def delete_old(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Forget the oldest of the events that were noted before a time; how many."""
    return execute(tx, "batch_queue_events/delete_old", {"before": before, "limit": limit})


def forget(tx: Transaction, application_id: UUID) -> None:
    """Forget the events of an application."""
    execute(tx, "batch_queue_events/forget", {"application_id": application_id})
