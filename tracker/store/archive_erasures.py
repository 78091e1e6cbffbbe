"""`archive_erasures`: people whom whoever writes facts takes out of the files of archived months."""

from dataclasses import dataclass
from uuid import UUID

from tracker.store.database import Transaction
from tracker.store.person_rows import Person
from tracker.store.queries import execute, fetch_all, fetch_one


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveErasure:
    """What an erasure asks for."""

    erasure_id: UUID
    application_id: UUID
    client_sub_ids: list[str]
    session_ids: list[str]
    addresses: list[str]


def ask(tx: Transaction, erasure_id: UUID, person: Person) -> None:
    """Ask for a person to be taken out of what is archived; again, where that was done before."""
    execute(tx, "archive_erasures/ask", {"erasure_id": erasure_id, **person.parameters()})


def waiting(tx: Transaction) -> list[ArchiveErasure]:
    return [ArchiveErasure(**row) for row in fetch_all(tx, "archive_erasures/waiting")]


def add(tx: Transaction, erasure_id: UUID, *, facts: int, hits: int) -> None:
    """Count what was erased."""
    execute(tx, "archive_erasures/add", {"erasure_id": erasure_id, "facts": facts, "hits": hits})


def finish(tx: Transaction, erasure_id: UUID) -> None:
    execute(tx, "archive_erasures/finish", {"erasure_id": erasure_id})


def take(tx: Transaction, erasure_id: UUID) -> tuple[int, int] | None:
    """Return how many facts and hits were erased, once; None while that is not done."""
    row = fetch_one(tx, "archive_erasures/take", {"erasure_id": erasure_id})
    return None if row is None else (row["facts"], row["hits"])
