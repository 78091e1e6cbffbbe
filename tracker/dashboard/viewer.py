"""Who is reading: the operator, the holder of a key that may read statistics of one application, or of a share link.

`identify` runs before every page but those that let people in. It looks each time whether the application's keys have
changed, so that one that is revoked, changed or has expired ends its session with the next request.
"""

import hmac
from dataclasses import dataclass
from typing import Final, cast

from flask import g, request

from tracker.application import ApiKey, Application
from tracker.dashboard.services import DashboardServices, current_services
from tracker.dashboard.session_cookie import ADMIN, Session, SessionCookie
from tracker.errors import DatabaseUnavailable, not_found
from tracker.management import audit
from tracker.store import dashboard_sign_outs
from tracker.store.shares import Share
from tracker.web.authentication import KeyHolder

COOKIE: Final = "tracker_session"
PERMISSION: Final = "stats:read"
_FIRST: Final = "first"


class SignedOut(Exception):
    """Nobody has signed in, or whoever had may not go on; `ended` says which."""

    def __init__(self, *, ended: bool) -> None:
        super().__init__()
        self.ended = ended


@dataclass(frozen=True, slots=True)
class Viewer:
    """The operator, who has neither of them, or the holder of a key or a share link of one application."""

    application: Application | None = None
    key: ApiKey | None = None
    share: Share | None = None

    @property
    def is_operator(self) -> bool:
        return self.key is None and self.share is None

    @property
    def actor(self) -> audit.Actor:
        """Return as whom the audit log notes what the viewer changes."""
        return audit.ADMIN if self.key is None else audit.Actor("key", self.key.id)

    def may(self, permission: str) -> bool:
        if self.share is not None:
            return permission == PERMISSION
        return self.key is None or self.key.may(permission)


def viewer() -> Viewer:
    """Return who the present request is from."""
    return cast(Viewer, g.viewer)


def identify() -> None:
    """Find out who is reading.

    Raises SignedOut, DatabaseUnavailable, and SettingsInvalid without TRACKER_SECRET_KEY.
    """
    services = current_services()
    cookie = SessionCookie(services.secret_key)
    presented = request.cookies.get(COOKIE)
    session = None if presented is None else cookie.read(presented, services.clock.now())
    found = None if session is None else _viewer(services, cookie, session)
    if found is None:
        raise SignedOut(ended=presented is not None)
    g.viewer = found


def session_of(holder: KeyHolder, cookie: SessionCookie, admin_token: str | None) -> Session:
    """Return the session that a good key opens."""
    if holder.application is None or holder.key is None:
        return Session(ADMIN, None, cookie.binding(admin_token or ""))
    name = _FIRST if holder.key.id is None else str(holder.key.id)
    return Session(name, holder.application.app_id, cookie.binding(holder.key.key_hash))


def application_named(app_id: str) -> Application:
    """Return the application that a page is about. Another one's is not there for the holder of a key.

    Raises Refused.
    """
    own = viewer().application
    if own is not None:
        if app_id == own.app_id:
            return own
        raise not_found("There is no such application.")
    if "\0" in app_id:
        raise not_found("There is no such application.")
    with current_services().database.transaction() as tx:
        found = current_services().applications.find(tx, app_id)
    if found is None or found.deleted:
        raise not_found("There is no such application.")
    return found


def require_operator() -> None:
    """Raise Refused (NOT_FOUND) for everybody else: what only the operator sees is not there for them."""
    if not viewer().is_operator:
        raise not_found("There is nothing at this address.")


def _viewer(services: DashboardServices, cookie: SessionCookie, session: Session) -> Viewer | None:
    """Return who a session is of; None where it has ended, by its key, by the admin token or by signing out."""
    if session.key == ADMIN:
        token = services.key_check.admin_token
        if not token or not hmac.compare_digest(session.binding, cookie.binding(token)):
            return None
    try:
        with services.database.transaction() as tx:
            # Before `migrate` the operator's page says what to do; whoever has a key needs the tables anyway.
            is_there = session.key != ADMIN or dashboard_sign_outs.is_there(tx)
            if is_there and dashboard_sign_outs.has(tx, session.id):
                return None
            application = None if session.key == ADMIN else services.applications.find(tx, str(session.app_id))
    except DatabaseUnavailable:
        if session.key == ADMIN:
            # The page that says so, and nothing else, tells the operator why.
            g.viewer = Viewer()
        raise
    if session.key == ADMIN:
        return Viewer()
    return None if application is None else _holder(services, cookie, session, application)


def _holder(
    services: DashboardServices, cookie: SessionCookie, session: Session, application: Application
) -> Viewer | None:
    now = services.clock.now()
    for key in () if application.deleted else application.keys:
        named = session.key == (_FIRST if key.id is None else str(key.id))
        ended = key.expires_at is not None and now >= key.expires_at
        if named and not ended and hmac.compare_digest(session.binding, cookie.binding(key.key_hash)):
            if not key.may(PERMISSION):
                return None
            services.key_check.note_use(key)
            return Viewer(application, key)
    return None
