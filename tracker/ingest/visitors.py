"""The digests under which statistics know visitors and sessions: 128 bits of SHA-256, as hexadecimal digits.

The functions `statistics_visitor` and `statistics_session` of the schema compute the same from stored rows. What is
digested is unambiguous: a byte that says what follows, and an address says its own length.
"""

from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from ipaddress import ip_address

_DIGITS = 32
_V4 = 4
_OF_CLIENT = b"\x01"
_OF_PAIR = b"\x02"
_ABSENT = b"\x00"
_PRESENT = b"\x01"
_V4_HEAD = bytes((2, 32, 0, 4))
_V6_HEAD = bytes((3, 128, 0, 16))
"""How PostgreSQL sends an INET: its family, the bits of its mask, not a CIDR, the bytes that follow."""

Visitor = str | tuple[str | None, str | None]
"""Decision 0011: `client_sub_id` where it is given, else the pair of `ip_address` and `user_agent`."""


def session_digest(session_id: str) -> str:
    return sha256(session_id.encode()).hexdigest()[:_DIGITS]


def visitor_digest(visitor: Visitor, unusual: Mapping[str, bytes]) -> str:
    """The digest of a visitor; `unusual` holds the bytes of addresses for which `address_bytes` has none."""
    if isinstance(visitor, str):
        return sha256(_OF_CLIENT + visitor.encode()).hexdigest()[:_DIGITS]
    address, agent = visitor
    address_part = _ABSENT if address is None else address_bytes(address) or unusual[address]
    agent_part = _ABSENT if agent is None else _PRESENT + agent.encode()
    return sha256(_OF_PAIR + address_part + agent_part).hexdigest()[:_DIGITS]


@lru_cache(maxsize=10_000)
def address_bytes(address: str) -> bytes | None:
    """The address as PostgreSQL sends it, or None for a spelling that only PostgreSQL can read, such as a network."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    return (_V4_HEAD if parsed.version == _V4 else _V6_HEAD) + parsed.packed
