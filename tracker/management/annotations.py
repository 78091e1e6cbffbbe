"""Notes on days: what happened, beside the numbers."""

from datetime import date
from typing import Any
from uuid import UUID

from tracker.errors import conflict, invalid, not_found
from tracker.management.audit import COMMAND, Actor, note
from tracker.management.known_application import known, locked
from tracker.management.names import id_of
from tracker.store import annotations
from tracker.store.database import Database
from tracker.visible_text import is_visible

MAX_TEXT_LENGTH = 500
MAX_ANNOTATIONS = 1000
MAX_SHOWN = 100


def list_(database: Database, app_id: str, first: date, last: date) -> list[dict[str, Any]]:
    """Return `id`, `day` and `text` of the notes of some days, the latest first. Raises Refused."""
    with database.transaction() as tx:
        return annotations.list_rows(tx, known(tx, app_id).id, first, last, limit=MAX_SHOWN)


def create(database: Database, app_id: str, *, day: date, text: str, by: Actor = COMMAND) -> UUID:
    """Add a note and return its id. Raises Refused."""
    text = text.strip()
    if not 1 <= len(text) <= MAX_TEXT_LENGTH or not is_visible(text):
        reason = f"A note needs 1 to {MAX_TEXT_LENGTH} characters."
        raise invalid(reason, text=[reason])
    with database.transaction() as tx:
        application = locked(tx, app_id)
        annotation_id = annotations.insert(tx, application.id, day=day, text=text, most=MAX_ANNOTATIONS)
        if annotation_id is None:
            raise conflict(f"An application has at most {MAX_ANNOTATIONS} notes: take another away first.")
        note(tx, by, application, "annotation.created", str(annotation_id), after={"day": day, "text": text})
    return annotation_id


def delete(database: Database, app_id: str, annotation_id: str, *, by: Actor = COMMAND) -> None:
    """Take a note away. Raises Refused where there is none."""
    with database.transaction() as tx:
        application = locked(tx, app_id)
        gone = annotations.delete(tx, application.id, id_of(annotation_id, "note"))
        if gone is None:
            raise not_found("The application has no such note.")
        note(tx, by, application, "annotation.deleted", annotation_id, before=gone)
