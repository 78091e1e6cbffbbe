"""Who sends hits, from which page, and whether they may.

An `app_id` is public, and browser beacons in the wild send it, or the words `null` and `undefined`, as `X-API-Key`.
All of these count as no key; any other value has to be one.

A hit without a key comes from a page: `Origin`, else `Referer`, is held against the application's domain. This keeps
other people's pages out of an application's figures; it is no lock, for whoever is not a browser sends what they like.
"""

import ipaddress
import re
from collections.abc import Mapping, MutableMapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from tracker.application import ApiKey, Application
from tracker.errors import Refused
from tracker.hit_values import MAX_APP_ID_LENGTH
from tracker.json_rules import refusal
from tracker.privacy.addresses import networks_of
from tracker.receiver.context import HitRequest, ReceiverContext
from tracker.receiver.rules import Rules
from tracker.web.envelope import Headers

TRACK = "track"
"""The permission that a key needs to send hits."""
_KEY_PREFIX = "alt_"
_HOST = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?(\[[0-9A-Fa-f:.]+\]|[^/?#@:\[\]]+)(?::[0-9]*)?(?:[/?#].*)?"
)
_NOBODY: Headers = (("Vary", "Origin"),)
_ANYBODY: Headers = (("Access-Control-Allow-Origin", "*"), *_NOBODY)
_MAX_ORIGIN_LENGTH = 300
"""Characters: a name has at most 253 of them."""
_READERS = "tracker.page_that_may_read"
"""In a request's environ: the origin that may read the answer, or an empty text for none; absent: any may."""


class NotOffered(Refused):
    """There is nothing at this address for this application."""

    def __init__(self) -> None:
        super().__init__("NOT_FOUND", 404, "There is nothing at this address.")


class ForeignPage(Refused):
    """The 403 of a page that is none of the application's."""

    def __init__(self, message: str) -> None:
        super().__init__("FORBIDDEN", 403, message)


class AdmittedCaller(NamedTuple):
    """Whose hits are taken, with which key, and what holds for them."""

    application: Application
    key: ApiKey | None
    rules: Rules


def named_application(context: ReceiverContext, request: HitRequest, values: Mapping[str, Any]) -> Application:
    """Return the application that a hit names.

    Else that of the key, or the one that some beacons name in `X-API-Key`. Raises Refused.
    """
    app_id = app_id_in(values)
    if app_id is None:
        return application_of_key(context, request.presented)
    application = context.applications.find(app_id)
    if application is None:
        raise application_not_found()
    return application


def admit(context: ReceiverContext, request: HitRequest, application: Application) -> AdmittedCaller:
    """Return who sends a hit and what holds for it.

    Raises Refused, after PostgreSQL was asked whether it still is so.
    """
    try:
        return _admit(context, request, application)
    except Refused as refused:
        newest = confirmed(context, request, application, refused)
        if newest is application:
            _count(context, request, application, refused)
            raise
    try:
        return _admit(context, request, newest)
    except Refused as refused:
        _count(context, request, newest, refused)
        raise


def _admit(context: ReceiverContext, request: HitRequest, application: Application) -> AdmittedCaller:
    require_active(application)
    key = key_of(request.presented, application, request.now)
    rules = context.rules.rules_of(application)
    if key is None:
        require_own_page(rules, request.environ)
    return AdmittedCaller(application, key, rules)


def _count(context: ReceiverContext, request: HitRequest, application: Application, refused: Refused) -> None:
    if isinstance(refused, ForeignPage):
        context.filtered.add(application.id, "domain", request.now)
    else:
        context.filtered.add_refused(application.id, refused.code, request.now)


def confirmed(context: ReceiverContext, request: HitRequest, application: Application, refused: Refused) -> Application:
    """Return the newest state of an application whose known one has a hit `refused`, or that very one.

    Raises Refused, to be tried again, where a key cannot be looked up now.
    """
    address = request.sender.ip_address
    key = request.presented if refused.code == "INVALID_API_KEY" else None
    return context.applications.confirm(application, networks_of(address) if address else (), key)


def require_active(application: Application) -> None:
    """Raise Refused where the application takes no hits."""
    if not application.takes_hits:
        state = "deleted" if application.deleted else application.status
        raise Refused("APPLICATION_INACTIVE", 403, f"The application takes no hits: it is {state}.")


def require_dialect(rules: Rules, dialect: str | None) -> None:
    """Raise NotOffered where a request came in a dialect that the application has switched off."""
    if dialect is not None and dialect not in rules.dialects:
        raise NotOffered


def key_of(presented: str | None, application: Application, now: datetime) -> ApiKey | None:
    """Return the application's key that was presented, None where none was. Raises Refused for a wrong or unfit one."""
    if presented is None or presented == application.app_id:
        return None
    key = application.key(presented, now)
    if key is None:
        raise Refused("INVALID_API_KEY", 401, "The API key is unknown, has expired or belongs to another application.")
    if not key.may(TRACK):
        raise Refused("FORBIDDEN", 403, f"The API key lacks the permission `{TRACK}`.")
    return key


def app_id_in(values: Mapping[str, Any]) -> str | None:
    """Return the `app_id` that is given, if one is. Raises Refused where it is not a text that can be one."""
    app_id = values.get("app_id")
    if app_id is None or app_id == "":
        return None
    if type(app_id) is not str:
        raise refusal("app_id", "Must be a text.")
    if len(app_id) > MAX_APP_ID_LENGTH:
        raise refusal("app_id", f"Must have at most {MAX_APP_ID_LENGTH} characters.")
    return app_id


def application_of_key(context: ReceiverContext, presented: str | None) -> Application:
    """Return the application that a key, or what stands in its place, belongs to. Raises Refused."""
    if presented and presented.startswith(_KEY_PREFIX):
        # A secret must not become the name of a look-up, which servers may log: it is looked up by its hash.
        if (owner := context.applications.find_by_key(presented)) is None:
            raise Refused("INVALID_API_KEY", 401, "The API key is unknown or has been revoked.")
        return owner
    if presented and len(presented) <= MAX_APP_ID_LENGTH and presented.isprintable():
        named = context.applications.find(presented)
        if named is not None:
            return named
    raise refusal("app_id", "Is required.")


def application_not_found() -> Refused:
    return Refused("APPLICATION_NOT_FOUND", 404, "There is no application with this app_id.")


def require_own_page(rules: Rules, environ: Mapping[str, Any]) -> None:
    """Raise ForeignPage where the page is not one of the application's; note in `environ` which may read the answer."""
    if rules.domain is None:
        if _READERS in environ and isinstance(environ, MutableMapping):
            # An older state of the application had one.
            del environ[_READERS]
        return
    origin = environ.get("HTTP_ORIGIN")
    host = host_of(origin) or host_of(environ.get("HTTP_REFERER"))
    if host is None:
        if rules.origin_required:
            raise ForeignPage("The application takes hits of its own pages only, and no page is named.")
        return
    allowed = host == rules.domain or host.endswith(f".{rules.domain}") or (rules.allow_localhost and is_local(host))
    if origin is not None and isinstance(environ, MutableMapping):
        # What no browser sends is not repeated in a header.
        environ[_READERS] = origin if allowed and origin.isprintable() else ""
    if not allowed:
        raise ForeignPage("The page is not of the application's domain or one of its subdomains.")


def host_of(header: str | None) -> str | None:
    """Return the host, in lower case, that an `Origin` or a `Referer` names; None for nothing, `null` and garbage."""
    if not header:
        return None
    match = _HOST.fullmatch(header)
    return match[1].lower().rstrip(".") if match else None


def is_local(host: str) -> bool:
    """Return whether a host names the visitor's own machine (RFC 6761, 6.3; RFC 1122, 3.2.1.3; RFC 4291, 2.5.3)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def for_readers(headers: Headers, environ: Mapping[str, Any]) -> Headers:
    """Return an answer's headers, with which pages may read it, as `require_own_page` found (Fetch, 3.3.5).

    The page is named, and may have sent its credentials: `sendBeacon` always does, and a browser takes `*` for a
    refusal then. No cookie is read or set here, so that nothing is given away by it.
    """
    if environ.get(_READERS) == "":
        return headers + _NOBODY
    return headers + _readers(environ.get("HTTP_ORIGIN"))


def _readers(origin: str | None) -> Headers:
    if origin is None or len(origin) > _MAX_ORIGIN_LENGTH:
        return _ANYBODY
    return _readable_by(origin)


@lru_cache(maxsize=4096)
def _readable_by(origin: str) -> Headers:
    if not origin.isprintable():
        # What no browser sends is not repeated in a header.
        return _ANYBODY
    return (("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Credentials", "true"), *_NOBODY)
