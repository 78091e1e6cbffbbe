"""What the PostgreSQL server says about itself, for health checks."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tracker.store.database import Transaction
from tracker.store.queries import SQL, execute, fetch_all, fetch_one

OLDEST_MAJOR = 14
"""The oldest PostgreSQL that is served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresFacts:
    """The server at one moment. `revision` is the last migration applied, None for a database that has none."""

    version_number: int
    encoding: str
    time_zone: str
    in_recovery: bool
    clock: datetime
    revision: str | None
    bytes: int
    connections_allowed: int
    connections_open: int
    fsync: bool
    synchronous_commit: str
    """Of this session: the role's, the database's or the server's."""
    role: str
    owns_tables: bool | None
    """Whether the session's role may do what takes their owner; None where there are no tables yet."""
    data_folder: str | None
    """The server's own folder, where it runs on this machine and the role may know."""


def server_facts(tx: Transaction) -> PostgresFacts:
    facts = fetch_one(tx, "server/server_facts")
    assert facts is not None
    migrated = facts.pop("migrated")
    return PostgresFacts(**facts, revision=applied_revision(tx) if migrated else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Locks:
    """The locks that a statement on all months takes, and how many the server has room for, for everybody together."""

    needed: int
    room: int
    per_transaction: int


def locks(tx: Transaction) -> Locks:
    row = fetch_one(tx, "server/locks")
    assert row is not None
    return Locks(**row)


def collation_versions(tx: Transaction) -> tuple[str | None, str | None]:
    """By which version of the collation indexes were built and by which they are read; from PostgreSQL 15 on."""
    row = fetch_one(tx, "server/collation_versions")
    return (None, None) if row is None else (row["built_by"], row["read_by"])


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingRight:
    """Privileges that a role lacks on something of the product's, and the statement that gives them."""

    role: str
    name: str
    missing: str
    statement: str


def missing_rights(tx: Transaction) -> Sequence[MissingRight]:
    """Return what this session's role lacks of what deploy/postgres/roles.sql gives to `tracker_app`."""
    return [MissingRight(**row) for row in fetch_all(tx, "server/missing_rights", {"tables": _own_tables()})]


def missing_owner_rights(tx: Transaction) -> Sequence[str]:
    """Return what this session's role lacks to migrate and to make months, as parts of a sentence."""
    return [row["missing"] for row in fetch_all(tx, "server/missing_owner_rights", {"tables": _own_tables()})]


def _own_tables() -> list[str]:
    made = re.findall(r"^CREATE TABLE (\w+)", (SQL / "schema.sql").read_text(encoding="utf-8"), re.MULTILINE)
    return [*made, "alembic_version"]


def server_time(tx: Transaction) -> datetime:
    """Return the server's time, now and not when the transaction began."""
    row = fetch_one(tx, "server/server_time")
    assert row is not None
    time: datetime = row["now"]
    return time


def write(tx: Transaction) -> None:
    """Write a row of no meaning: whoever commits it has seen that the server takes writes."""
    execute(tx, "server/write")


def applied_revision(tx: Transaction) -> str | None:
    """Return the migration that was applied last, of a database that has been migrated at all."""
    row = fetch_one(tx, "server/applied_revision")
    return row["revision"] if row else None


def newest_revision() -> str:
    """Return the migration that this version ends with."""
    return max(path.stem for path in (SQL / "migrations").glob("[0-9]*.sql"))
