"""`facts_tallies`: counts by day of an application's facts, for as long as its files are those they were made of."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from uuid import UUID

from tracker.store import facts_files
from tracker.store.database import Transaction
from tracker.store.facts_files import FactsFile
from tracker.store.queries import execute, fetch_all, fetch_one


@dataclass(frozen=True, slots=True)
class TallyRow:
    """Of which days (of the site's time zone) a tally is, and after how many minutes its visits were over."""

    id: UUID
    zone: str
    first: date
    last: date
    timeout_minutes: int
    kinds: Sequence[str]
    """The dimensions that it has."""
    first_date: date
    last_date: date
    """Of the files (UTC) that it is about."""


@dataclass(frozen=True, slots=True)
class TallyContent:
    """What a tally says, as Parquet, and whether it is as it was noted."""

    body: bytes
    is_whole: bool


@dataclass(frozen=True, slots=True)
class FilesOfDates:
    """All files of some dates (UTC), in their order."""

    first: date
    last: date
    files: Sequence[FactsFile]

    @property
    def facts(self) -> int:
        return sum(file.facts for file in self.files)


def find(tx: Transaction, application_id: UUID) -> TallyRow | None:
    """Return the tally of an application, without its content."""
    row = fetch_one(tx, "facts_tallies/find", {"application_id": application_id})
    return None if row is None else TallyRow(**row)


def content(tx: Transaction, tally_id: UUID) -> TallyContent | None:
    """Return a tally as Parquet; None where it has gone."""
    row = fetch_one(tx, "facts_tallies/content", {"id": tally_id})
    if row is None:
        return None
    body = bytes(row["content"])
    return TallyContent(body, _checksum(body) == row["checksum"])


def remove(tx: Transaction, tally_id: UUID) -> bool:
    """Forget a tally, so that it is made anew; whether it was still there."""
    return execute(tx, "facts_tallies/remove", {"id": tally_id}) > 0


def wanting(
    tx: Transaction, first: date, last: date, *, facts: int, seconds: float, left_out: int
) -> list[tuple[str, date]]:
    """Return the app_ids of those with so many facts in these days (UTC) and no tally of them, and the last day of it.

    That is the last of all days which together have rested for so long, where at most so many are left out behind.
    """
    params = {"first": first, "last": last, "facts": facts, "seconds": seconds, "left_out": left_out}
    return [(row["app_id"], row["last"]) for row in fetch_all(tx, "facts_tallies/wanting", params)]


def missing(tx: Transaction, first: date, last: date, *, facts: int, left_out: int) -> list[tuple[str, datetime]]:
    """Return the app_ids of those with so many facts in these days (UTC) and no tally, and when one of them changed.

    One that was made before the last days, but for so many, is none.
    """
    params = {"first": first, "last": last, "facts": facts, "left_out": left_out}
    return [(row["app_id"], row["changed_at"]) for row in fetch_all(tx, "facts_tallies/missing", params)]


def lock(tx: Transaction, application_id: UUID) -> bool:
    """Hold an application's files until the transaction ends; whether nobody was changing them."""
    row = fetch_one(tx, "facts_tallies/lock", {"application_id": application_id})
    return row is not None and bool(row["is_held"])


def put(tx: Transaction, application_id: UUID, tally: TallyRow, made_of: FilesOfDates, body: bytes) -> bool | None:
    """Note a tally, if the files of these dates are still those that it was made of; whether they are.

    None where somebody is changing files of the application: it is to be tried again.
    """
    if not lock(tx, application_id):
        return None
    present = facts_files.of_days(tx, application_id, made_of.first, made_of.last)
    if [file.id for file in present] != [file.id for file in made_of.files]:
        return False
    kept = {"content": body, "checksum": _checksum(body)}
    execute(tx, "facts_tallies/put", {**asdict(tally), **kept, "application_id": application_id})
    return True


def _checksum(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=16).hexdigest()
