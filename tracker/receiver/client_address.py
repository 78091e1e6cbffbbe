"""Who sent a hit, as an address that PostgreSQL's INET takes.

`X-Forwarded-For` can be written by anyone. With TRACKER_TRUSTED_PROXIES=N the N-th entry from the right is the one
that the outermost of one's own proxies wrote; anything left of it is hearsay.
"""

import ipaddress
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

_WITH_PORT = re.compile(r"(?P<v4>[0-9.]+):[0-9]+|\[(?P<v6>[^\]]*)\](?::[0-9]+)?")
_LONGEST = 100
"""Characters of the longest text that can be an address with zone and port; longer ones are not looked at."""


def client_address(environ: Mapping[str, Any], trusted_proxies: int) -> str | None:
    """The client's address in canonical form, or the peer's where the proxies' word is missing or garbage.

    None where the peer has none, as on a unix socket.
    """
    if trusted_proxies:
        entries = environ.get("HTTP_X_FORWARDED_FOR", "").rsplit(",", trusted_proxies)
        # With fewer entries than proxies the request did not come through all of them: nothing there can be believed.
        position = len(entries) - trusted_proxies
        if position >= 0 and (forwarded := normalise(entries[position][-_LONGEST:])):
            return forwarded
    return normalise(environ.get("REMOTE_ADDR") or "")


@lru_cache(maxsize=4096)
def normalise(text: str) -> str | None:
    """The canonical address in `text` or None: ports and zones stripped, IPv4 in IPv6 as IPv4 (RFC 4291, 2.5.5.2)."""
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    if match := _WITH_PORT.fullmatch(text):
        text = match["v4"] or match["v6"]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(address)
