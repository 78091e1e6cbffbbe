"""`batch_queue`: what must outlive Redis, failed for good or waiting for Redis (decision 0009)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from tracker.store.database import Transaction
from tracker.store.queries import Row, execute, fetch_all, fetch_one


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """One row. `tracking_data` is JSON; where it is not, `add` keeps it as `{"raw": "..."}`."""

    id: UUID
    tracking_data: bytes
    priority: int = 0
    retry_count: int = 0
    max_retries: int = 3
    status: str = "queued"
    processed_at: datetime | None = None
    error_message: str | None = None
    created_at: datetime
    updated_at: datetime


def add(tx: Transaction, rows: Sequence[QueueRow]) -> None:
    """Keep entries. One that is there already stays as it is, unless the new one says that it failed."""
    for query, some in (
        ("batch_queue/add_waiting", {row.id: row for row in rows if row.status != "failed"}),
        ("batch_queue/add_failed", {row.id: row for row in rows if row.status == "failed"}),
    ):
        if some:
            entries = orjson.dumps([_as_json(row) for row in some.values()]).decode()
            execute(tx, query, {"entries": entries})


def put_waiting(tx: Transaction, rows: Sequence[QueueRow]) -> None:
    """Keep entries that are to be stored anew; those of the same ids, whatever became of them, give way."""
    execute(tx, "batch_queue/put_waiting", {"entries": orjson.dumps([_as_json(row) for row in rows]).decode()})


def erase_of_import(
    tx: Transaction, application_id: UUID, priority: int, *, until: datetime, limit: int
) -> list[datetime]:
    """Delete some of an import's entries that were accepted until a time, whatever their status; when each was."""
    params = {"application_id": application_id, "priority": priority, "until": until, "limit": limit}
    return [row["created_at"] for row in fetch_all(tx, "batch_queue/erase_of_import", params)]


def failed(tx: Transaction, *, limit: int, app_id: str | None = None) -> list[QueueRow]:
    """Return the entries that failed for good, the latest first."""
    rows = fetch_all(tx, "batch_queue/failed", {"limit": limit, "app_id": app_id})
    return [QueueRow(**row) for row in rows]


def failed_ids(tx: Transaction, *, app_id: str | None = None, reason: str | None = None) -> list[UUID]:
    """Return the ids of all entries that failed for good, the oldest first."""
    params = {"app_id": app_id, "reason": reason}
    return [row["id"] for row in fetch_all(tx, "batch_queue/failed_ids", params)]


def failed_reasons(tx: Transaction, *, limit: int, app_id: str | None = None) -> list[Row]:
    """Return `id`, `app_id`, `reason` and `failed_at` of the entries that failed for good, the latest first."""
    return fetch_all(tx, "batch_queue/failed_reasons", {"limit": limit, "app_id": app_id})


def failed_summary(tx: Transaction, *, looked_at: int) -> list[Row]:
    """Return what failed, of the last so many entries.

    These are `app_id`, `reason`, `hits`, and when the `latest` of them failed.
    """
    return fetch_all(tx, "batch_queue/failed_summary", {"looked_at": looked_at})


def get(tx: Transaction, entry_id: UUID) -> QueueRow | None:
    """One entry, whatever its status."""
    row = fetch_one(tx, "batch_queue/get", {"id": entry_id})
    return None if row is None else QueueRow(**row)


def take_for_retry(tx: Transaction, entry_id: UUID) -> QueueRow | None:
    """One failed entry, locked until the transaction ends; None where there is none.

    Its row may stay until the hit is stored: the worker that stores a hit deletes its failed row
    (`forget_failed`), so that an entry which is lost on its way back still stands here.
    """
    row = fetch_one(tx, "batch_queue/take_for_retry", {"id": entry_id})
    return None if row is None else QueueRow(**row)


def edit(tx: Transaction, entry_id: UUID, tracking_data: bytes, now: datetime) -> None:
    """Give one failed entry, which `take_for_retry` has locked, another text: JSON without NUL."""
    execute(tx, "batch_queue/edit", {"id": entry_id, "tracking_data": tracking_data.decode(), "now": now})


def discard(tx: Transaction, entry_id: UUID, *, imported: int) -> bool:
    """Give up one failed entry; False where there is none. The ledger notes it, unless its priority is `imported`."""
    row = fetch_one(tx, "batch_queue/discard", {"id": entry_id, "imported": imported})
    return row is not None and row["discarded"] == 1


def forget_failed(tx: Transaction, entry_ids: Sequence[UUID]) -> None:
    """Delete the failed rows of hits that this transaction stores, or finds stored."""
    # An array as text: adapting a hundred UUIDs one by one takes longer than the statement itself.
    execute(tx, "batch_queue/forget_failed", {"ids": f"{{{','.join([entry_id.hex for entry_id in entry_ids])}}}"})


def take_waiting(tx: Transaction, *, limit: int) -> list[QueueRow]:
    """Entries that wait for Redis, locked until the transaction ends; those that another has locked are left to it."""
    return [QueueRow(**row) for row in fetch_all(tx, "batch_queue/take_waiting", {"limit": limit})]


def complete(tx: Transaction, entry_ids: Sequence[UUID], now: datetime) -> None:
    """They are in the pipeline."""
    execute(tx, "batch_queue/complete", {"ids": list(entry_ids), "now": now})


def delete_completed(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Forget the oldest of the entries that were taken in before a time; how many."""
    return execute(tx, "batch_queue/delete_completed", {"before": before, "limit": limit})


def count_by_status(tx: Transaction) -> dict[str, int]:
    """Return how many entries there are of each status; absent where there is none."""
    return {row["status"]: row["count"] for row in fetch_all(tx, "batch_queue/count_by_status")}


def count_at_most(tx: Transaction, status: str, *, limit: int) -> int:
    """Return how many entries have a status, counted no further than `limit`."""
    row = fetch_one(tx, "batch_queue/count_at_most", {"status": status, "limit": limit})
    return 0 if row is None else int(row["count"])


def storable(data: bytes) -> bytes:
    """JSON that jsonb takes: `data` itself, or, where it is no JSON or holds NUL, its text as `{"raw": "..."}`."""
    try:
        orjson.loads(data)
    except ValueError:
        return _raw(data)
    # An escaped backslash before "u0000" looks the same and is harmless, and is wrapped too: nothing is lost by it.
    return _raw(data) if b"\\u0000" in data else data


def _raw(data: bytes) -> bytes:
    text = data.decode(errors="backslashreplace").replace("\0", r"\x00")
    return orjson.dumps({"raw": text})


def _as_json(row: QueueRow) -> dict[str, object]:
    return {
        "id": row.id,
        "tracking_data": orjson.Fragment(storable(row.tracking_data)),
        "priority": row.priority,
        "retry_count": row.retry_count,
        "max_retries": row.max_retries,
        "status": row.status,
        "processed_at": row.processed_at,
        "error_message": None if row.error_message is None else row.error_message.replace("\0", r"\x00"),
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
