"""The role behind DATABASE_READ_URL: what it is to read, and what it must not be able to do.

`sql/queries/reading_role/missing.sql` lists what statistics, sessions and exports are made from; a test reads
all of it as this role.
"""

from dataclasses import dataclass
from typing import Final

from tracker.store.connection import PostgresConnection
from tracker.store.database import Transaction
from tracker.store.queries import fetch_all, fetch_one

NAME: Final = "tracker_reader"
"""The role that deploy/postgres/roles.sql makes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingRole:
    """The role of a session: seconds after which its statements end (0: never), and tables that it may write to."""

    name: str
    on_a_replica: bool
    statement_timeout: float
    writable: list[str]


def look(tx: Transaction) -> ReadingRole:
    """Return the role of this session."""
    row = fetch_one(tx, "reading_role/look")
    assert row is not None  # A statement without FROM has one row.
    return ReadingRole(**row)


def unreadable(tx: Transaction) -> list[str]:
    """Return the tables that this session's role cannot read as it has to."""
    return [name for name, _ in _missing(tx, None)]


def grant(connection: PostgresConnection) -> list[str]:
    """Let `tracker_reader`, where there is such a role, read what it has to; the names of the tables new to it.

    For the owner of the tables; several may do it at once. What is granted already is not granted again: that would
    write to the catalogue.
    """
    with connection.transaction():
        # Of two that change the rights of one table at once PostgreSQL refuses one.
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('tracker migrate'))")
        missing = _missing(connection, NAME)
        for _, statement in missing:
            connection.execute(statement.encode())
    return [name for name, _ in missing]


def _missing(tx: Transaction, role: str | None) -> list[tuple[str, str]]:
    return [(row["name"], row["statement"]) for row in fetch_all(tx, "reading_role/missing", {"role": role})]
