"""Addresses of visitors: one spelling for each, and what may be kept of it."""

import ipaddress
import re
import socket
from functools import lru_cache

_DOTTED = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_WITH_PORT = re.compile(r"(?P<v4>[0-9.]+):[0-9]+|\[(?P<v6>[^\]]*)\](?::[0-9]+)?")
MAX_LENGTH = 100
"""Characters of the longest text that can be an address with zone and port; longer ones are not looked at."""
_KEPT_BITS = 48
_NETWORK_BITS = 64
"""Of IPv6, what one machine may have all addresses of."""
_WIDER_NETWORK_BITS = 48
"""Of IPv6, what one customer of a provider usually gets."""
_6TO4 = 0x2002
_KEPT_BITS_OF_6TO4 = 40
"""An address of 6to4 holds a whole IPv4 address after its first 16 bits (RFC 3056): 24 of its bits stay."""

_INSIDE = tuple(
    map(
        ipaddress.ip_network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.168.0.0/16", "::/127", "fc00::/7", "fe80::/10"),
        ),
    )
)


@lru_cache(maxsize=4096)
def normalise(text: str) -> str | None:
    """Return the canonical address in `text` or None.

    Ports and zones are stripped, IPv4 in IPv6 becomes IPv4 (RFC 4291, 2.5.5.2).
    """
    text = text.strip()
    if len(text) > MAX_LENGTH:
        return None
    if _DOTTED.fullmatch(text):
        # Nearly all are these. It takes what `ip_address` takes, in a tenth of the time, and they have one spelling.
        try:
            socket.inet_pton(socket.AF_INET, text)
        except OSError:
            return None
        return text
    if match := _WITH_PORT.fullmatch(text):
        text = match["v4"] or match["v6"]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(address)


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """Return the first address of a canonical address's network.

    Of IPv4 the last octet is 0, of IPv6 the last 80 bits are.
    """
    if ":" not in address:
        return f"{address.rpartition('.')[0]}.0"
    bits = int(ipaddress.IPv6Address(address))
    kept = _KEPT_BITS_OF_6TO4 if bits >> 112 == _6TO4 else _KEPT_BITS
    return str(ipaddress.IPv6Address(bits >> (128 - kept) << (128 - kept)))


@lru_cache(maxsize=4096)
def networks_of(address: str) -> tuple[str, ...]:
    """Return what counts as one caller by a canonical address: IPv4 as it is; of IPv6 the /64, then the /48."""
    if ":" not in address:
        return (address,)
    return tuple(
        str(ipaddress.ip_network((address, bits), strict=False)) for bits in (_NETWORK_BITS, _WIDER_NETWORK_BITS)
    )


def is_inside(address: str) -> bool:
    """Return whether an address is one of a network's inside.

    Private, shared (RFC 6598), local to a link or a machine.
    """
    parsed = ipaddress.ip_address(address)
    return any(parsed in network for network in _INSIDE if network.version == parsed.version)
