"""Who is calling, and what they may do: the admin token everything, a key what it is permitted, with its application.

`identify` runs before every view of the API, so that none can be reached by nobody. `access` then names what a view
is about; everything of another application is not there.
"""

from dataclasses import dataclass
from typing import Any

from flask import g, request

from tracker.api.services import current_services
from tracker.application import ApiKey, Application
from tracker.errors import Refused, invalid, not_found
from tracker.management import notify_receivers as management
from tracker.management.audit import ADMIN, Actor
from tracker.management.known_application import unknown
from tracker.store import applications
from tracker.web.request_headers import client_address, presented_key

ADMIN_ONLY = "admin"
"""Asked for instead of a permission: only the admin token will do."""
FIRST_KEY = "first key"
"""Asked for instead of a permission: only the application's first key and the admin token will do."""
ANY_KEY = "any key"
"""Asked for instead of a permission: every key of the application will do."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The operator with the admin token (no key), or the holder of a key of one application."""

    actor: Actor
    application: Application | None = None
    key: ApiKey | None = None

    def may(self, permission: str) -> bool:
        if self.key is None:
            return True
        if permission in (ADMIN_ONLY, FIRST_KEY):
            return permission == FIRST_KEY and self.key.id is None
        return permission == ANY_KEY or any(self.key.may(alternative) for alternative in permission.split("|"))


def caller() -> Caller:
    """Return who the present request is from."""
    who: Caller = g.caller
    return who


def target() -> Application:
    """Return the application that the present request is about, as it was when the request came."""
    application: Application = g.target
    return application


def identify() -> None:
    """Find out who is calling. Raises Refused: AUTHENTICATION_ERROR, INVALID_API_KEY, RATE_LIMIT_EXCEEDED."""
    services = current_services()
    presented = presented_key(request.environ)
    if presented is None:
        raise Refused(
            "AUTHENTICATION_ERROR",
            401,
            "This needs an API key or the admin token: Authorization: Bearer, or X-API-Key.",
        )
    holder = services.key_check.holder(client_address(request.environ, services.proxies), presented)
    if holder.application is None or holder.key is None:
        g.caller = Caller(ADMIN)
    else:
        g.caller = Caller(Actor("key", holder.key.id), holder.application, holder.key)


def access(permission: str, view_args: dict[str, Any], *, about: str | None) -> None:
    """Hold the caller to what a view asks for, and remember which application it is about.

    `permission` is one, or several of which one will do, with `|` between them. `about` says where the application is
    named: `path` (the argument `application`), `query` (the parameter `app_id`, which a key may leave out), or None
    for views that are about none. Raises Refused: APPLICATION_NOT_FOUND, FORBIDDEN.
    """
    for value in view_args.values():
        # PostgreSQL has no text with NUL in it, so nothing goes by such a name.
        if "\0" in str(value):
            raise not_found("There is nothing at this address.")
    who = caller()
    if about is not None:
        g.target = _application(who, view_args["application"] if about == "path" else _named_in_query(who))
    if not who.may(permission):
        raise _forbidden(permission)


def _application(who: Caller, reference: str) -> Application:
    """Return the application that a request names by app_id or id. For a key there is only its own."""
    application = who.application
    if application is not None:
        if reference in (application.app_id, str(application.id)):
            return application
        raise unknown(reference)
    with current_services().database.transaction() as tx:
        app_id = applications.app_id_of(tx, reference)
        application = applications.find(tx, app_id) if app_id is not None else None
    if application is None or application.deleted:
        raise unknown(reference)
    return application


def _named_in_query(who: Caller) -> str:
    named = request.args.get("app_id", "")
    if "\0" in named:
        raise invalid("app_id: Holds the character NUL.", app_id=["Holds the character NUL."])
    if named:
        return named
    if who.application is None:
        raise invalid("app_id: Is required with the admin token.", app_id=["Is required with the admin token."])
    return who.application.app_id


def _forbidden(permission: str) -> Refused:
    if permission == ADMIN_ONLY:
        return Refused("FORBIDDEN", 403, "This needs the admin token.")
    if permission == FIRST_KEY:
        return Refused("FORBIDDEN", 403, "This needs the application's first key or the admin token.")
    return Refused("FORBIDDEN", 403, f"The API key lacks the permission `{permission.replace('|', '` or `')}`.")


def notify_receivers(app_id: str | None = None) -> None:
    """Tell the receivers that the application that this request is about, or another one, has changed."""
    management.notify_receivers(current_services().redis, app_id or target().app_id)
