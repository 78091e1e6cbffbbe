"""The table `api_keys` (specification 2.6): keys beside the one that an application was made with."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from tracker.store import applications
from tracker.store.database import Transaction
from tracker.store.queries import Jsonb, Row, execute, fetch_all, fetch_one


def insert(
    tx: Transaction,
    application_id: UUID,
    *,
    key_hash: str,
    name: str | None = None,
    permissions: Iterable[str] = (),
    expires_at: datetime | None = None,
) -> UUID:
    """Add a key by its hash and return its id. Permissions are stored as an object name to true."""
    params: dict[str, Any] = {
        "application_id": application_id,
        "key_hash": key_hash,
        "name": name,
        "permissions": Jsonb(dict.fromkeys(permissions, True)),
        "expires_at": expires_at,
    }
    row = fetch_one(tx, "api_keys/insert", params)
    assert row is not None
    applications.touch(tx, application_id)
    key_id: UUID = row["id"]
    return key_id


def list_rows(tx: Transaction, application_id: UUID) -> list[Row]:
    """The application's further keys, oldest first, revoked ones too; never their hashes."""
    return fetch_all(tx, "api_keys/list", {"application_id": application_id})


def revoke(tx: Transaction, application_id: UUID, key_id: UUID) -> bool:
    """End the use of a key; whether there was one in use."""
    revoked = execute(tx, "api_keys/revoke", {"application_id": application_id, "id": key_id})
    applications.touch(tx, application_id)
    return revoked == 1
