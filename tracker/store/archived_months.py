"""`archived_months`: months whose files stay when PostgreSQL has dropped their rows."""

from dataclasses import dataclass
from datetime import date, datetime

from tracker.store.database import Transaction
from tracker.store.partitions import Month
from tracker.store.queries import execute, fetch_all


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedMonth:
    """A month that is archived, or is about to be where `dropped_at` and `restored_at` are None."""

    month: Month
    has_hits: bool
    """Whether all columns of its hits are kept, and not the facts alone."""
    dropped_at: datetime | None
    """Since when its files are all there is."""
    restored_at: datetime | None
    """When its rows were brought back; with `dropped_at`, since when they are on their way back."""
    hits: int
    facts_bytes: int
    hits_bytes: int


def look(tx: Transaction) -> list[ArchivedMonth]:
    """Return all of them, the oldest first."""
    return [
        ArchivedMonth(**{**row, "month": Month.parse(row["month"])}) for row in fetch_all(tx, "archived_months/look")
    ]


def dropped(tx: Transaction) -> set[Month]:
    """Return the months of which files are all there is."""
    return {Month.parse(row["month"]) for row in fetch_all(tx, "archived_months/dropped")}


def brought_back(tx: Transaction) -> set[Month]:
    """Return the months that an operator has brought back, or is bringing back: no retention drops them."""
    return {Month.parse(row["month"]) for row in fetch_all(tx, "archived_months/brought_back")}


def find(tx: Transaction, month: Month) -> ArchivedMonth | None:
    return next((archived for archived in look(tx) if archived.month == month), None)


def begin(tx: Transaction, month: Month, *, has_hits: bool) -> bool:
    """Begin to archive a month; False where its rows are gone already."""
    return bool(execute(tx, "archived_months/begin", {"month": month.start.date(), "has_hits": has_hits}))


def is_dropped(tx: Transaction, day: date) -> bool:
    """Return whether the files of the month of a day are all there is of it."""
    [row] = fetch_all(tx, "archived_months/is_dropped", {"date": day})
    return bool(row["dropped"])


def note_dropped(tx: Transaction, month: Month) -> None:
    """Note that the rows of a month go with this transaction."""
    execute(tx, "archived_months/note_dropped", {"month": month.start.date()})


def note_restoring(tx: Transaction, month: Month) -> None:
    """Note that the rows of a month are about to come back: from now on it is dropped at an operator's word only."""
    execute(tx, "archived_months/note_restoring", {"month": month.start.date()})


def note_restored(tx: Transaction, month: Month) -> None:
    """Note that the rows of a month are in PostgreSQL again; who writes facts removes the files they came from."""
    execute(tx, "archived_months/note_restored", {"month": month.start.date()})


def forget(tx: Transaction, month: Month) -> None:
    """Forget a month; who writes facts removes the files with all columns of its hits from the disk."""
    execute(tx, "archived_months/forget", {"month": month.start.date()})
