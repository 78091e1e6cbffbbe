"""Who is reading: the operator, the holder of a key or of a share link, or a member whom a provider of sign-ins knows.

`identify` runs before every page but those that let people in. It looks each time whether the application's keys have
changed, so that one that is revoked, changed or has expired ends its session with the next request.
"""

import hmac
from dataclasses import dataclass
from typing import Final, cast

from flask import g, request

from tracker.application import ApiKey, Application
from tracker.dashboard.services import DashboardServices, current_services
from tracker.dashboard.session_cookie import ADMIN, PERSON, Session, SessionCookie
from tracker.errors import DatabaseUnavailable, not_found
from tracker.management import audit
from tracker.oidc.identity import Identity, SignInProvider
from tracker.store import dashboard_sign_outs, members
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
    """The operator, who has nothing of this, or the holder of a key or a share link of one application.

    Whoever a provider has signed in has an `identity`, and on the pages of an application their key of it.
    """

    application: Application | None = None
    key: ApiKey | None = None
    share: Share | None = None
    identity: Identity | None = None

    @property
    def is_operator(self) -> bool:
        return self.key is None and self.share is None and self.identity is None

    @property
    def actor(self) -> audit.Actor:
        """Return as whom the audit log notes what the viewer changes."""
        if self.is_operator:
            return audit.ADMIN
        if self.key is None:
            raise not_found("There is nothing at this address.")
        return audit.Actor("key", self.key.id)

    def may(self, permission: str) -> bool:
        if self.share is not None:
            return permission == PERMISSION
        return self.is_operator or (self.key is not None and self.key.may(permission))


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
    who = None if session is None else _viewer(services, cookie, session)
    if who is None:
        raise SignedOut(ended=presented is not None)
    g.viewer = who


def session_of(holder: KeyHolder, cookie: SessionCookie, admin_token: str | None) -> Session:
    """Return the session that a good key opens."""
    if holder.application is None or holder.key is None:
        return Session(ADMIN, None, cookie.binding(admin_token or ""))
    name = _FIRST if holder.key.id is None else str(holder.key.id)
    return Session(name, holder.application.app_id, cookie.binding(holder.key.key_hash))


def session_of_person(identity: Identity, cookie: SessionCookie, provider: SignInProvider) -> Session:
    """Return the session of somebody whom the provider knows."""
    return Session(PERSON, None, _binding_of(provider, cookie), identity=identity)


def _binding_of(provider: SignInProvider, cookie: SessionCookie) -> str:
    return cookie.binding(f"{provider.settings.issuer}\0{provider.settings.client_id}")


def application_named(app_id: str) -> Application:
    """Return the application that a page is about. Another one's is not there for the holder of a key.

    Raises Refused.
    """
    application = viewer().application
    if application is not None:
        if app_id == application.app_id:
            return application
        raise not_found("There is no such application.")
    if "\0" in app_id or not viewer().is_operator:
        raise not_found("There is no such application.")
    with current_services().database.transaction() as tx:
        application = current_services().applications.find(tx, app_id)
    if application is None or application.deleted:
        raise not_found("There is no such application.")
    return application


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
    if session.key == PERSON:
        return _member(services, cookie, session)
    try:
        with services.database.look() as tx:
            if session.key == ADMIN:
                # Before `migrate` there is no such table, and the operator's page says what to do.
                is_ended = dashboard_sign_outs.is_there(tx) and dashboard_sign_outs.has(tx, session.id)
                return None if is_ended else Viewer()
            app_id = str(session.app_id)
            is_signed_out, changed_at = dashboard_sign_outs.of_application(tx, session.id, app_id)
            if is_signed_out or changed_at is None:
                return None
            application = services.applications.as_of(tx, app_id, changed_at)
    except DatabaseUnavailable:
        if session.key == ADMIN:
            # The page that says so, and nothing else, tells the operator why.
            g.viewer = Viewer()
        raise
    return None if application is None else _holder(services, cookie, session, application)


def _member(services: DashboardServices, cookie: SessionCookie, session: Session) -> Viewer | None:
    """Return somebody whom the provider knows, with their key of the application that the page is about, if any."""
    provider, identity = services.provider, session.identity
    if provider is None or identity is None or not hmac.compare_digest(session.binding, _binding_of(provider, cookie)):
        return None
    app_id = (request.view_args or {}).get("app_id", "")
    key_id, application = None, None
    with services.database.look() as tx:
        if dashboard_sign_outs.has(tx, session.id):
            return None
        if app_id and "\0" not in app_id:
            key_id = members.key_of_identity(tx, provider.settings.issuer, identity.subject, app_id)
            application = None if key_id is None else services.applications.find(tx, app_id)
    now = services.clock.now()
    for key in () if application is None or application.deleted else application.keys:
        ended = key.expires_at is not None and now >= key.expires_at
        if key.id is not None and key.id == key_id and not ended and key.may(PERMISSION):
            services.key_check.note_use(key)
            return Viewer(application, key, identity=identity)
    return Viewer(identity=identity)


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
