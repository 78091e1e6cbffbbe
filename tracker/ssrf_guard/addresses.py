"""Whether one address may be reached.

Public is what the registries of IANA give out for use on the internet; everything else is refused, whether or not
somebody listens there. The tables are written out because `ipaddress.is_global` differs between the versions of
Python that this project runs on, and knows neither site-local addresses nor the disguises of IPv4 in IPv6.

Sources: the IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890), RFC 4291 (IPv4-compatible, mapped,
site-local), RFC 2765 (translated), RFC 3056 (6to4), RFC 4380 (Teredo), RFC 5214 (ISATAP), RFC 6052
and RFC 8215 (NAT64).
"""

from ipaddress import IPv4Address, IPv6Address, ip_network

from tracker.environment import Network
from tracker.errors import DestinationRefused
from tracker.ssrf_guard.policy import Policy

IPAddress = IPv4Address | IPv6Address


def _table(kinds: dict[str, str]) -> tuple[tuple[str, tuple[Network, ...]], ...]:
    return tuple((kind, tuple(ip_network(part) for part in networks.split())) for kind, networks in kinds.items())


_NEVER = _table(
    {
        # What gives credentials to whoever asks from inside a cloud: AWS, ECS, EKS, Google, Azure, Alibaba, Oracle.
        "a metadata service": "169.254.169.254/32 169.254.170.2/32 169.254.170.23/32 fd00:ec2::/32 fd20:ce::254/128"
        " 168.63.129.16/32 100.100.100.200/32 192.0.0.192/32",
        "an unspecified address": "0.0.0.0/8 ::/128",
        "a multicast address": "224.0.0.0/4 ff00::/8",
        "a broadcast address": "255.255.255.255/32",
        "a reserved address": "240.0.0.0/4 192.0.0.0/24 100::/64",
        "a site-local address, which is no longer in use": "fec0::/10",
    }
)
"""Refused inside allowed networks too: nobody runs a consumer there."""

_LOOPBACK_6 = IPv6Address("::1")
_DISGUISES = _table(
    {
        "an IPv4-compatible address": "::/96",
        "an IPv4-mapped address": "::ffff:0:0/96",
        "an IPv4-translated address": "::ffff:0:0:0/96",
        "a NAT64 address": "64:ff9b::/96 64:ff9b:1::/48",
        "a 6to4 address": "2002::/16 192.88.99.0/24",
        "a Teredo address": "2001::/32",
    }
)
"""IPv4 in IPv6: the packet may end at the address inside. Refused inside allowed networks too."""

_ISATAP = (0x0000_5EFE, 0x0200_5EFE)
"""The upper half of the interface identifier of an ISATAP address; the lower half is the IPv4 address."""

_PRIVATE = _table(
    {
        "a loopback address": "127.0.0.0/8 ::1/128",
        "a private address": "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7",
        "an address shared by a provider's customers": "100.64.0.0/10",
        "a link-local address": "169.254.0.0/16 fe80::/10",
        "an address for documentation": "192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 2001:db8::/32 3fff::/20",
        "an address for benchmarks": "198.18.0.0/15 2001:2::/48",
        "an address with a special purpose": "2001::/23 3ffe::/16 5f00::/16 192.31.196.0/24 192.52.193.0/24"
        " 192.175.48.0/24 2620:4f:8000::/48",
    }
)
"""Refused, unless the operator allows the network that they are in."""

_GIVEN_OUT_6 = ip_network("2000::/3")
"""All that is given out of IPv6 for use on the internet."""


def check_address(address: IPAddress, port: int, policy: Policy) -> None:
    """Raise DestinationRefused where webhooks may not connect to this port of this address.

    The message says of what kind the address is and never the address: it would tell whoever registers a webhook
    what a name leads to inside.
    """
    if kind := _kind(address, _NEVER) or _disguise(address):
        raise DestinationRefused(f"It leads to {kind}, which webhooks never reach.")
    if any(address in network for network in policy.networks):
        return
    if kind := _kind(address, _PRIVATE):
        raise DestinationRefused(f"It leads to {kind}, and TRACKER_WEBHOOK_ALLOWED_NETWORKS does not allow that.")
    if isinstance(address, IPv6Address) and address not in _GIVEN_OUT_6:
        raise DestinationRefused("It leads to an address that is not in use on the internet.")
    if port not in policy.ports:
        raise DestinationRefused(wrong_port(port, policy))


def wrong_port(port: int, policy: Policy) -> str:
    """Return the sentence for a port that is not among the policy's."""
    ports = ", ".join(str(allowed) for allowed in sorted(policy.ports))
    return f"Port {port} is not one that webhooks may use: {ports} are (TRACKER_WEBHOOK_PORTS adds others)."


def _disguise(address: IPAddress) -> str | None:
    if address == _LOOPBACK_6:
        return None  # Within ::/96, and no disguise.
    if isinstance(address, IPv6Address) and (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP:
        return "an ISATAP address"
    return _kind(address, _DISGUISES)


def _kind(address: IPAddress, table: tuple[tuple[str, tuple[Network, ...]], ...]) -> str | None:
    for kind, networks in table:
        if any(address in network for network in networks):
            return kind
    return None
