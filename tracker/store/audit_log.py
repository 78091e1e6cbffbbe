"""The table `audit_log`: who changed what, and what it was before."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from tracker.store.database import Transaction
from tracker.store.queries import Jsonb, Row, fetch_all, fetch_one


def insert(
    tx: Transaction,
    *,
    actor_kind: str,
    actor_key_id: UUID | None,
    application_id: UUID | None,
    action: str,
    subject: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> tuple[int, datetime]:
    """Note a change; `before` and `after` hold what JSON can. Returns its number and its time."""
    params = {
        "actor_kind": actor_kind,
        "actor_key_id": actor_key_id,
        "application_id": application_id,
        "action": action,
        "subject": subject,
        "before": None if before is None else Jsonb(dict(before)),
        "after": None if after is None else Jsonb(dict(after)),
    }
    row = fetch_one(tx, "audit_log/insert", params)
    assert row is not None
    return row["id"], row["at"]


def list_rows(
    tx: Transaction,
    *,
    application_id: UUID | None = None,
    action: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    after: tuple[datetime, int] | None = None,
    limit: int,
) -> list[Row]:
    """Changes, newest first; `after` is the time and id of the last row of the page before."""
    after_at, after_id = after or (None, None)
    params = {
        "application_id": application_id,
        "action": action,
        "since": since,
        "until": until,
        "after_at": after_at,
        "after_id": after_id,
        "limit": limit,
    }
    return fetch_all(tx, "audit_log/list_rows", params)


def names(tx: Transaction, ids: Collection[UUID]) -> list[Row]:
    """Return `kind`, `id` and `name` of things with these ids, of any application, as far as they are still there.

    The name of a webhook is its URL.
    """
    return fetch_all(tx, "audit_log/names", {"ids": list(ids)})
