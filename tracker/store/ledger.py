"""`ledger`: what became of the hits that were accepted in each hour (its beginning, UTC), by application."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import orjson

from tracker.store.connection import PostgresConnection
from tracker.store.database import Transaction
from tracker.store.queries import execute, fetch_all, fetch_one

LIMIT_CODE: Final = "RATE_LIMIT_EXCEEDED"
"""The code with which hits over a limit are refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerChange:
    """What is to be added for hits that were accepted in the hour of `accepted_at`."""

    application_id: UUID
    accepted_at: datetime
    accepted: int = 0
    repeated: int = 0
    discarded: int = 0
    erased: int = 0
    written_off: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerHour:
    """One hour of one application. `failed` hits stand in `batch_queue`, `kept` ones wait there for Redis.

    `dropped` hits went in that hour with their month, `restored` ones came back with it. `filtered` hits, by reason,
    and `refused` ones, by code, were never accepted.
    """

    app_id: str
    application_id: UUID
    hour: datetime
    accepted: int
    stored: int
    repeated: int
    discarded: int
    erased: int
    written_off: int
    dropped: int
    restored: int
    failed: int
    kept: int
    filtered: Mapping[str, int]
    refused: Mapping[str, int]

    @property
    def open(self) -> int:
        """Return how many accepted hits have become nothing of this yet: those wait in Redis, or are lost."""
        done = self.stored + self.repeated + self.discarded + self.erased + self.written_off + self.failed + self.kept
        return self.accepted - done

    @property
    def waiting(self) -> int:
        """Return how many wait: in `batch_queue`, or in Redis as far as they are not lost."""
        return self.kept + max(0, self.open)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerTotals:
    """All hours and applications together; `written` names those of the counts that were asked about."""

    accepted: int
    stored: int
    repeated: int
    discarded: int
    erased: int
    written_off: int
    failed: int
    kept: int
    written: Sequence[UUID]

    @property
    def done(self) -> int:
        """Return how many hits have left Redis, for whatever."""
        return self.stored + self.repeated + self.discarded + self.erased + self.written_off + self.failed + self.kept


def add(tx: Transaction, changes: Sequence[LedgerChange]) -> None:
    """Append what is to be added; the totals have it from the commit on."""
    if changes:
        execute(tx, "ledger/add_change", {"changes": orjson.dumps([asdict(change) for change in changes]).decode()})


def add_dropped(connection: PostgresConnection, hits: Mapping[str, int]) -> None:
    """Note in the present hour how many hits of each application went with their month."""
    execute(connection, "ledger/add_dropped", {"hits": orjson.dumps(hits).decode()})


def fold_changes(tx: Transaction, *, limit: int) -> int:
    """Add up to `limit` changes to their hours; how many. Any number of processes may do so at a time."""
    row = fetch_one(tx, "ledger/fold_changes", {"limit": limit})
    return 0 if row is None else int(row["changes"])


def hours(
    tx: Transaction,
    start: datetime,
    end: datetime,
    *,
    imported: int,
    limits: Sequence[str] = (),
    application_id: UUID | None = None,
) -> list[LedgerHour]:
    """Return the hours from `start` until before `end`, oldest first, without entries up to the priority `imported`.

    Hits that were left out for one of `limits` count as refused.
    """
    params = {
        "start": start,
        "end": end,
        "imported": imported,
        "limits": list(limits),
        "limit_code": LIMIT_CODE,
        "application_id": application_id,
    }
    return [LedgerHour(**row) for row in fetch_all(tx, "ledger/hours", params)]


def totals(tx: Transaction, *, imported: int, taken: Iterable[UUID]) -> LedgerTotals:
    """Return the sums, and which of the counts named `taken`, which were moved aside in Redis, are in them."""
    row = fetch_one(tx, "ledger/totals", {"imported": imported, "taken": list(taken)})
    assert row is not None
    return LedgerTotals(**row)


def forget_application(tx: Transaction, application_id: UUID) -> None:
    """Take a purged application out of the ledger; in the sums it balances from now on."""
    execute(tx, "ledger/forget_application", {"application_id": application_id})


def delete_old(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Forget up to `limit` hours before a time; how many. The sums keep what they held."""
    return execute(tx, "ledger/delete_old", {"before": before, "limit": limit})


def note_epoch(tx: Transaction, epoch: UUID, now: datetime) -> None:
    """Note which Redis has the counts."""
    execute(tx, "ledger/note_epoch", {"epoch": epoch, "now": now})


def epochs_since(tx: Transaction, since: datetime) -> list[datetime]:
    """Return when a Redis took over that had lost the counts, or never had them."""
    return [row["began_at"] for row in fetch_all(tx, "ledger/epochs_since", {"since": since})]
