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
from typing import Final, NamedTuple

from tracker.facts.engine import Cursor, FactsTookTooLong
from tracker.reports.facts_read import FactsRead, TimeRange
from tracker.reports.near_parts import put_near
from tracker.reports.tables import visit_parts_of
from tracker.reports.visits import RAW, WHOLE, gathered_of
from tracker.reports.zone_days import ZoneDays

_MAX_ROWS: Final = 1_500_000
"""Of all tables that are kept: some 200 MB with what a page asks, which the engine may put on the disk."""
MAX_TABLES: Final = 20
_WAIT_SECONDS: Final = 25.0


class _Key(NamedTuple):
    """What a table is of."""

    files: FactsRead
    days: ZoneDays | TimeRange
    timeout_minutes: int
    of_parts: bool
    names: tuple[str, ...]
    """What it tells of OF_VISITS."""

    def serves(self, other: "_Key") -> bool:
        """Return whether the table of the other one has nothing that this one's has not."""
        return set(other.names) <= set(self.names) and self._replace(names=other.names) == other

    def until_last_date(self) -> "_Key | None":
        """Return the same without the files of the last date (UTC): no file, and no number of a visit, goes over it.

        None where there is no other date, or nobody knows of when a file is.
        """
        if not self.of_parts or not self.files.ranges:
            return None
        midnight = self.files.ranges[-1].start.replace(hour=0, minute=0)
        before = TimeRange(self.days.start, midnight)
        if not self.files.has_any(before) or self.files.is_cut_at(midnight):
            return None
        return self._replace(files=self.files.about(before), days=before)


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
        self._left: list[str] = []
        """Tables that were taken out, and are to be dropped."""

    @contextmanager
    def table(
        self,
        cursor: Cursor,
        files: FactsRead,
        days: ZoneDays | TimeRange,
        *,
        timeout_minutes: int,
        of_parts: bool,
        names: tuple[str, ...],
    ) -> Iterator[str]:
        """Give the name of the table of these days, made by whoever comes first; it stays while the block lasts.

        It has these of OF_VISITS, or more where somebody has asked for more: pages take a third of its time.
        """
        key = _Key(files, days, timeout_minutes, of_parts, names)
        with self._lock:
            key = next((made for made in reversed(self._tables) if made.serves(key)), key)
            table = self._tables.setdefault(key, _Table(f"gathered{next(self._numbers)}"))
            self._tables.move_to_end(key)
            table.readers += 1
        try:
            if not table.made.acquire(timeout=_WAIT_SECONDS):
                raise FactsTookTooLong("The answer took longer than a report may: ask for fewer days.")
            try:
                if table.rows is None:
                    table.rows = self._make(cursor, table.name, key)
            finally:
                table.made.release()
            yield table.name
        finally:
            with self._lock:
                table.readers -= 1
                left, self._left = [*self._left, *self._taken_out()], []
            self._drop(cursor, left)

    def _drop(self, cursor: Cursor, left: list[str]) -> None:
        """Drop tables that were taken out; what stops here is dropped by the next question.

        No other question may have them in hand: of two that drop the same table the engine fails one.
        """
        try:
            while left:
                cursor.run(f"DROP TABLE IF EXISTS {left[-1]}")
                left.pop()
        finally:
            with self._lock:
                self._left += left

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

    def _make(self, cursor: Cursor, name: str, key: _Key) -> int:
        """Make a table; of days that were asked about before their last file was another one, from one that is kept."""
        earlier = key.until_last_date()
        if earlier is not None and self._was_asked(key, earlier):
            with self.table(cursor, **earlier._asdict()) as kept:
                _make_from(cursor, name, key, earlier, kept)
        else:
            parts, params = visit_parts_of(key.files, key.days, of_parts=key.of_parts)
            cursor.run(f"CREATE OR REPLACE TABLE {name} AS {_gathered(key, parts)}", params)
        [(rows,)] = cursor.rows(f"SELECT count(*) FROM {name}")  # noqa: S608 a name of our own
        return int(rows)

    def _was_asked(self, key: _Key, earlier: _Key) -> bool:
        """Return whether it was asked about with another last file, and both tables have room: else neither stays."""
        with self._lock:
            return any(
                other.files != key.files
                and other._replace(files=key.files) == key
                and other.until_last_date() == earlier
                and 2 * (table.rows or 0) <= self._max_rows
                for other, table in self._tables.items()
            )


def _make_from(cursor: Cursor, name: str, key: _Key, earlier: _Key, kept: str) -> None:
    """Make a table from that of the dates before the last one: visits of this date take the place of what they were."""
    time = TimeRange(key.days.start, key.days.end)
    end = earlier.days.end
    both, later, params = put_near(
        cursor, key.files, time, end=end, timeout_minutes=key.timeout_minutes, names=key.names
    )
    columns = ", ".join(["raw", "key", *WHOLE, *key.names])
    cursor.run(f"CREATE OR REPLACE TEMP TABLE gathered_both AS {_gathered(key, both)}", params)
    cursor.run(
        f"""
        CREATE OR REPLACE TABLE {name} AS
        WITH of_last_date AS MATERIALIZED (
            FROM gathered_both SEMI JOIN (
                SELECT key FROM gathered_both SEMI JOIN (SELECT {RAW} AS raw FROM ({later})) AS later USING (raw)
            ) AS theirs USING (key)
        )
        SELECT {columns} FROM of_last_date UNION ALL SELECT {columns} FROM {kept} ANTI JOIN of_last_date USING (raw)
        """,  # noqa: S608 our own names
        params,
    )


def _gathered(key: _Key, parts: str) -> str:
    return gathered_of(parts, timeout_minutes=key.timeout_minutes, names=key.names)
