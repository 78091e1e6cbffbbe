"""The table `api_keys`: keys beside the one that an application was made with."""

from collections.abc import Iterable, Mapping
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
    """Return the application's further keys, oldest first, revoked ones too; never their hashes."""
    return fetch_all(tx, "api_keys/list_rows", {"application_id": application_id})


def revoke(tx: Transaction, application_id: UUID, key_id: UUID) -> bool:
    """End the use of a key; whether there was one in use."""
    revoked = execute(tx, "api_keys/revoke", {"application_id": application_id, "id": key_id})
    applications.touch(tx, application_id)
    return revoked == 1


def find(tx: Transaction, application_id: UUID, key_id: UUID) -> Row | None:
    """One further key, a revoked one too; never its hash."""
    return fetch_one(tx, "api_keys/find", {"application_id": application_id, "id": key_id})


def update(
    tx: Transaction,
    application_id: UUID,
    key_id: UUID,
    *,
    name: str | None,
    permissions: Iterable[str],
    expires_at: datetime | None,
) -> None:
    """Write the columns of a key that its owner may change."""
    params = {
        "application_id": application_id,
        "id": key_id,
        "name": name,
        "permissions": Jsonb(dict.fromkeys(permissions, True)),
        "expires_at": expires_at,
    }
    execute(tx, "api_keys/update", params)
    applications.touch(tx, application_id)


def limit(tx: Transaction, application_id: UUID, key_id: UUID, *, seconds: int) -> None:
    """Let a key count for so many seconds more at the most."""
    execute(tx, "api_keys/limit", {"application_id": application_id, "id": key_id, "seconds": seconds})
    applications.touch(tx, application_id)


def keep_first(tx: Transaction, application_id: UUID, *, name: str, permissions: Iterable[str], seconds: int) -> None:
    """Let the application's first key count for so many seconds more, when another is about to take its place."""
    params = {
        "application_id": application_id,
        "name": name,
        "permissions": Jsonb(dict.fromkeys(permissions, True)),
        "seconds": seconds,
    }
    execute(tx, "api_keys/keep_first", params)


def note_uses(tx: Transaction, uses: Mapping[str, datetime]) -> None:
    """Write when keys, by their hashes, were last used. No change of the application: receivers need not hear of it."""
    params = {"hashes": list(uses), "times": list(uses.values())}
    execute(tx, "applications/note_uses", params)
    execute(tx, "api_keys/note_uses", params)


def first_of(tx: Transaction, application_id: UUID) -> Row:
    """`created_at` and `last_used_at` of an application's first key."""
    row = fetch_one(tx, "applications/first_of", {"application_id": application_id})
    assert row is not None  # Whoever asks has read the application in the same transaction.
    return row
