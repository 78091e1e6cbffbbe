"""Whether a URL may be a webhook's, as far as its text says, and what a connection needs to know of it."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import SplitResult, urlsplit

from tracker.domains import ascii_host
from tracker.errors import DestinationRefused
from tracker.ssrf_guard.addresses import IPAddress, check_address, wrong_port
from tracker.ssrf_guard.policy import Policy

MAX_URL_LENGTH = 2048
"""Characters of a URL."""

_DEFAULT_PORTS = {"https": 443, "http": 80}
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_MAX_HOST_LENGTH = 253
_A_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""With such a last label the whole host is an IPv4 address to browsers and libc (WHATWG URL, "ends in a number")."""
_INSIDE = ("localhost", "local", "internal", "intranet", "lan", "home.arpa", "onion", "invalid", "test")
"""Names that lead nowhere on the internet (RFC 6761, 6762, 8375 and the habits of clouds)."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a URL leads."""

    url: str
    """The URL with its host in ASCII and in lower case."""
    host: str
    """The name in ASCII, or the address without brackets."""
    port: int
    address: IPAddress | None
    """The address, where the URL names one itself."""


def check_url(url: str, policy: Policy) -> Destination:
    """Return where `url` leads.

    Raises DestinationRefused, with a sentence for whoever wrote it, where webhooks may not go there.

    Nothing is looked up: a host name's addresses are `names.Resolver`'s. Where networks are allowed, their addresses
    take any port, so that the port of a name is held against the policy only when its addresses are known.
    """
    parts = _split(url)
    if parts.scheme not in _DEFAULT_PORTS:
        raise DestinationRefused("The URL must begin with https://.")
    if parts.scheme == "http" and not policy.allow_http:
        raise DestinationRefused("The URL must begin with https:// (TRACKER_WEBHOOK_ALLOW_HTTP allows http).")
    if "@" in parts.netloc:
        raise DestinationRefused("The URL must hold no user name and no password.")
    if parts.fragment or url.endswith("#"):
        raise DestinationRefused("The URL must have no fragment (#...).")
    port = _port(parts)
    host, address = _host(parts)
    if address is not None:
        check_address(address, port, policy)
    elif not policy.networks:
        if _is_inside(host):
            raise DestinationRefused("The host's name is not one of the internet, and no private network is allowed.")
        if port not in policy.ports:
            raise DestinationRefused(wrong_port(port, policy))
    return Destination(_rebuilt(parts, host, port), host, port, address)


def _split(url: str) -> SplitResult:
    if len(url) > MAX_URL_LENGTH:
        raise DestinationRefused(f"The URL must have at most {MAX_URL_LENGTH} characters.")
    # What one parser strips or takes for a slash, another does not: such URLs lead to two places.
    if not url.isprintable() or " " in url or "\\" in url:
        raise DestinationRefused("The URL must hold no spaces, no control characters and no backslashes.")
    try:
        return urlsplit(url)
    except ValueError as error:
        raise DestinationRefused("The URL does not read as one.") from error


def _port(parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError as error:
        raise DestinationRefused("The URL's port must be a number from 1 to 65535.") from error
    if port == 0:
        raise DestinationRefused("The URL's port must be a number from 1 to 65535.")
    return port or _DEFAULT_PORTS[parts.scheme]


def _host(parts: SplitResult) -> tuple[str, IPAddress | None]:
    if "[" in parts.netloc:
        return _address_6(parts)
    given = parts.hostname or ""
    host = _ascii(given).removesuffix(".")
    labels = host.split(".")
    if _A_NUMBER.fullmatch(labels[-1]):
        try:
            # Four decimal numbers without leading zeros and nothing else, not even a point at the end.
            address = IPv4Address(given)
        except ValueError as error:
            raise DestinationRefused("An IPv4 address must be written as four decimal numbers.") from error
        return given, address
    if len(host) > _MAX_HOST_LENGTH or not all(_LABEL.fullmatch(label) for label in labels):
        raise DestinationRefused("The URL's host is neither a name nor an address.")
    return host, None


def _address_6(parts: SplitResult) -> tuple[str, IPAddress]:
    host = parts.hostname or ""
    try:
        address = IPv6Address(host)
    except ValueError as error:
        raise DestinationRefused("The URL's host is not an IPv6 address.") from error
    if address.scope_id is not None:
        raise DestinationRefused("An IPv6 address must have no zone (%...).")
    return str(address), address


def _ascii(host: str) -> str:
    """Return the name as DNS has it: full-width digits become digits here, and ideographic full stops points."""
    name = host if host.isascii() else ascii_host(host)
    if name is None:
        raise DestinationRefused("The URL's host is no name that can be written in ASCII (IDNA).")
    return name


def _is_inside(host: str) -> bool:
    return "." not in host or any(host == name or host.endswith(f".{name}") for name in _INSIDE)


def _rebuilt(parts: SplitResult, host: str, port: int) -> str:
    netloc = f"[{host}]" if ":" in host else host
    if port != _DEFAULT_PORTS[parts.scheme]:
        netloc += f":{port}"
    return parts._replace(netloc=netloc, fragment="").geturl()
