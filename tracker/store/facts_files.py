"""`facts_files` and `facts_folder`: of which files the columnar copy consists, and in which folder they are."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from tracker.store.database import Transaction
from tracker.store.facts_marks import FactsDay
from tracker.store.queries import Row, execute, fetch_all, fetch_one, sql

_CHECKSUMS = 64
"""Digits of two checksums: of the file and of that of its visits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsFile:
    """A file of the copy: the facts of some hours (UTC, first and last included) of a day of an application.

    One of an hour that many files share is about some of its minutes.
    """

    application_id: UUID
    date: date
    first_hour: int
    last_hour: int
    name: str
    """Where it stands below the folder."""
    facts: int
    bytes: int
    checksum: str
    parameters: tuple[str, ...]
    """The custom parameters that it has a column for."""
    first_minute: int = 0
    """Of the first hour."""
    last_minute: int = 59
    """Of the last hour."""
    id: int = 0

    @property
    def first_minute_of_day(self) -> int:
        return 60 * self.first_hour + self.first_minute

    @property
    def last_minute_of_day(self) -> int:
        return 60 * self.last_hour + self.last_minute

    @property
    def start(self) -> datetime:
        """Return when its first minute begins."""
        return self._midnight + timedelta(minutes=self.first_minute_of_day)

    @property
    def end(self) -> datetime:
        """Return when its last minute is over."""
        return self._midnight + timedelta(minutes=self.last_minute_of_day + 1)

    @property
    def _midnight(self) -> datetime:
        return datetime(self.date.year, self.date.month, self.date.day, tzinfo=UTC)

    @property
    def has_visits(self) -> bool:
        """Return whether the file of its visits is beside it: version 0.1 made none, and had one checksum."""
        return len(self.checksum) == _CHECKSUMS


@dataclass(frozen=True, slots=True)
class FolderState:
    """The folder that the database knows (None: none yet), and why nothing can be written there, if so."""

    id: UUID | None
    problem: str | None
    problem_since: datetime | None


def of_days(tx: Transaction, application_id: UUID, first: date, last: date) -> list[FactsFile]:
    """Return the files that hold the facts of these days (UTC), in their order."""
    params = {"application_id": application_id, "first": first, "last": last}
    return list(map(_file, fetch_all(tx, "facts_files/of_days", params)))


def of_each(tx: Transaction, days: Collection[FactsDay]) -> dict[FactsDay, list[FactsFile]]:
    """Return the files that hold the facts of some days, by day, in their order."""
    params = {"application_ids": [day[0] for day in days], "dates": [day[1] for day in days]}
    files: dict[FactsDay, list[FactsFile]] = {day: [] for day in days}
    for file in map(_file, fetch_all(tx, "facts_files/of_each", params)):
        files[file.application_id, file.date].append(file)
    return files


def _file(row: Row) -> FactsFile:
    return FactsFile(**{**row, "parameters": tuple(row["parameters"])})


def insert(tx: Transaction, files: Sequence[FactsFile]) -> None:
    """Add files to the copy."""
    with tx.cursor() as cursor:
        params = [{**asdict(file), "parameters": list(file.parameters)} for file in files]
        cursor.executemany(sql("facts_files/insert"), params)


def replace(tx: Transaction, ids: Sequence[int]) -> None:
    """Take files out of the copy: nobody begins to read them any more."""
    if ids:
        execute(tx, "facts_files/replace", {"ids": list(ids)})


def replaced(tx: Transaction, *, seconds: float, limit: int) -> list[tuple[int, str]]:
    """Return the number and the name of files that were taken out of the copy so long ago."""
    rows = fetch_all(tx, "facts_files/replaced", {"seconds": seconds, "limit": limit})
    return [(row["id"], row["name"]) for row in rows]


def delete(tx: Transaction, ids: Sequence[int]) -> None:
    """Forget files that are gone from the disk."""
    execute(tx, "facts_files/delete", {"ids": list(ids)})


def known(tx: Transaction, names: Sequence[str]) -> set[str]:
    """Return those of these names that are files of the copy, or were a moment ago."""
    return {row["name"] for row in fetch_all(tx, "facts_files/known", {"names": list(names)})}


def present(tx: Transaction, names: Sequence[str]) -> set[str]:
    """Return those of these names that are files of the copy, or were up to a few seconds ago."""
    return {row["name"] for row in fetch_all(tx, "facts_files/present", {"names": list(names)})}


def last(tx: Transaction, application_id: UUID) -> int:
    """Return the number of the latest file of an application; 0 where it has none."""
    [row] = fetch_all(tx, "facts_files/last", {"application_id": application_id})
    return row["id"] or 0


def left(tx: Transaction, application_id: UUID, last: int, *, whole: bool = False) -> bool:
    """Return whether a file up to this number that was taken out is on the disk; with `whole`, whether any file is."""
    params = {"application_id": application_id, "last": last, "whole": whole}
    [row] = fetch_all(tx, "facts_files/left", params)
    return bool(row["waiting"])


def in_pieces(tx: Transaction, *, today: date, seconds: float, facts: int, limit: int) -> list[FactsDay]:
    """Days before `today` in several files, none of them made within so many seconds, and days without visits.

    Days whose files are too large to be joined, each with the next one to more than so many facts, are left alone.
    """
    params = {"today": today, "seconds": seconds, "facts": facts, "limit": limit}
    return [(row["application_id"], row["date"]) for row in fetch_all(tx, "facts_files/in_pieces", params)]


def crowded(tx: Transaction, since: date) -> list[FactsDay]:
    """Return the days from this one on of which an hour has several files."""
    return [(row["application_id"], row["date"]) for row in fetch_all(tx, "facts_files/crowded", {"since": since})]


def replace_all_but(tx: Transaction, months: Sequence[str]) -> int:
    """Take the files of all months but these (YYYY-MM) out of the copy; how many."""
    return execute(tx, "facts_files/replace_all_but", {"months": list(months)})


def days(tx: Transaction, first: date, last: date, application_id: UUID | None = None) -> list[FactsDay]:
    """Return the days of which there are facts, of one application or of all."""
    params = {"application_id": application_id, "first": first, "last": last}
    return [(row["application_id"], row["date"]) for row in fetch_all(tx, "facts_files/days", params)]


def forget(tx: Transaction) -> None:
    """Forget every file: the folder that held them is gone."""
    execute(tx, "facts_files/forget")


def folder(tx: Transaction) -> FolderState | None:
    """Return the folder that holds the copy; None before the first turn."""
    row = fetch_one(tx, "facts_folder/folder")
    return None if row is None else FolderState(**row)


def put_folder(tx: Transaction, folder_id: UUID) -> None:
    """Say that this folder holds the copy from now on."""
    execute(tx, "facts_folder/put_folder", {"id": folder_id})


def note_problem(tx: Transaction, problem: str | None) -> None:
    """Note why nothing can be written to the folder; None: it can."""
    execute(tx, "facts_folder/note_problem", {"problem": problem})
