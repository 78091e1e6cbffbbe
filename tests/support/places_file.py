"""A small database of places (MaxMind DB file format 2.0), written from networks and what is said of them."""

from collections.abc import Mapping
from ipaddress import IPv4Network, ip_network
from pathlib import Path
from typing import Any, Final, NamedTuple

MUNICH: Final = {
    "country": {"iso_code": "DE"},
    "subdivisions": [{"names": {"en": "Bavaria", "de": "Bayern"}}],
    "city": {"names": {"en": "Munich", "de": "München"}},
}
"""As MaxMind and DB-IP write it."""
NETWORKS: Final[Mapping[str, Any]] = {
    "192.0.2.0/25": {"country_code": "JP"},
    "192.0.2.128/25": {"country_code": "FR"},
    "198.51.100.0/24": MUNICH,
    "2001:db8:0:1::/64": {"country_code": "SE"},
    "2001:db8:0:2::/64": {"country_code": "NO"},
}
"""Countries also as ip-location-db writes them; two halves of one stored IPv4 network, two customers of one /48."""


class Number(NamedTuple):
    """A number of one of the format's kinds: 16 (5), 32 (6) or 64 bits (9)."""

    kind: int
    value: int


def write_places(path: Path, networks: Mapping[str, Any] = NETWORKS) -> Path:
    """Write the database, with records of 32 bits; IPv4 is where IPv6 has it, at ::/96."""
    root: list[Any] = [None, None]
    nodes, data, offsets = [root], bytearray(), dict[str, int]()
    for name, said in networks.items():
        network = ip_network(name)
        bits = network.prefixlen + (96 if isinstance(network, IPv4Network) else 0)
        number, node = int(network.network_address), root
        for depth in range(bits - 1):
            side = number >> (127 - depth) & 1
            if node[side] is None:
                node[side] = [None, None]
                nodes.append(node[side])
            node = node[side]
        node[number >> (128 - bits) & 1] = name
        offsets[name] = len(data)
        data += _encoded(said)
    numbers = {id(node): number for number, node in enumerate(nodes)}

    def record(value: Any) -> int:
        if value is None:
            return len(nodes)
        return numbers[id(value)] if isinstance(value, list) else len(nodes) + 16 + offsets[value]

    tree = b"".join(record(value).to_bytes(4, "big") for node in nodes for value in node)
    about: dict[str, Any] = {
        "node_count": Number(6, len(nodes)),
        "record_size": Number(5, 32),
        "ip_version": Number(5, 6),
        "binary_format_major_version": Number(5, 2),
        "binary_format_minor_version": Number(5, 0),
        "build_epoch": Number(9, 1),
        "database_type": "Tests",
        "languages": ["en"],
        "description": {"en": "of the tests"},
    }
    path.write_bytes(tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + _encoded(about))
    return path


def _encoded(value: Any) -> bytes:
    if isinstance(value, dict):
        return _head(7, len(value)) + b"".join(_encoded(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return _head(11, len(value)) + b"".join(map(_encoded, value))
    if isinstance(value, Number):
        size = {5: 2, 6: 4, 9: 8}[value.kind]
        return _head(value.kind, size) + value.value.to_bytes(size, "big")
    text = value.encode()
    return _head(2, len(text)) + text


def _head(kind: int, size: int) -> bytes:
    assert size < 29 or kind == 2
    more = b"" if size < 29 else bytes([size - 29])
    if kind > 7:
        return bytes([min(size, 29), kind - 7]) + more
    return bytes([kind << 5 | min(size, 29)]) + more
