"""`instance` and `processes`: which database this is, and who works with it.

The id is made by the migration that makes the table, so that every copy of the database has it too. What tells a copy
from its original is where it lies: the oid of the database and the system identifier of the server, which a replica
shares with its primary. Neither survives a dump and restore, nor `CREATE DATABASE ... TEMPLATE`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tracker.store.database import Transaction
from tracker.store.queries import Row, execute, fetch_all, fetch_one


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseIdentity:
    """One database among all. `name` is for people, and not compared."""

    id: UUID
    oid: int
    system_identifier: str | None
    """None where the role may not know it."""
    name: str

    def is_same_as(self, other: "DatabaseIdentity") -> bool:
        """Return whether both are one database, as far as both know where they lie."""
        servers = {self.system_identifier, other.system_identifier} - {None}
        return (self.id, self.oid) == (other.id, other.oid) and len(servers) <= 1

    def as_json(self) -> dict[str, Any]:
        return {"id": str(self.id), "oid": self.oid, "system_identifier": self.system_identifier, "name": self.name}

    @classmethod
    def of_json(cls, values: Mapping[str, Any]) -> "DatabaseIdentity":
        """Return what `as_json` made; KeyError, TypeError or ValueError for anything else."""
        server = values["system_identifier"]
        return cls(
            id=UUID(values["id"]),
            oid=int(values["oid"]),
            system_identifier=None if server is None else str(server),
            name=str(values["name"]),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.id}, oid {self.oid}, system {self.system_identifier or 'unknown'})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """The database, the Redis that it used last (None before the first), and since when its server runs."""

    database: DatabaseIdentity
    queue_id: UUID | None
    server_started_at: datetime


def get(tx: Transaction) -> Instance:
    row = fetch_one(tx, "instance/get")
    assert row is not None
    return Instance(
        database=_identity(tx, row["id"], row), queue_id=row["queue_id"], server_started_at=row["server_started_at"]
    )


def place(tx: Transaction, database_id: UUID) -> DatabaseIdentity:
    """Return where this session's database lies, if it is the one with this id.

    This is for roles that may not read the table.
    """
    row = fetch_one(tx, "instance/place")
    assert row is not None
    return _identity(tx, database_id, row)


def _identity(tx: Transaction, database_id: UUID, row: Row) -> DatabaseIdentity:
    server = fetch_one(tx, "instance/identity") if row["may_know_server"] else None
    return DatabaseIdentity(
        id=database_id,
        oid=row["oid"],
        system_identifier=None if server is None else server["system_identifier"],
        name=row["name"],
    )


def take_queue(tx: Transaction, queue_id: UUID) -> None:
    """Note that the database works with this Redis."""
    execute(tx, "instance/take_queue", {"queue_id": queue_id})


def renew(tx: Transaction) -> None:
    """Give a copy an identity of its own; it has used no Redis yet."""
    execute(tx, "instance/renew")


def note_process(tx: Transaction, name: str, queue_id: UUID) -> None:
    """Note that a process is there and works with this Redis; who has been silent for long is forgotten."""
    execute(tx, "processes/note_process", {"name": name, "queue_id": queue_id})
    execute(tx, "processes/note_process_silent")


def alive(tx: Transaction, *, seconds: float) -> dict[str, UUID]:
    """Return the processes that have spoken in the last `seconds`, and the Redis that each works with."""
    return {row["name"]: row["queue_id"] for row in fetch_all(tx, "processes/alive", {"seconds": seconds})}
