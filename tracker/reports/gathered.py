"""Visits of several parts, found once for some days and files, and kept for the questions that come after.

A dashboard's page asks a dozen questions about the same days, and most are about visits. The files never change: what
was gathered from them stays right, and goes when others have been asked about since.
"""

import itertools
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from tracker.facts.engine import Cursor, FactsTookTooLong
from tracker.reports.tables import FactsRead, visit_parts_of
from tracker.reports.visits import gathered_of
from tracker.reports.zone_days import ZoneDays

_MAX_ROWS: Final = 1_500_000
"""Of all tables that are kept: about 80 MB, which the engine may put on the disk."""
MAX_TABLES: Final = 20
_WAIT_SECONDS: Final = 25.0

_Key = tuple[FactsRead, ZoneDays, int, bool]


@dataclass(slots=True)
class _Table:
    """A table, once `rows` says how large it is; and how many questions read it."""

    name: str
    made: threading.Lock = field(default_factory=threading.Lock)
    rows: int | None = None
    readers: int = 0


class GatheredVisits:
    """The tables of one engine. Thread-safe."""

    def __init__(self, *, max_rows: int = _MAX_ROWS) -> None:
        self._max_rows = max_rows
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._tables: OrderedDict[_Key, _Table] = OrderedDict()
        self._left: set[str] = set()
        """Tables that were taken out, and are to be dropped."""

    @contextmanager
    def table(
        self, cursor: Cursor, files: FactsRead, days: ZoneDays, *, timeout_minutes: int, of_parts: bool
    ) -> Iterator[str]:
        """Give the name of the table of these days, made by whoever comes first; it stays while the block lasts."""
        key = (files, days, timeout_minutes, of_parts)
        with self._lock:
            table = self._tables.setdefault(key, _Table(f"gathered{next(self._numbers)}"))
            self._tables.move_to_end(key)
            table.readers += 1
        try:
            if not table.made.acquire(timeout=_WAIT_SECONDS):
                raise FactsTookTooLong("The answer took longer than a report may: ask for fewer days.")
            try:
                if table.rows is None:
                    table.rows = _make(cursor, table.name, key)
            finally:
                table.made.release()
            yield table.name
        finally:
            with self._lock:
                table.readers -= 1
                self._left |= self._taken_out()
                left = list(self._left)
            # What stops here is dropped by the next question.
            for name in left:
                cursor.run(f"DROP TABLE IF EXISTS {name}")
                self._left.discard(name)

    def _taken_out(self) -> set[str]:
        """Take out what is too much, the oldest first, and what could not be made; nothing that is being read."""
        idle = [key for key, table in self._tables.items() if not table.readers]
        names = {self._tables.pop(key).name for key in idle if self._tables[key].rows is None}
        for key in idle:
            rows = sum(table.rows or 0 for table in self._tables.values())
            if rows <= self._max_rows and len(self._tables) <= MAX_TABLES:
                break
            if key in self._tables:
                names.add(self._tables.pop(key).name)
        return names


def _make(cursor: Cursor, name: str, key: _Key) -> int:
    files, days, timeout_minutes, of_parts = key
    parts, params = visit_parts_of(files, days, of_parts=of_parts)
    cursor.run(f"CREATE OR REPLACE TABLE {name} AS {gathered_of(parts, timeout_minutes=timeout_minutes)}", params)
    [(rows,)] = cursor.rows(f"SELECT count(*) FROM {name}")  # noqa: S608 a name of our own
    return int(rows)
