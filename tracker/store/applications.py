"""The table `applications`, and the snapshot of one with all that belongs to it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tracker.application import ApiKey, Application, ApplicationIdentity, hash_key
from tracker.errors import UnknownApplication
from tracker.store.database import Transaction
from tracker.store.queries import Jsonb, Row, execute, fetch_all, fetch_one

CHANGEABLE = frozenset(
    {"name", "description", "domain", "api_key_hash", "status", "rate_limit_per_minute", "deleted_at"}
)


def find(tx: Transaction, app_id: str) -> Application | None:
    """Return the application with its settings and usable keys, a deleted one too (flagged).

    Returns None where there is none.
    """
    return find_many(tx, [app_id]).get(app_id)


def changed_at(tx: Transaction, app_id: str) -> datetime | None:
    """Return when the application, or what belongs to its snapshot, was last changed; None where there is none."""
    row = fetch_one(tx, "applications/changed_at", {"app_id": app_id})
    return None if row is None else row["updated_at"]


def existing(tx: Transaction, app_id: str) -> Application:
    """Return the same where there has to be one. Raises UnknownApplication."""
    application = find(tx, app_id)
    if application is None:
        raise UnknownApplication(app_id)
    return application


def identify(tx: Transaction, app_id: str) -> ApplicationIdentity:
    """By what rows name the application, a deleted one too. Raises UnknownApplication."""
    row = fetch_one(tx, "applications/identify", {"app_id": app_id})
    if row is None:
        raise UnknownApplication(app_id)
    return ApplicationIdentity(**row)


def find_many(tx: Transaction, app_ids: Sequence[str]) -> dict[str, Application]:
    """Return the applications among `app_ids` that exist, by app_id, in one statement."""
    rows = fetch_all(tx, "applications/find_many", {"app_ids": list(app_ids)})
    return {row["app_id"]: _application(row) for row in rows}


def find_by_alias(tx: Transaction, names: Sequence[str]) -> dict[str, Application]:
    """Return the applications that have these names as their app_id or as an alias, by that name."""
    rows = fetch_all(tx, "applications/find_by_alias", {"names": list(names)})
    return _named(tx, {row["name"]: row["app_id"] for row in rows})


def find_by_key(tx: Transaction, key_hashes: Sequence[str]) -> dict[str, Application]:
    """Return the applications that these hashes of usable keys belong to, by that hash; the keys may have expired."""
    rows = fetch_all(tx, "applications/find_by_key", {"key_hashes": list(key_hashes)})
    return _named(tx, {row["key_hash"]: row["app_id"] for row in rows})


def _named(tx: Transaction, app_ids: Mapping[str, str]) -> dict[str, Application]:
    applications = find_many(tx, list(set(app_ids.values())))
    return {name: applications[app_id] for name, app_id in app_ids.items() if app_id in applications}


def insert(
    tx: Transaction,
    *,
    app_id: str,
    name: str,
    api_key_hash: str,
    description: str | None = None,
    domain: str | None = None,
    rate_limit_per_minute: int = 1000,
) -> UUID | None:
    """Add an application and return its id; None where the app_id is taken, by a deleted application too."""
    row = fetch_one(
        tx,
        "applications/insert",
        {
            "app_id": app_id,
            "name": name,
            "description": description,
            "domain": domain,
            "api_key_hash": api_key_hash,
            "rate_limit_per_minute": rate_limit_per_minute,
        },
    )
    return row["id"] if row else None


def update(tx: Transaction, app_id: str, changes: Mapping[str, Any]) -> bool:
    """Change the columns that `changes` names (those of CHANGEABLE); whether there is such an application."""
    unknown = changes.keys() - CHANGEABLE
    if unknown:
        raise ValueError(f"applications cannot change {', '.join(sorted(unknown))}")
    return execute(tx, "applications/update", {"app_id": app_id, "changes": Jsonb(dict(changes))}) == 1


def touch(tx: Transaction, application_id: UUID) -> None:
    """Bump `updated_at`: every change to what belongs to an application does so, in its own transaction."""
    execute(tx, "applications/touch", {"application_id": application_id})


def delete(tx: Transaction, app_id: str) -> bool:
    """Mark an application as deleted; whether it was not so before."""
    return execute(tx, "applications/delete", {"app_id": app_id}) == 1


def lock(tx: Transaction, app_id: str) -> None:
    """Keep others from changing the application until `tx` ends; nothing happens where there is none."""
    fetch_one(tx, "applications/lock", {"app_id": app_id})


def app_id_of(tx: Transaction, reference: str) -> str | None:
    """Return the app_id of the application that `reference` names by its id or app_id, a deleted one too."""
    try:
        application_id = UUID(reference)
    except ValueError:
        application_id = None
    row = fetch_one(tx, "applications/app_id_of", {"id": application_id, "app_id": reference})
    return row["app_id"] if row else None


def app_ids_of(tx: Transaction, ids: Collection[UUID]) -> list[str]:
    """Return the app_ids of the applications among `ids` that exist, deleted ones too."""
    return [row["app_id"] for row in fetch_all(tx, "applications/app_ids_of", {"ids": list(ids)})]


def of_key(tx: Transaction, presented: str) -> Application | None:
    """Return the application that a key belongs to, a deleted one too; the key may have expired.

    Returns None for a key of nobody.
    """
    row = fetch_one(tx, "applications/of_key", {"key_hash": hash_key(presented)})
    return find(tx, row["app_id"]) if row else None


def list_rows(
    tx: Transaction,
    *,
    app_id: str | None = None,
    status: str | None = None,
    deleted: bool = False,
    after: tuple[datetime, str] | None = None,
    limit: int | None = None,
) -> list[Row]:
    """Columns of applications, oldest first; `deleted` includes the deleted ones. No hashes of keys.

    `after` is the time of creation and the app_id of the last row of the page before.
    """
    after_created_at, after_app_id = after or (None, None)
    params = {
        "app_id": app_id,
        "status": status,
        "deleted": deleted,
        "after_created_at": after_created_at,
        "after_app_id": after_app_id,
        "limit": limit,
    }
    return fetch_all(tx, "applications/list_rows", params)


def _application(row: Row) -> Application:
    first_key = ApiKey(id=None, key_hash=row["api_key_hash"])
    return Application(
        id=row["id"],
        app_id=row["app_id"],
        status=row["status"],
        deleted=row["deleted"],
        rate_limit_per_minute=row["rate_limit_per_minute"],
        domain=row["domain"],
        settings=row["settings"],
        keys=(first_key, *(_key(key) for key in row["keys"])),
        parameters=tuple(row["parameters"]),
    )


def _key(key: Mapping[str, Any]) -> ApiKey:
    """Return a further key. `permissions` is an object name to true; a name that is not true is not granted."""
    permissions = key["permissions"] if isinstance(key["permissions"], dict) else {}
    expires_at = key["expires_at"]
    return ApiKey(
        id=UUID(key["id"]),
        key_hash=key["key_hash"],
        permissions=frozenset(name for name, granted in permissions.items() if granted is True),
        expires_at=None if expires_at is None else datetime.fromtimestamp(expires_at, UTC),
    )
