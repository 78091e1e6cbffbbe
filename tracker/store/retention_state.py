"""`retention_state` and `deletion_refusals`: by which time was deleted last, which retention runs, what is refused."""

from dataclasses import dataclass
from datetime import datetime

from tracker.store.database import Transaction
from tracker.store.queries import execute, fetch_all, fetch_one


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """The server's time, the time by which was deleted last, and whether the clocks are refused just now."""

    now: datetime
    deleted_as_of: datetime | None
    refused: bool


@dataclass(frozen=True, slots=True)
class DeletionRefusal:
    """Something that is due and is not deleted, why (a sentence), and since when."""

    subject: str
    reason: str
    since: datetime


def look(tx: Transaction) -> Times:
    row = fetch_one(tx, "retention_state/look")
    assert row is not None
    return Times(**row)


def note_deletion(tx: Transaction, time: datetime) -> None:
    """Note the time by which is deleted now, to the hour."""
    execute(tx, "retention_state/note_deletion", {"time": time})


def note_months(tx: Transaction, months: int) -> None:
    """Note TRACKER_RETENTION_MONTHS of the scheduler that works."""
    execute(tx, "retention_state/note_months", {"months": months})


def running_months(tx: Transaction) -> int | None:
    """TRACKER_RETENTION_MONTHS of the scheduler that works or worked last; None where there was none yet."""
    row = fetch_one(tx, "retention_state/running_months")
    return None if row is None else row["retention_months"]


def note_refusal(tx: Transaction, subject: str, kind: str, reason: str) -> bool:
    """Note why something is not deleted; whether it was not refused for a reason of this kind before."""
    return execute(tx, "deletion_refusals/note_refusal", {"subject": subject, "kind": kind, "reason": reason}) > 0


def withdraw_refusal(tx: Transaction, subject: str) -> bool:
    """Note that a thing is deleted again; whether it was refused before."""
    return execute(tx, "deletion_refusals/withdraw_refusal", {"subject": subject}) > 0


def refusals(tx: Transaction) -> list[DeletionRefusal]:
    return [DeletionRefusal(**row) for row in fetch_all(tx, "deletion_refusals/refusals")]
