"""What new hits add to the statistics: one increment per application and hour, in the batch's transaction."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from uuid import UUID

from tracker.hit import Hit
from tracker.ingest.check import Good
from tracker.ingest.visitors import Visitor, address_bytes, session_digest, visitor_digest
from tracker.queueing.entry import Entry
from tracker.store import statistics_increments
from tracker.store.database import Transaction
from tracker.store.statistics_increments import Increment


class _Hour:
    """The hits of one application in one hour, being counted."""

    __slots__ = ("parameters", "received_at", "requests", "sessions", "visitors")

    def __init__(self) -> None:
        self.requests = 0
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
        self._receive(item.claim.entry)

    def _receive(self, entry: Entry) -> None:
        if not entry.is_imported and (self.received_at is None or entry.created_at < self.received_at):
            self.received_at = entry.created_at


def append(tx: Transaction, items: Iterable[Good]) -> None:
    """Append what these hits, which the same transaction has added, are for the statistics."""
    hours: dict[tuple[UUID, date, int], _Hour] = {}
    for item in items:
        time = item.hit.created_at.astimezone(UTC)
        key = (item.hit.application_id, time.date(), time.hour)
        hour = hours.get(key)
        if hour is None:
            hour = hours[key] = _Hour()
        hour.add(item)
    unusual = _unusual_addresses(tx, hours.values())
    statistics_increments.copy(
        tx,
        [
            Increment(
                application_id=application_id,
                date=day,
                hour=number,
                received_at=hour.received_at,
                total_requests=hour.requests,
                visitors={visitor_digest(visitor, unusual) for visitor in hour.visitors},
                sessions=set(map(session_digest, hour.sessions)),
                parameters=hour.parameters,
            )
            for (application_id, day, number), hour in hours.items()
        ],
    )


def _visitor(hit: Hit) -> Visitor:
    return hit.client_sub_id if hit.client_sub_id is not None else (hit.ip_address, hit.user_agent)


def _unusual_addresses(tx: Transaction, hours: Iterable[_Hour]) -> dict[str, bytes]:
    """The bytes of addresses that only PostgreSQL reads; it has stored them a moment ago."""
    addresses: set[str] = set()
    for hour in hours:
        for visitor in hour.visitors:
            if isinstance(visitor, tuple):
                address, _ = visitor
                if address is not None and address_bytes(address) is None:
                    addresses.add(address)
    found = sorted(addresses)
    return dict(zip(found, statistics_increments.address_bytes(tx, found), strict=True)) if found else {}
