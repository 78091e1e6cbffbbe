"""`imports`, `import_runs`, `imported_hits`: what was imported, when, and which hits are of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from tracker.store.access_logs import HitIdentity
from tracker.store.database import Transaction
from tracker.store.queries import Jsonb, Row, execute, fetch_all, fetch_one

NOTED_TOGETHER: Final = 500
"""Hits that a row of `imported_hits` names at most: rows are what is taken out at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBatch:
    """Hits of one import that a transaction has stored, or, with `is_removal`, has taken out to be stored anew."""

    import_id: int
    application_id: UUID
    accepted_at: datetime
    identities: Sequence[HitIdentity]
    is_removal: bool = False


class TakenHits(NamedTuple):
    """What became of hits of an import: stored now, known to be stored before, or queued for the workers."""

    stored: int = 0
    known: int = 0
    queued: int = 0


@dataclass(frozen=True, slots=True)
class NotedHits:
    """A row of `imported_hits`: its id, and the hits that it names."""

    id: int
    identities: list[HitIdentity]


def place(tx: Transaction, application_id: UUID, source: str) -> int:
    """Return the number of an import, which it gets when its log is first seen."""
    row = fetch_one(tx, "imports/place", {"application_id": application_id, "source": source})
    assert row is not None
    return int(row["id"])


def find(tx: Transaction, application_id: UUID, source: str) -> int | None:
    """Return the number of an import; None where nothing was imported under that name."""
    row = fetch_one(tx, "imports/find", {"application_id": application_id, "source": source})
    return None if row is None else int(row["id"])


def list_rows(tx: Transaction, application_id: UUID) -> list[Row]:
    """List an application's imports by name, with their runs, the latest first."""
    return fetch_all(tx, "imports/list_rows", {"application_id": application_id})


def begin_run(tx: Transaction, import_id: int, file: str, started_at: datetime) -> int:
    """Note that a file is going to be read; the run's number."""
    row = fetch_one(tx, "import_runs/begin_run", {"import_id": import_id, "file": file, "started_at": started_at})
    assert row is not None
    return int(row["id"])


def note_run(tx: Transaction, run_id: int, counts: Mapping[str, Any], finished_at: datetime | None) -> None:
    """Note what became of a run's lines, so far where `finished_at` is None."""
    execute(tx, "import_runs/note_run", {"id": run_id, "counts": Jsonb(dict(counts)), "finished_at": finished_at})


def note_stored(tx: Transaction, batches: Sequence[StoredBatch]) -> None:
    """Note hits that this transaction has stored."""
    rows = []
    for batch in batches:
        ids, times = zip(*batch.identities, strict=True)
        rows.append(
            {
                "import_id": batch.import_id,
                "application_id": batch.application_id,
                "accepted_at": batch.accepted_at,
                "first_at": min(times),
                "last_at": max(times),
                "hits": -len(ids) if batch.is_removal else len(ids),
                "ids": [] if batch.is_removal else ids,
                "times": [] if batch.is_removal else times,
            }
        )
    execute(tx, "imported_hits/note_stored", {"stored": orjson.dumps(rows).decode()})


def has_stored(tx: Transaction, import_id: int) -> bool:
    """Tell whether any hit of an import was stored."""
    [row] = fetch_all(tx, "imported_hits/has_stored", {"import_id": import_id})
    return bool(row["has"])


def take_stored(tx: Transaction, import_id: int, *, until: datetime, limit: int) -> list[NotedHits]:
    """Take some of the hits that were queued until a time, locked until the transaction ends; fewer rows are all."""
    rows = fetch_all(tx, "imported_hits/take_stored", {"import_id": import_id, "until": until, "limit": limit})
    return [NotedHits(row["id"], list(zip(row["ids"], row["times"], strict=True))) for row in rows]


def forget_stored(tx: Transaction, rows: Sequence[NotedHits]) -> None:
    """Forget hits that are gone."""
    execute(tx, "imported_hits/forget_stored", {"ids": [row.id for row in rows]})


def delete_old(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Forget some of the hits that lie before a time; how many rows."""
    return execute(tx, "imported_hits/delete_old", {"before": before, "limit": limit})


def hold_off_erasures(tx: Transaction) -> None:
    """Let erasures wait for this transaction, which writes what stands in no queue."""
    execute(tx, "imported_hits/hold_off_erasures", {})


def wait_for_writers(tx: Transaction) -> None:
    """Wait until every transaction has ended that holds erasures off; later ones wait for this one."""
    execute(tx, "imported_hits/wait_for_writers", {})
