"""`erasures`: what was asked to be erased, who is at work on it, and the receipt that is left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import orjson

from tracker.store.database import Transaction
from tracker.store.queries import Jsonb, Row, execute, fetch_all, fetch_one

ErasureKind = Literal["person", "application", "import"]
LEASE_SECONDS = 30.0
"""Whoever has been silent for so long has ended, and another goes on; each transaction of an erasure renews it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """An erasure that is the caller's to work on."""

    id: UUID
    application_id: UUID
    app_id: str
    kind: ErasureKind
    identifiers: Mapping[str, Sequence[str]]
    requested_at: datetime


def insert(
    tx: Transaction,
    *,
    erasure_id: UUID,
    application_id: UUID,
    kind: ErasureKind,
    identifiers: Mapping[str, Sequence[str]],
    digests: Sequence[Mapping[str, str]],
    notes: Sequence[str],
    requested_at: datetime,
) -> None:
    """Note what is to be erased."""
    parameters = {
        "id": erasure_id,
        "application_id": application_id,
        "kind": kind,
        "identifiers": Jsonb(dict(identifiers)),
        "digests": Jsonb(list(digests)),
        "notes": Jsonb(list(notes)),
        "requested_at": requested_at,
    }
    execute(tx, "erasures/insert", parameters)


def open_like(
    tx: Transaction, *, application_id: UUID, kind: ErasureKind, identifiers: Mapping[str, Sequence[str]]
) -> UUID | None:
    """Return the erasure of the very same that is not done yet; None where there is none."""
    parameters = {"application_id": application_id, "kind": kind, "identifiers": Jsonb(dict(identifiers))}
    row = fetch_one(tx, "erasures/open_like", parameters)
    return None if row is None else row["id"]


def claim(tx: Transaction, *, owner: str, now: datetime, erasure_id: UUID | None = None) -> Claimed | None:
    """Take an erasure that nobody is working on, that one or the oldest; None where there is none."""
    parameters = {"owner": owner, "now": now, "id": erasure_id, "seconds": LEASE_SECONDS}
    row = fetch_one(tx, "erasures/claim", parameters)
    return None if row is None else Claimed(**{**row, "identifiers": row["identifiers"] or {}})


def advance(tx: Transaction, erasure_id: UUID, *, owner: str, added: Mapping[str, int]) -> bool:
    """Count what this transaction erases and go on holding the erasure; False where another holds it now."""
    counts = orjson.dumps({place: count for place, count in added.items() if count}).decode()
    parameters = {"id": erasure_id, "owner": owner, "added": counts, "seconds": LEASE_SECONDS}
    return execute(tx, "erasures/advance", parameters) == 1


def give_back(tx: Transaction, erasure_id: UUID, *, owner: str) -> None:
    """Stop working on it: another may go on at once."""
    execute(tx, "erasures/give_back", {"id": erasure_id, "owner": owner})


def finish(tx: Transaction, erasure_id: UUID, *, owner: str, notes: Sequence[str], now: datetime) -> bool:
    """It is done: the identifiers go, the receipt stays; False where another holds it now."""
    parameters = {"id": erasure_id, "owner": owner, "notes": Jsonb(list(notes)), "now": now}
    return execute(tx, "erasures/finish", parameters) == 1


def is_open(tx: Transaction, erasure_id: UUID) -> bool:
    """Return whether it is there and not done."""
    [row] = fetch_all(tx, "erasures/is_open", {"id": erasure_id})
    return bool(row["open"])


def list_rows(
    tx: Transaction,
    application_id: UUID,
    *,
    erasure_id: UUID | None = None,
    after: UUID | None = None,
    limit: int = 100,
) -> list[Row]:
    """Erasures of an application, or the one, the newest first; `after` is the last id of the page before."""
    parameters: dict[str, Any] = {
        "application_id": application_id,
        "id": erasure_id,
        "after": after,
        "limit": limit,
    }
    return fetch_all(tx, "erasures/list_rows", parameters)
