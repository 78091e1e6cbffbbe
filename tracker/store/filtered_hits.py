"""`filtered_hits`: how many hits were not counted as visits, per application, hour (its beginning, UTC) and reason."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

import orjson

from tracker.store.database import Transaction
from tracker.store.queries import Row, execute, fetch_all


class FilteredCount(NamedTuple):
    """One count."""

    application_id: UUID
    hour: datetime
    reason: str
    hits: int


ACCEPTED: Final = "accepted"
"""The reason under which hits are counted that were accepted: these go into the ledger."""


def add(tx: Transaction, name: UUID, counts: Sequence[FilteredCount], now: datetime) -> bool:
    """Add to the counts, once for each `name`, which is noted in `batch_jobs`; whether any were left out."""
    rows = orjson.dumps([count._asdict() for count in counts]).decode()
    params = {"id": name, "size": len(counts), "now": now, "counts": rows, "accepted": ACCEPTED}
    return execute(tx, "filtered_hits/add", params) > 0


def list_rows(tx: Transaction, application_id: UUID) -> list[Row]:
    """Return an application's counts, oldest first."""
    return fetch_all(tx, "filtered_hits/list_rows", {"application_id": application_id})


def sums(tx: Transaction, application_id: UUID, start: datetime, end: datetime) -> dict[str, int]:
    """Return how many were left out from `start` until before `end`, by reason, the most frequent first."""
    params = {"application_id": application_id, "start": start, "end": end}
    return {row["reason"]: row["hits"] for row in fetch_all(tx, "filtered_hits/sums", params)}


class RefusedCount(NamedTuple):
    """How many hits of an application were refused because a limit was used up."""

    app_id: str
    limit: str
    hits: int


def refused(tx: Transaction, since: datetime, limits: Sequence[str]) -> list[RefusedCount]:
    """Return how many hits were refused for one of `limits` from the hour `since` on, by application, most first."""
    rows = fetch_all(tx, "filtered_hits/refused", {"since": since, "limits": list(limits)})
    return [RefusedCount(row["app_id"], row["reason"], row["hits"]) for row in rows]
