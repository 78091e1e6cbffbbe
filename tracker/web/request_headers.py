"""What the headers of a request say about who sent it: a key, an address, a user agent, whether it came by HTTPS.

The address is one that PostgreSQL's INET takes.
`X-Forwarded-For` and `Forwarded` (RFC 7239) can be written by anyone; every proxy adds, at the right end, whom it heard
the request from. What is believed is read from that end: with a number of proxies, the entry that the outermost of them
wrote; with networks, the first address that is in none of them. Anything left of it is hearsay. Where the proxies' word
is missing, hidden (`unknown`, `_hidden`) or garbage, the address is that of the nearest hop that is known: never one
that the client could have chosen.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from msgspec import Struct

from tracker.config import ProxyHeader, Settings
from tracker.environment import Network
from tracker.hit_values import MAX_DESCRIPTION_LENGTHS
from tracker.privacy.addresses import MAX_LENGTH, normalise
from tracker.web.forwarded import elements_from_the_right

_BEARER = "bearer "
_NO_KEY = ("", "null", "undefined", "none")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_MAX_USER_AGENT_LENGTH = MAX_DESCRIPTION_LENGTHS["user_agent"]
_PREFIX = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+")
_MAX_PREFIX = 200
_MAX_HOPS = 32
"""Entries that are looked at with networks; a longer way through trusted proxies is nobody's."""


class Sender(Struct, frozen=True, gc=False):
    """What a request says by itself about who sent its hits."""

    ip_address: str | None
    user_agent: str | None


UNNAMED = Sender(None, None)
"""Somebody who does not want to be known."""


def presented_key(environ: Mapping[str, Any]) -> str | None:
    """Return what is presented as a key, in `X-API-Key` or `Authorization: Bearer`; None where nothing is.

    Clients in the wild send the words `null`, `undefined` and `None`, which count as nothing. What is returned may
    still be an `app_id` or nonsense.
    """
    if (key := environ.get("HTTP_X_API_KEY")) is not None and (key := key.strip()).lower() not in _NO_KEY:
        return str(key)
    authorization = environ.get("HTTP_AUTHORIZATION")
    if authorization and authorization[: len(_BEARER)].lower() == _BEARER:
        key = authorization[len(_BEARER) :].strip()
        return None if key.lower() in _NO_KEY else key
    return None


def sender_of(environ: Mapping[str, Any], proxies: "TrustedProxies") -> Sender:
    return Sender(client_address(environ, proxies), clean(environ.get("HTTP_USER_AGENT"), _MAX_USER_AGENT_LENGTH))


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """Which proxies in front are believed: `count` of them, or those in `networks`; and the header that they write."""

    count: int = 0
    networks: tuple[Network, ...] = ()
    header: ProxyHeader = "x-forwarded-for"

    @classmethod
    def of(cls, settings: Settings) -> "TrustedProxies":
        trusted = settings.trusted_proxies
        if isinstance(trusted, int):
            return cls(count=trusted, header=settings.proxy_header)
        return cls(networks=trusted, header=settings.proxy_header)

    def believed(self, environ: Mapping[str, Any]) -> tuple[str | None, int]:
        """Return the client's address in canonical form.

        And how many proxies, one behind the other, are believed about it.
        """
        peer = normalise(environ.get("REMOTE_ADDR") or "")
        if self.count:
            entries = self._entries(environ, self.count)
            # With fewer entries than proxies the request did not come through all of them: none can be believed.
            if len(entries) == self.count and (client := normalise(entries[-1])):
                return client, self.count
            return peer, 0
        # A unix socket has no address: whoever may connect to it stands on this machine and was let in.
        if not self.networks or not (peer is None or _is_in(peer, self.networks)):
            return peer, 0
        nearest, hops = peer, 0
        for entry in self._entries(environ, _MAX_HOPS):
            address = normalise(entry)
            if address is None:
                break
            nearest, hops = address, hops + 1
            if not _is_in(address, self.networks):
                break
        return nearest, max(1, hops)

    def _entries(self, environ: Mapping[str, Any], limit: int) -> list[str]:
        """Return the last `limit` addresses of the header, the nearest proxy's first."""
        if self.header == "forwarded":
            elements = elements_from_the_right(environ.get("HTTP_FORWARDED", ""), limit)
            return [element.get("for", "") for element in elements]
        value = environ.get("HTTP_X_FORWARDED_FOR", "")
        if not value:
            return []
        entries = value.rsplit(",", limit)
        return [entry[-MAX_LENGTH:] for entry in entries[: -limit - 1 : -1]]


def client_address(environ: Mapping[str, Any], proxies: TrustedProxies) -> str | None:
    """Return the client's address, or that of the nearest hop that is known.

    None where there is none, as on a unix socket.
    """
    if not proxies.count and not proxies.networks:
        return normalise(environ.get("REMOTE_ADDR") or "")
    return proxies.believed(environ)[0]


def forwarded_scheme(environ: Mapping[str, Any], proxies: TrustedProxies) -> str | None:
    """`http` or `https`, as the outermost proxy that is believed says it; None where none says anything."""
    hops = proxies.count or proxies.believed(environ)[1]
    if not hops:
        return None
    if proxies.header == "forwarded":
        elements = elements_from_the_right(environ.get("HTTP_FORWARDED", ""), hops)
        return elements[-1].get("proto", "").lower() or None if elements else None
    said = environ.get("HTTP_X_FORWARDED_PROTO", "")
    # Like addresses, the N-th from the right is the outermost proxy's; many overwrite the header instead.
    entries = said.rsplit(",", hops)
    return entries[max(0, len(entries) - hops)].strip().lower() or None


def forwarded_prefix(environ: Mapping[str, Any], proxies: TrustedProxies) -> str:
    """Return the sub-path that a believed proxy has taken off (`X-Forwarded-Prefix: /stats`), or an empty text."""
    prefix = str(environ.get("HTTP_X_FORWARDED_PREFIX", "")).rstrip("/")
    if not prefix or not (proxies.count or proxies.believed(environ)[1]):
        return ""
    return prefix if len(prefix) <= _MAX_PREFIX and _PREFIX.fullmatch(prefix) else ""


@lru_cache(maxsize=4096)
def _is_in(address: str, networks: tuple[Network, ...]) -> bool:
    parsed = ipaddress.ip_address(address)
    return any(parsed.version == network.version and parsed in network for network in networks)


def clean(value: str | None, longest: int) -> str | None:
    """Return a header as UTF-8 without control characters, at most `longest` characters; None for nothing.

    WSGI hands headers over as ISO 8859-1 (PEP 3333); browsers and log shippers send UTF-8. Bytes that are none become
    U+FFFD: an odd header never costs a hit.
    """
    if not value:
        return None
    if not value.isascii():
        value = value.encode("latin-1", "replace").decode("utf-8", "replace")
    if not value.isprintable():
        value = _CONTROL.sub("", value)
    return value[:longest].strip() or None
