"""Applications: made, listed, changed, deleted."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from tracker.application import Application, Status, hash_key
from tracker.errors import Refused, conflict
from tracker.management import application_input
from tracker.management.audit import COMMAND, Actor, note
from tracker.management.known_application import known, locked, unknown
from tracker.management.operator_limits import RATE_LIMIT, require_rate_limit
from tracker.management.parameters import write_preset
from tracker.management.versions import Expected, columns_changed, require
from tracker.outbox.event_types import APPLICATION_UPDATED
from tracker.store import application_settings, applications
from tracker.store.database import Database, Transaction

_ATTEMPTS = 3
"""Two app_ids that were drawn never were the same yet; the loop is there so that it would not matter."""
DEFAULT_RATE_LIMIT: Final = 1000
"""Hits a minute."""
OPERATED: Final = frozenset({"status", "rate_limit_per_minute"})
"""What the first key, but no key with `settings:write` alone, changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationRow:
    """An application's columns as its owner sees them: no hash of a key."""

    id: UUID
    app_id: str
    name: str
    description: str | None
    domain: str | None
    status: Status
    rate_limit_per_minute: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None


def create(
    database: Database,
    *,
    name: str,
    domain: str | None = None,
    app_id: str | None = None,
    rate_limit: int = DEFAULT_RATE_LIMIT,
    preset: str | None = None,
    description: str | None = None,
    by: Actor = COMMAND,
) -> tuple[Application, str]:
    """Make an application, with a preset's parameter definitions where one is named, and its first API key.

    Without an `app_id` one is drawn that cannot be guessed. The key is returned this once and stored as its hash.
    `rate_limit` is hits a minute. Raises Refused: VALIDATION_ERROR for what is not accepted, CONFLICT for an app_id
    that is taken (one of a deleted application stays so), NOT_FOUND for an unknown preset.
    """
    given = {"name": name, "description": description, "domain": domain, "rate_limit_per_minute": rate_limit}
    columns = application_input.checked(given)
    chosen = None if app_id is None else application_input.app_id_of(app_id)
    api_key = application_input.new_api_key()
    with database.transaction() as tx:
        if chosen is not None:
            _require_no_alias(tx, chosen)
        made = _insert(tx, chosen, {**columns, "api_key_hash": hash_key(api_key)})
        require_rate_limit(tx, made, made.rate_limit_per_minute, by=by)
        note(tx, by, made, "application.created", made.app_id, after=columns)
        if preset is not None:
            write_preset(tx, made, preset, by=by)
    return made, api_key


def list_(
    database: Database,
    *,
    deleted: bool = False,
    status: str | None = None,
    after: tuple[datetime, str] | None = None,
    limit: int | None = None,
) -> list[ApplicationRow]:
    """Applications, oldest first; `after` is the time of creation and the app_id of the last one of the page before."""
    with database.transaction() as tx:
        rows = applications.list_rows(tx, deleted=deleted, status=status, after=after, limit=limit)
    return [ApplicationRow(**row) for row in rows]


def show(database: Database, app_id: str) -> ApplicationRow:
    """One application, a deleted one too. Raises Refused where there is none."""
    with database.transaction() as tx:
        return _row(tx, app_id)


def update(
    database: Database,
    app_id: str,
    changes: Mapping[str, Any],
    *,
    by: Actor = COMMAND,
    expected: Expected = None,
    seen: Mapping[str, str] | None = None,
) -> ApplicationRow:
    """Change what `changes` names: name, description, domain, status, rate_limit_per_minute.

    `seen` has of columns the version that whoever changes them has looked at (`version_of` the column by its name):
    what is still like that in `changes` is left alone, whatever it has become since.

    Raises Refused: VALIDATION_ERROR for what is not accepted, NOT_FOUND, PRECONDITION_FAILED where the application is
    not what was `expected` or `seen`, FORBIDDEN where a key other than the first one would change status or rate limit,
    or any key would raise the rate limit above what the operator has set, end a suspension or begin one.
    """
    columns = application_input.checked(changes)
    with database.transaction() as tx:
        application = locked(tx, app_id)
        row = _row(tx, app_id)
        require(expected, row)
        before = asdict(row)
        columns = columns_changed(columns, before, seen or {})
        new = {column: value for column, value in columns.items() if value != before[column]}
        # Compared here and not before: what a key says that it leaves alone may have been changed since it was read.
        if new.keys() & OPERATED and by.kind == "key" and by.key_id is not None:
            raise Refused("FORBIDDEN", 403, "Status and rate limit need the first key or the admin token.")
        if RATE_LIMIT in (columns if by.kind != "key" else new):
            require_rate_limit(tx, application, columns[RATE_LIMIT], by=by)
        if "status" in new and by.kind == "key" and "suspended" in (row.status, new["status"]):
            raise Refused("FORBIDDEN", 403, "Only the operator suspends an application, and activates it again.")
        if new:
            applications.update(tx, app_id, new)
            old = {column: before[column] for column in new}
            note(tx, by, application, "application.updated", app_id, before=old, after=new, event=APPLICATION_UPDATED)
        return _row(tx, app_id)


def set_status(
    database: Database, app_id: str, status: Literal["active", "suspended"], *, by: Actor = COMMAND
) -> ApplicationRow:
    """Let an application's hits in or keep them out. Raises Refused where there is no such application."""
    return update(database, app_id, {"status": status}, by=by)


def delete(
    database: Database,
    app_id: str,
    *,
    by: Actor = COMMAND,
    expected: Expected = None,
    also: Callable[[Transaction, Application], object] = lambda *_: None,
) -> ApplicationRow:
    """Delete an application: its hits and keys count no more. Its rows stay, and nobody else gets its app_id.

    `also` is called in the same transaction: whoever was answered with an error can ask again, since nothing of both
    has happened, or all. Raises Refused where there is no such application, or where it is not what was `expected`.
    """
    with database.transaction() as tx:
        application = locked(tx, app_id)
        row = _row(tx, app_id)
        require(expected, row)
        applications.delete(tx, app_id)
        gone = _row(tx, app_id)
        after = {"deleted_at": gone.deleted_at}
        note(tx, by, application, "application.deleted", app_id, before={"deleted_at": None}, after=after)
        also(tx, application)
        return gone


def find_for_hits(database: Database, app_id: str) -> Application:
    """Return the application whose hits somebody brings. Raises Refused where there is none, or it takes none now."""
    with database.transaction() as tx:
        application = known(tx, app_id)
    if not application.takes_hits:
        raise Refused(
            "APPLICATION_INACTIVE",
            403,
            f"The application {app_id!r} is {application.status} and takes no hits: "
            f"`python -m tracker apps activate {app_id}` lets them in.",
        )
    return application


def _row(tx: Transaction, app_id: str) -> ApplicationRow:
    rows = applications.list_rows(tx, app_id=app_id, deleted=True)
    if not rows:
        raise unknown(app_id)
    return ApplicationRow(**rows[0])


def _require_no_alias(tx: Transaction, app_id: str) -> None:
    """Raise Refused (CONFLICT) for an app_id that is an alias of another application: clients would mean either."""
    application_settings.lock_aliases(tx)
    owner = applications.find_by_alias(tx, [app_id]).get(app_id)
    if owner is not None and owner.app_id != app_id and not owner.deleted:
        raise conflict(f"The app_id {app_id!r} is an alias of another application: choose another, or remove it there.")


def _insert(tx: Transaction, chosen: str | None, columns: Mapping[str, Any]) -> Application:
    for _ in range(_ATTEMPTS):
        app_id = chosen or application_input.new_app_id(str(columns["name"]))
        if applications.insert(tx, app_id=app_id, **columns) is not None:
            return known(tx, app_id)
    raise conflict(f"The app_id {chosen!r} is taken (also by a deleted application): choose another, or leave it out.")
