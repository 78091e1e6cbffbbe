"""The table `segments`: filters of an application's traffic that are chosen together, under a name."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from tracker.store.database import Transaction
from tracker.store.queries import Jsonb, execute, fetch_all, fetch_one


@dataclass(frozen=True, slots=True)
class Segment:
    """Saved filters: values by their names, as an address of the dashboard has them."""

    id: UUID
    name: str
    filters: Mapping[str, str]


def list_rows(tx: Transaction, application_id: UUID) -> list[Segment]:
    """Return an application's saved filters, the oldest first."""
    rows = fetch_all(tx, "segments/list_rows", {"application_id": application_id})
    return [Segment(row["id"], row["name"], row["filters"]) for row in rows]


def insert(tx: Transaction, application_id: UUID, *, name: str, filters: Mapping[str, str]) -> UUID:
    """Add saved filters and return their id."""
    params = {"application_id": application_id, "name": name, "filters": Jsonb(dict(filters))}
    row = fetch_one(tx, "segments/insert", params)
    assert row is not None
    segment_id: UUID = row["id"]
    return segment_id


def delete(tx: Transaction, application_id: UUID, segment_id: UUID) -> None:
    """Take saved filters away."""
    execute(tx, "segments/delete", {"application_id": application_id, "id": segment_id})
