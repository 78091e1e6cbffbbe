"""`imported_filtered`: lines that imports have left out; each counts once in `filtered_hits`."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import orjson

from tracker.store.database import Transaction
from tracker.store.queries import execute


class FilteredLine(NamedTuple):
    """A line that was left out: the id that its hit would have, its hour (the beginning, UTC), and why."""

    hit_id: int
    hour: datetime
    reason: str


def count_once(tx: Transaction, import_id: int, lines: Sequence[FilteredLine]) -> None:
    """Count lines that were left out, unless they were counted before."""
    given = orjson.dumps([line._asdict() for line in lines]).decode()
    execute(tx, "imported_filtered/count_once", {"import_id": import_id, "lines": given})


def take_back(tx: Transaction, import_id: int, hit_ids: Sequence[int] | None = None) -> None:
    """Count lines no longer as left out: those with these ids, or all of an import."""
    params = {"import_id": import_id, "hit_ids": None if hit_ids is None else list(hit_ids)}
    execute(tx, "imported_filtered/take_back", params)


def delete_old(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Forget some of the lines that lie before a time; how many."""
    return execute(tx, "imported_filtered/delete_old", {"before": before, "limit": limit})
