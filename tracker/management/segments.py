"""Saved filters of an application: made, listed, taken away."""

from collections.abc import Mapping
from typing import Final

from tracker.application import Application
from tracker.errors import conflict, invalid, not_found
from tracker.management.audit import COMMAND, Actor, note
from tracker.management.known_application import known, locked
from tracker.management.names import id_of, name_of
from tracker.management.versions import Expected, require
from tracker.store import segments
from tracker.store.database import Database, Transaction
from tracker.store.segments import Segment
from tracker.traffic_filters import filters_of

MAX_SEGMENTS: Final = 20


def list_(database: Database, app_id: str) -> list[Segment]:
    """Return an application's saved filters, the oldest first. Raises Refused for an unknown application."""
    with database.transaction() as tx:
        return segments.list_rows(tx, known(tx, app_id).id)


def show(database: Database, app_id: str, segment_id: str) -> Segment:
    """Return saved filters. Raises Refused where there are none."""
    with database.transaction() as tx:
        return _segment(tx, known(tx, app_id), segment_id)


def create(database: Database, app_id: str, *, name: str, filters: Mapping[str, str], by: Actor = COMMAND) -> Segment:
    """Save what are filters among values by names, and return them. Raises Refused."""
    called, chosen = name_of(name), {one.name: one.value for one in filters_of(filters)}
    if not chosen:
        reason = "Choose at least one filter to save."
        raise invalid(reason, filters=[reason])
    with database.transaction() as tx:
        application = locked(tx, app_id)
        if len(segments.list_rows(tx, application.id)) >= MAX_SEGMENTS:
            raise conflict(f"An application has at most {MAX_SEGMENTS} saved filters: take another away first.")
        segment_id = segments.insert(tx, application.id, name=called, filters=chosen)
        note(tx, by, application, "segment.created", str(segment_id), after={"name": called, "filters": chosen})
    return Segment(segment_id, called, chosen)


def delete(
    database: Database, app_id: str, segment_id: str, *, by: Actor = COMMAND, expected: Expected = None
) -> Segment:
    """Take saved filters away and return what they were. Raises Refused where there are none."""
    with database.transaction() as tx:
        application = locked(tx, app_id)
        gone = _segment(tx, application, segment_id)
        require(expected, gone)
        segments.delete(tx, application.id, gone.id)
        before = {"name": gone.name, "filters": dict(gone.filters)}
        note(tx, by, application, "segment.deleted", str(gone.id), before=before)
    return gone


def _segment(tx: Transaction, application: Application, segment_id: str) -> Segment:
    wanted = id_of(segment_id, "saved filter")
    present = next((segment for segment in segments.list_rows(tx, application.id) if segment.id == wanted), None)
    if present is None:
        raise not_found("The application has no such saved filter.")
    return present
