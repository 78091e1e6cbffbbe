"""Which pages' hits an application takes: `Origin`, else `Referer`, held against its domain.

This keeps other people's pages out of an application's figures; it is no lock, for whoever is not a browser sends what
they like. A request with an API key is not a browser's, and is not held.
"""

import ipaddress
import re
from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from typing import Any

from tracker.errors import Refused
from tracker.receiver.rules import Rules
from tracker.web.envelope import Headers

_HOST = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?(\[[0-9A-Fa-f:.]+\]|[^/?#@:\[\]]+)(?::[0-9]*)?(?:[/?#].*)?"
)
_NOBODY: Headers = (("Vary", "Origin"),)
_ANYBODY: Headers = (("Access-Control-Allow-Origin", "*"), *_NOBODY)
_MAX_ORIGIN_LENGTH = 300
"""Characters: a name has at most 253 of them."""
_READERS = "tracker.page_that_may_read"
"""In a request's environ: the origin that may read the answer, or an empty text for none; absent: any may."""


class ForeignPage(Refused):
    """The 403 of a page that is none of the application's."""

    def __init__(self, message: str) -> None:
        super().__init__("FORBIDDEN", 403, message)


def require_own_page(rules: Rules, environ: Mapping[str, Any]) -> None:
    """Raise ForeignPage where the page is not one of the application's; note in `environ` which may read the answer."""
    if rules.domain is None:
        if isinstance(environ, MutableMapping):
            # An older state of the application may have had one.
            environ.pop(_READERS, None)
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
    return (("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Credentials", "true"), *_NOBODY)
