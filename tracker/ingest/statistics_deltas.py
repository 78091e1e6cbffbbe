"""What new hits add to the statistics: one increment per application and hour, in the batch's transaction.

Visitors and sessions go by digests: 128 bits of SHA-256, as hexadecimal digits. The functions `statistics_visitor` and
`statistics_session` of the schema compute the same from stored rows. What is digested is unambiguous: a byte that says
what follows, and an address says its own length.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache
from hashlib import sha256
from ipaddress import ip_address
from uuid import UUID

from tracker.hit import Hit
from tracker.ingest.check import Good
from tracker.queueing.entry import Entry
from tracker.store import statistics_increments
from tracker.store.database import Transaction
from tracker.store.statistics_increments import Increment

_HOUR_SECONDS = 3600
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
    """Return the digest of a visitor; `unusual` holds the bytes of addresses for which `address_bytes` has none."""
    if isinstance(visitor, str):
        return sha256(_OF_CLIENT + visitor.encode()).hexdigest()[:_DIGITS]
    address, agent = visitor
    address_part = _ABSENT if address is None else address_bytes(address) or unusual[address]
    agent_part = _ABSENT if agent is None else _PRESENT + agent.encode()
    return sha256(_OF_PAIR + address_part + agent_part).hexdigest()[:_DIGITS]


@lru_cache(maxsize=10_000)
def address_bytes(address: str) -> bytes | None:
    """Return the address as PostgreSQL sends it, or None for a spelling that only PostgreSQL reads (a network)."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    return (_V4_HEAD if parsed.version == _V4 else _V6_HEAD) + parsed.packed


class _Hour:
    """The hits of one application in one hour, being counted."""

    __slots__ = ("minutes", "parameters", "received_at", "requests", "sessions", "visitors")

    def __init__(self) -> None:
        self.requests = 0
        self.minutes = 0
        self.received_at: datetime | None = None
        self.visitors: set[Visitor] = set()
        self.sessions: set[str] = set()
        self.parameters: dict[tuple[str, str | None], int] = {}

    def add(self, item: Good) -> None:
        hit = item.hit
        self.requests += 1
        self.visitors.add(_visitor(hit))
        if hit.session_id is not None:
            self.sessions.add(hit.session_id)
        for value in item.values:
            self.parameters[value] = self.parameters.get(value, 0) + 1

    def receive(self, entry: Entry) -> None:
        if not entry.is_imported and (self.received_at is None or entry.created_at < self.received_at):
            self.received_at = entry.created_at


def increments_of(tx: Transaction, items: Iterable[Good]) -> list[Increment]:
    """Return what these hits, which the same transaction has added, are for the statistics."""
    # Those that were accepted in another hour are apart, and so are imported ones, for the ledger counts by that hour.
    hours: dict[tuple[UUID, date, int, int | None], _Hour] = {}
    hour, minute = _Hour(), 0
    last: tuple[datetime, Entry, str] | None = None
    for item in items:
        hit, entry = item.hit, item.claim.entry
        # Lines of a log that name the same second follow each other.
        if last != (same := (hit.created_at, entry, hit.app_id)):
            last = same
            time = hit.utc_time
            accepted = None if entry.is_imported else int(entry.created_at.timestamp()) // _HOUR_SECONDS
            key = (hit.application_id, time.date(), time.hour, accepted)
            hour = hours.get(key) or hours.setdefault(key, _Hour())
            hour.receive(entry)
            minute = 1 << time.minute
        hour.add(item)
        hour.minutes |= minute
    unusual = _unusual_addresses(tx, hours.values())
    return [
        Increment(
            application_id=application_id,
            date=day,
            hour=number,
            received_at=hour.received_at,
            total_requests=hour.requests,
            visitors={visitor_digest(visitor, unusual) for visitor in hour.visitors},
            sessions=set(map(session_digest, hour.sessions)),
            parameters=hour.parameters,
            minutes=hour.minutes,
        )
        for (application_id, day, number, _), hour in hours.items()
    ]


def _visitor(hit: Hit) -> Visitor:
    return hit.client_sub_id if hit.client_sub_id is not None else (hit.ip_address, hit.user_agent)


def _unusual_addresses(tx: Transaction, hours: Iterable[_Hour]) -> dict[str, bytes]:
    """Return the bytes of addresses that only PostgreSQL reads; it has stored them a moment ago."""
    addresses: set[str] = set()
    for hour in hours:
        for visitor in hour.visitors:
            if isinstance(visitor, tuple):
                address, _ = visitor
                if address is not None and address_bytes(address) is None:
                    addresses.add(address)
    spellings = sorted(addresses)
    return dict(zip(spellings, statistics_increments.address_bytes(tx, spellings), strict=True)) if spellings else {}
