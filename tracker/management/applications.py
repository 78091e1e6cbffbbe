"""Applications: made, listed, suspended and activated again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from tracker.application import Application, Status, hash_key
from tracker.errors import Refused, conflict
from tracker.management import application_input
from tracker.management.known_application import known, unknown
from tracker.management.parameters import write_preset
from tracker.store import applications
from tracker.store.database import Database, Transaction

_ATTEMPTS = 3
"""Two app_ids that were drawn never were the same yet; the loop is there so that it would not matter."""


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
    rate_limit: int = 1000,
    preset: str | None = None,
    description: str | None = None,
) -> tuple[Application, str]:
    """Make an application, with a preset's parameter definitions where one is named, and its first API key.

    Without an `app_id` one is drawn that cannot be guessed. The key is returned this once and stored as its hash.
    `rate_limit` is hits a minute. Raises Refused: VALIDATION_ERROR for what is not accepted, CONFLICT for an app_id
    that is taken (one of a deleted application stays so), NOT_FOUND for an unknown preset.
    """
    columns = {
        "name": application_input.name_of(name),
        "description": description,
        "domain": application_input.domain_of(domain) if domain else None,
        "rate_limit_per_minute": application_input.rate_limit_of(rate_limit),
    }
    chosen = None if app_id is None else application_input.app_id_of(app_id)
    api_key = application_input.new_api_key()
    with database.transaction() as tx:
        made = _insert(tx, chosen, {**columns, "api_key_hash": hash_key(api_key)})
        if preset is not None:
            write_preset(tx, made.id, preset)
    return made, api_key


def list_(database: Database, *, deleted: bool = False) -> list[ApplicationRow]:
    """All applications, oldest first."""
    with database.transaction() as tx:
        return [ApplicationRow(**row) for row in applications.list_rows(tx, deleted=deleted)]


def show(database: Database, app_id: str) -> ApplicationRow:
    """One application, a deleted one too. Raises Refused where there is none."""
    with database.transaction() as tx:
        rows = applications.list_rows(tx, app_id=app_id, deleted=True)
    if not rows:
        raise unknown(app_id)
    return ApplicationRow(**rows[0])


def set_status(database: Database, app_id: str, status: Literal["active", "suspended"]) -> ApplicationRow:
    """Let an application's hits in or keep them out. Raises Refused where there is no such application."""
    with database.transaction() as tx:
        known(tx, app_id)
        applications.update(tx, app_id, {"status": status})
    return show(database, app_id)


def find_for_hits(database: Database, app_id: str) -> Application:
    """The application whose hits somebody brings. Raises Refused where there is none, or it takes none now."""
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


def _insert(tx: Transaction, chosen: str | None, columns: dict[str, str | int | None]) -> Application:
    for _ in range(_ATTEMPTS):
        app_id = chosen or application_input.new_app_id(str(columns["name"]))
        if applications.insert(tx, app_id=app_id, **columns) is not None:  # type: ignore[arg-type] # checked columns
            return known(tx, app_id)
    raise conflict(f"The app_id {chosen!r} is taken (also by a deleted application): choose another, or leave it out.")
