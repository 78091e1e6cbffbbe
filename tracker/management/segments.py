"""Saved filters of an application: made, listed, taken away."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from tracker.errors import conflict, invalid, not_found
from tracker.management.audit import COMMAND, Actor, note
from tracker.management.known_application import known, locked
from tracker.management.names import id_of, name_of
from tracker.store import segments
from tracker.store.database import Database
from tracker.store.segments import Segment

MAX_SEGMENTS: Final = 20


def list_(database: Database, app_id: str) -> list[Segment]:
    """Return an application's saved filters, the oldest first. Raises Refused for an unknown application."""
    with database.transaction() as tx:
        return segments.list_rows(tx, known(tx, app_id).id)


def create(database: Database, app_id: str, *, name: str, filters: Mapping[str, str], by: Actor = COMMAND) -> UUID:
    """Save filters, values by names that the caller has checked, and return their id. Raises Refused."""
    called = name_of(name)
    if not filters:
        reason = "Choose at least one filter to save."
        raise invalid(reason, filters=[reason])
    with database.transaction() as tx:
        application = locked(tx, app_id)
        if len(segments.list_rows(tx, application.id)) >= MAX_SEGMENTS:
            raise conflict(f"An application has at most {MAX_SEGMENTS} saved filters: take another away first.")
        segment_id = segments.insert(tx, application.id, name=called, filters=filters)
        after = {"name": called, "filters": dict(filters)}
        note(tx, by, application, "segment.created", str(segment_id), after=after)
    return segment_id


def delete(database: Database, app_id: str, segment_id: str, *, by: Actor = COMMAND) -> None:
    """Take saved filters away. Raises Refused where there are none."""
    with database.transaction() as tx:
        application = locked(tx, app_id)
        gone = segments.delete(tx, application.id, id_of(segment_id, "saved filter"))
        if gone is None:
            raise not_found("The application has no such saved filter.")
        note(tx, by, application, "segment.deleted", segment_id, before=gone)
