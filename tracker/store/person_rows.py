"""The rows of one person: found by identifiers, deleted, and what is left of the sessions that others shared.

The statistics of these rows: `person_statistics`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from tracker.store.access_logs import HitIdentity, within
from tracker.store.database import Transaction
from tracker.store.partitions import Month
from tracker.store.queries import Row, execute, fetch_all, fetch_one


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody whom one application knows by identifiers; each row with any of them is this person's."""

    application_id: UUID
    app_id: str
    client_sub_ids: tuple[str, ...] = ()
    session_ids: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    """As they are stored."""

    def parameters(self) -> dict[str, Any]:
        """Return what every statement about a person asks for."""
        return {
            "application_id": self.application_id,
            "client_sub_ids": list(self.client_sub_ids),
            "session_ids": list(self.session_ids),
            "addresses": list(self.addresses),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasedHit:
    """A hit that is gone, as far as the statistics of its day and the session need to know it; never kept."""

    id: int
    created_at: datetime
    hour: int
    client_sub_id: str | None
    ip_address: str | None
    user_agent: str | None
    session_id: str | None
    visitor: UUID


@dataclass(frozen=True, slots=True)
class ErasedText:
    """How often a parameter had a text in an hour; None for a value that was NULL."""

    hour: int
    key: str
    text: str | None
    count: int


def bounds(day: date) -> dict[str, datetime]:
    """Return the first moment of a day (UTC) and of the next."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return {"start": start, "end": start + timedelta(days=1)}


def days_stored(tx: Transaction, month: Month) -> set[date]:
    """Return the days of a month on which anybody has a hit, or a session its last one."""
    bounds_of_month = {"start": month.start, "end": month.plus(1).start}
    return {row["day"] for row in fetch_all(tx, "access_logs/days_stored", bounds_of_month)}


def hits_of(tx: Transaction, person: Person, day: date, *, limit: int) -> list[HitIdentity]:
    """Some of the person's hits of a day; fewer than `limit` are all."""
    rows = fetch_all(tx, "access_logs/hits_of", {**person.parameters(), **bounds(day), "limit": limit})
    return [(row["id"], row["created_at"]) for row in rows]


def erase_values(tx: Transaction, identities: Sequence[HitIdentity]) -> list[ErasedText]:
    """Delete the parameter values of hits, before these."""
    return [ErasedText(**row) for row in fetch_all(tx, "custom_parameter_values/erase_values", within(identities))]


def erase_hits(tx: Transaction, identities: Sequence[HitIdentity]) -> list[ErasedHit]:
    """Delete hits whose values are gone; those that another has deleted meanwhile are not among the answer."""
    return [ErasedHit(**row) for row in fetch_all(tx, "access_logs/erase_hits", within(identities))]


def count_values(tx: Transaction, identities: Sequence[HitIdentity]) -> int:
    """Return how many parameter values some hits have."""
    return _count(fetch_one(tx, "custom_parameter_values/count_values", within(identities)))


def sessions_of(tx: Transaction, person: Person, day: date) -> list[str]:
    """Return the ids of the person's sessions whose last hit lies within a day."""
    rows = fetch_all(tx, "sessions/sessions_of", {**person.parameters(), **bounds(day)})
    return [row["session_id"] for row in rows]


def sessions_extent(tx: Transaction) -> tuple[datetime, datetime] | None:
    """Return the times of the first and of the last session's last hit, of all applications.

    Returns None where there is none.
    """
    row = fetch_one(tx, "sessions/sessions_extent")
    return None if row is None or row["first"] is None else (row["first"], row["last"])


def erase_sessions(tx: Transaction, person: Person, session_ids: Sequence[str]) -> tuple[int, int]:
    """Delete those of the application's sessions that only the person had; how many, and how many stay for others."""
    # By a statement of its own: the next one then sees what workers that held these sessions have written.
    params = {"application_id": person.application_id, "named": list(session_ids)}
    locked = fetch_all(tx, "sessions/erase_sessions_lock", params)
    if not locked:
        return 0, 0
    parameters = {
        **person.parameters(),
        # One that begins only now is found by the next round; its time is not known here.
        "named": [session["session_id"] for session in locked],
        "first": min(session["first_accessed_at"] for session in locked),
        "last": max(session["last_accessed_at"] for session in locked),
    }
    [row] = fetch_all(tx, "sessions/erase_sessions", parameters)
    return row["deleted"], row["changed"]


def erase_queued(tx: Transaction, person: Person, *, limit: int) -> list[datetime]:
    """Delete some of the person's rows of `batch_queue`, whatever their status; when each was accepted."""
    rows = fetch_all(tx, "batch_queue/erase_queued", {**_in_json(person), "limit": limit})
    return [row["created_at"] for row in rows]


def count_queued(tx: Transaction, person: Person) -> int:
    """Return how many rows of `batch_queue` are the person's."""
    return _count(fetch_one(tx, "batch_queue/count_queued", _in_json(person)))


def erase_deliveries_of_hits(tx: Transaction, person: Person, event_ids: Sequence[str]) -> int:
    """Delete webhook deliveries about hits; how many."""
    parameters = {"application_id": person.application_id, "event_ids": list(event_ids)}
    return execute(tx, "webhook_deliveries/erase_deliveries_of_hits", parameters)


def count_deliveries_of_hits(tx: Transaction, person: Person, event_ids: Sequence[str]) -> int:
    """Return how many webhook deliveries there are about hits."""
    parameters = {"application_id": person.application_id, "event_ids": list(event_ids)}
    return _count(fetch_one(tx, "webhook_deliveries/count_deliveries_of_hits", parameters))


def erase_deliveries(tx: Transaction, person: Person, *, after: int, limit: int) -> tuple[int | None, int]:
    """Look through `limit` webhook deliveries after an id, and delete those whose payload names the person.

    The last id that was looked at, None where there are no more; and how many were deleted.
    """
    parameters = {**person.parameters(), "after": after, "limit": limit}
    [row] = fetch_all(tx, "webhook_deliveries/erase_deliveries", parameters)
    return (row["last"] if row["looked_at"] == limit else None), row["deleted"]


def count_deliveries(tx: Transaction, person: Person, *, after: int, limit: int) -> tuple[int | None, int]:
    """As `erase_deliveries`, but only count those that name the person, those about hits aside."""
    parameters = {**person.parameters(), "after": after, "limit": limit}
    [row] = fetch_all(tx, "webhook_deliveries/count_deliveries", parameters)
    return (row["last"] if row["looked_at"] == limit else None), row["count"]


def _in_json(person: Person) -> dict[str, Any]:
    names = (*person.client_sub_ids, *person.session_ids, *person.addresses)
    return {
        **person.parameters(),
        "app_id": person.app_id,
        # In quotes: `shop` is no part of another application's `shop-2`.
        "quoted_app_id": _quoted(person.app_id),
        "quoted": [_quoted(name) for name in names],
    }


def _quoted(name: str) -> str:
    return orjson.dumps(name).decode()


def _count(row: Row | None) -> int:
    assert row is not None
    return int(row["count"])
