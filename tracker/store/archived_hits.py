"""`archived_hits`: files with all columns of the hits of archived months."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from uuid import UUID

from tracker.store.database import Transaction
from tracker.store.facts_marks import FactsDay
from tracker.store.partitions import Month
from tracker.store.queries import execute, fetch_all


@dataclass(frozen=True, slots=True, kw_only=True)
class HitsFile:
    """All columns of the hits of some hours (UTC, first and last included) of a day of an application."""

    application_id: UUID
    date: date
    first_hour: int
    last_hour: int
    name: str
    """Where it stands below the folder of the facts."""
    hits: int
    bytes: int
    checksum: str
    rows_checksum: str
    """BLAKE2b of its rows as PostgreSQL writes them (`archived_rows.archive_out`)."""
    is_restored: bool = False
    id: int = 0


def of_month(tx: Transaction, month: Month) -> list[HitsFile]:
    """Return the files of a month."""
    return _between(tx, *month.days, None)


def of_day(tx: Transaction, day: FactsDay) -> list[HitsFile]:
    """Return the files of a day of an application."""
    return _between(tx, day[1], day[1], day[0])


def of_application(tx: Transaction, application_id: UUID) -> list[HitsFile]:
    """Return all files of an application."""
    return _between(tx, date.min, date.max, application_id)


def insert(tx: Transaction, file: HitsFile) -> None:
    """Add a file."""
    execute(tx, "archived_hits/insert", asdict(file))


def replace(tx: Transaction, ids: Sequence[int]) -> None:
    """Take files out of the archive."""
    if ids:
        execute(tx, "archived_hits/replace", {"ids": list(ids)})


def replaced(tx: Transaction, *, limit: int) -> list[tuple[int, str]]:
    """Return the number and the name of files that were taken out and may still be on the disk."""
    return [(row["id"], row["name"]) for row in fetch_all(tx, "archived_hits/replaced", {"limit": limit})]


def delete(tx: Transaction, ids: Sequence[int]) -> None:
    """Forget files that are gone from the disk."""
    execute(tx, "archived_hits/delete", {"ids": list(ids)})


def known(tx: Transaction, names: Sequence[str]) -> set[str]:
    """Return those of these names that are files of the archive, or were."""
    return {row["name"] for row in fetch_all(tx, "archived_hits/known", {"names": list(names)})}


def left(tx: Transaction, application_id: UUID) -> bool:
    """Return whether a file of an application that was taken out may still be on the disk."""
    [row] = fetch_all(tx, "archived_hits/left", {"application_id": application_id})
    return bool(row["waiting"])


def note_restored(tx: Transaction, file: HitsFile) -> None:
    """Note that the rows of a file are in PostgreSQL again, in the ledger too."""
    execute(tx, "archived_hits/note_restored", {"id": file.id})


def _between(tx: Transaction, first: date, last: date, application_id: UUID | None) -> list[HitsFile]:
    params = {"first": first, "last": last, "application_id": application_id}
    return [HitsFile(**row) for row in fetch_all(tx, "archived_hits/between", params)]
