"""API keys of an application: made, listed, changed, revoked, and replaced without a gap.

The key that an application was made with is its first key. It may do everything, has no row of its own and goes by the
id `first`. It is not revoked but replaced.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal
from uuid import UUID

from tracker.application import PERMISSIONS, Application, hash_key
from tracker.errors import Refused, conflict, invalid, not_found
from tracker.management.application_input import new_api_key
from tracker.management.audit import COMMAND, Actor, note
from tracker.management.known_application import known, locked
from tracker.management.versions import Expected, require
from tracker.store import api_keys, applications, members
from tracker.store.database import Database, Transaction
from tracker.store.queries import Row
from tracker.visible_text import is_visible

FIRST: Final = "first"
DEFAULT_GRACE: Final = 86_400
MAX_GRACE_SECONDS: Final = 30 * 86_400
_MAX_NAME_LENGTH: Final = 255
_FIRST_NAME: Final = "first key"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """A key as its owner sees it; the key itself is shown once, when it is made."""

    id: UUID | Literal["first"]
    name: str | None
    permissions: Mapping[str, bool]
    last_used_at: datetime | None
    expires_at: datetime | None
    is_active: bool
    created_at: datetime


def list_(database: Database, app_id: str) -> list[KeyRow]:
    """Return an application's keys: the first one, then the others, oldest first, revoked ones too."""
    with database.transaction() as tx:
        application = known(tx, app_id)
        return [_first(tx, application), *(_row(row) for row in api_keys.list_rows(tx, application.id))]


def get(database: Database, app_id: str, key_id: str) -> KeyRow:
    """One key. Raises Refused where there is no such application or key."""
    with database.transaction() as tx:
        return key_of(tx, known(tx, app_id), key_id)


def create(
    database: Database,
    app_id: str,
    *,
    permissions: Sequence[str],
    name: str | None = None,
    expires_at: datetime | None = None,
    by: Actor = COMMAND,
) -> tuple[KeyRow, str]:
    """Make a key and return it, this once, beside its row. Raises Refused, also where `by` may less than the key."""
    with database.transaction() as tx:
        application = locked(tx, app_id)
        key_id, api_key = add(tx, application, permissions=permissions, name=name, expires_at=expires_at, by=by)
        return key_of(tx, application, str(key_id)), api_key


def add(
    tx: Transaction,
    application: Application,
    *,
    permissions: Sequence[str],
    name: str | None = None,
    expires_at: datetime | None = None,
    by: Actor,
) -> tuple[UUID, str]:
    """Do the same to a locked application in the caller's transaction; return the key's id and the key itself."""
    granted = _permissions(permissions)
    _check(name, expires_at)
    api_key = new_api_key()
    require_power(tx, by, application, granted, expires_at)
    columns = {"name": name, "permissions": granted, "expires_at": expires_at}
    key_id = api_keys.insert(tx, application.id, key_hash=hash_key(api_key), **columns)  # type: ignore[arg-type]
    note(tx, by, application, "api_key.created", str(key_id), after=columns)
    return key_id, api_key


def update(
    database: Database,
    app_id: str,
    key_id: str,
    changes: Mapping[str, Any],
    *,
    by: Actor = COMMAND,
    expected: Expected = None,
) -> KeyRow:
    """Change the name, permissions or expires_at of a key. Raises Refused, also where `by` may less than the key."""
    with database.transaction() as tx:
        application = locked(tx, app_id)
        key = key_of(tx, application, key_id)
        require(expected, key)
        change(tx, application, key, changes, by=by)
        return key_of(tx, application, key_id)


def change(tx: Transaction, application: Application, key: KeyRow, changes: Mapping[str, Any], *, by: Actor) -> None:
    """Do the same to a key of a locked application in the caller's transaction."""
    if key.id == FIRST:
        raise conflict("The first key may do everything and has no columns to change: rotate it, or make another.")
    if not key.is_active:
        raise conflict("The key is revoked.")
    before: dict[str, Any] = {"name": key.name, "permissions": _granted(key), "expires_at": key.expires_at}
    after = {**before, **changes}
    after["permissions"] = _permissions(after["permissions"])
    _check(changes.get("name"), changes.get("expires_at"))
    require_power(tx, by, application, _granted(key), key.expires_at)
    require_power(tx, by, application, after["permissions"], after["expires_at"])
    if after != before:
        api_keys.update(tx, application.id, key.id, **after)
        note(tx, by, application, "api_key.updated", str(key.id), before=before, after=after)


def revoke(database: Database, app_id: str, key_id: str, *, by: Actor = COMMAND, expected: Expected = None) -> KeyRow:
    """End the use of a key; every receiver follows within 5 seconds. Once is enough: again is no error.

    Raises Refused: NOT_FOUND, CONFLICT for the first key, which is replaced by `rotate`, FORBIDDEN where `by` may less
    than the key.
    """
    with database.transaction() as tx:
        application = locked(tx, app_id)
        key = key_of(tx, application, key_id)
        require(expected, key)
        if key.id == FIRST:
            raise conflict("The first key cannot be revoked: rotate it, with no grace if it must end at once.")
        require_power(tx, by, application, _granted(key), key.expires_at)
        if api_keys.revoke(tx, application.id, key.id):
            active, revoked = {"is_active": True}, {"is_active": False}
            note(tx, by, application, "api_key.revoked", str(key.id), before=active, after=revoked)
        return key_of(tx, application, key_id)


def rotate(
    database: Database,
    app_id: str,
    key_id: str,
    *,
    grace_seconds: int = DEFAULT_GRACE,
    by: Actor = COMMAND,
    expected: Expected = None,
) -> tuple[KeyRow, str]:
    """Make a key that takes the place of another, which counts for `grace_seconds` more.

    Returns the new key's row and, this once, the key. A first key that is replaced counts as a further key with all
    permissions until its grace ends. Raises Refused: NOT_FOUND, CONFLICT for a revoked or an expired key, FORBIDDEN
    where `by` may less than the key.
    """
    if not 0 <= grace_seconds <= MAX_GRACE_SECONDS:
        reason = f"It needs a whole number of seconds from 0 to {MAX_GRACE_SECONDS}."
        raise invalid(f"The grace is not accepted: {reason}", grace_seconds=[reason])
    api_key = new_api_key()
    with database.transaction() as tx:
        application = locked(tx, app_id)
        key = key_of(tx, application, key_id)
        require(expected, key)
        after = {"grace_seconds": grace_seconds}
        if key.id == FIRST:
            _require_first(by)
            if grace_seconds:
                api_keys.keep_first(
                    tx, application.id, name=f"{_FIRST_NAME}, replaced", permissions=PERMISSIONS, seconds=grace_seconds
                )
            applications.update(tx, app_id, {"api_key_hash": hash_key(api_key)})
            note(tx, by, application, "api_key.rotated", FIRST, after=after)
            return _first(tx, application), api_key
        if not key.is_active:
            raise conflict("The key is revoked.")
        if key.expires_at is not None and key.expires_at <= datetime.now(UTC):
            # Its successor would end when it has, which is before it began.
            raise conflict("The key has expired: give it another end first, or make a new one.")
        granted = _granted(key)
        require_power(tx, by, application, granted, key.expires_at)
        new_id = api_keys.insert(
            tx,
            application.id,
            key_hash=hash_key(api_key),
            name=key.name,
            permissions=granted,
            expires_at=key.expires_at,
        )
        api_keys.limit(tx, application.id, key.id, seconds=grace_seconds)
        members.move_key(tx, application.id, key.id, new_id)
        note(tx, by, application, "api_key.rotated", str(key.id), after={**after, "replaced_by": new_id})
        return key_of(tx, application, str(new_id)), api_key


def _permissions(names: Sequence[str]) -> list[str]:
    unknown = [name for name in names if name not in PERMISSIONS]
    if unknown or not names:
        reason = f"It needs some of {', '.join(PERMISSIONS)}."
        wrong = f" ({', '.join(repr(name[:50]) for name in unknown)} is none.)" if unknown else ""
        raise invalid(f"The permissions are not accepted: {reason}{wrong}", permissions=[reason])
    return [name for name in PERMISSIONS if name in names]


def _check(name: str | None, expires_at: datetime | None) -> None:
    if name is not None and (not 1 <= len(name.strip()) <= _MAX_NAME_LENGTH or not is_visible(name)):
        reason = f"It needs 1 to {_MAX_NAME_LENGTH} characters, none of them invisible."
        raise invalid(f"The name is not accepted: {reason}", name=[reason])
    if expires_at is not None and expires_at <= datetime.now(UTC):
        reason = "It is not in the future: to end a key now, revoke it."
        raise invalid(f"The time is not accepted: {reason}", expires_at=[reason])


def require_power(
    tx: Transaction, by: Actor, application: Application, permissions: Sequence[str], expires_at: datetime | None
) -> None:
    """Raise Refused for who grants what they may not do themselves, or takes over a key that may more than theirs.

    Nor one that lasts longer: a key that ends, or a first one within its grace, would otherwise never end.
    """
    if by.kind != "key" or by.key_id is None:
        return
    key_of_caller = next((key for key in application.keys if key.id == by.key_id), None)
    if key_of_caller is None or not all(key_of_caller.may(permission) for permission in permissions):
        raise Refused("FORBIDDEN", 403, "A key may make and change only keys that may no more than itself.")
    row = api_keys.find(tx, application.id, by.key_id)  # The snapshot's time is rounded where it is far away.
    ends = None if row is None else row["expires_at"]
    if ends is not None and (expires_at is None or expires_at > ends):
        raise Refused("FORBIDDEN", 403, "A key that ends may make and change only keys that last no longer.")


def _require_first(by: Actor) -> None:
    if by.kind == "key" and by.key_id is not None:
        raise Refused("FORBIDDEN", 403, "Only the first key itself, or the operator, replaces the first key.")


def key_of(tx: Transaction, application: Application, key_id: str) -> KeyRow:
    """Return a key of an application. Raises Refused where it has no such key."""
    if key_id == FIRST:
        return _first(tx, application)
    try:
        row = api_keys.find(tx, application.id, UUID(key_id))
    except ValueError:
        row = None
    if row is None:
        raise not_found("The application has no such key.")
    return _row(row)


def _first(tx: Transaction, application: Application) -> KeyRow:
    return KeyRow(
        id=FIRST,
        name=_FIRST_NAME,
        permissions=dict.fromkeys(PERMISSIONS, True),
        expires_at=None,
        is_active=True,
        **api_keys.first_of(tx, application.id),
    )


def _row(row: Row) -> KeyRow:
    permissions = row["permissions"] if isinstance(row["permissions"], dict) else {}
    return KeyRow(**{**row, "permissions": {name: True for name, granted in permissions.items() if granted is True}})


def _granted(key: KeyRow) -> list[str]:
    """Return what a key may, of what there still is."""
    return [name for name in PERMISSIONS if name in key.permissions]


def shown(key: KeyRow, api_key: str | None = None) -> dict[str, Any]:
    """Return a key's columns for people and programs, with the key itself where it is shown this once."""
    columns = asdict(key)
    return columns if api_key is None else {"id": columns["id"], "api_key": api_key, **columns}
