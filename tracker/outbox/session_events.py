"""What the beginning and the end of a session say to those who listen; pure."""

from tracker.outbox.event_types import SESSION_ENDED, SESSION_STARTED
from tracker.outbox.events import Event, event_id
from tracker.store.sessions import EndedSession, SessionActivity


def started(session: SessionActivity) -> Event:
    """A session has begun: its first hits are stored."""
    data = {
        "session_id": session.session_id,
        "client_sub_id": session.client_sub_id,
        "module_id": session.module_id,
        "first_accessed_at": session.first_accessed_at,
    }
    identity = event_id("started", session.application_id, session.session_id, session.first_accessed_at)
    return Event(SESSION_STARTED, identity, session.first_accessed_at, data)


def ended(session: EndedSession) -> Event:
    """A session has ended; one that goes on with a later hit ends again, as another event."""
    data = {
        "session_id": session.session_id,
        "client_sub_id": session.client_sub_id,
        "module_id": session.module_id,
        "first_accessed_at": session.first_accessed_at,
        "last_accessed_at": session.last_accessed_at,
        "duration_seconds": session.seconds,
        "page_views": session.page_views,
    }
    identity = event_id("ended", session.application_id, session.session_id, session.last_accessed_at)
    return Event(SESSION_ENDED, identity, session.last_accessed_at, data)
