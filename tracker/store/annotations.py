"""The table `annotations`: what happened on a day, beside its numbers."""

from datetime import date
from uuid import UUID

from tracker.store.database import Transaction
from tracker.store.queries import Row, fetch_all, fetch_one


def list_rows(tx: Transaction, application_id: UUID, first: date, last: date, *, limit: int) -> list[Row]:
    """Return `id`, `day` and `text` of the notes of some days, the latest first."""
    params = {"application_id": application_id, "first": first, "last": last, "limit": limit}
    return fetch_all(tx, "annotations/list_rows", params)


def insert(tx: Transaction, application_id: UUID, *, day: date, text: str, most: int) -> UUID | None:
    """Add a note and return its id; None where the application has as many as it may have."""
    params = {"application_id": application_id, "day": day, "text": text, "most": most}
    row = fetch_one(tx, "annotations/insert", params)
    return None if row is None else row["id"]


def delete(tx: Transaction, application_id: UUID, annotation_id: UUID) -> Row | None:
    """Take a note away and return what it was, or None where there is none."""
    return fetch_one(tx, "annotations/delete", {"application_id": application_id, "id": annotation_id})
