"""Hits of a log on their way to where they are stored, a block at a time.

While one block is written the lines of the next are read: PostgreSQL is at work meanwhile, not this process.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import Final, NamedTuple, Protocol

from tracker.errors import Refused
from tracker.hit import Hit
from tracker.importing.known_lines import Sift
from tracker.importing.summary import Summary
from tracker.store.imported_filtered import FilteredLine
from tracker.store.imports import TakenHits

BLOCK: Final = 2000
"""Lines that are written together, at most."""
_BLOCK_BYTES: Final = 1024 * 1024
_LOOKED_AT: Final = 1000
"""Lines of a file that are read before the first is written: enough to tell a log whose addresses are missing."""
_ENOUGH: Final = 10
"""Good lines below which a log is not judged."""


class HitSink(Protocol):
    """Where the hits of an import go: it may take its time, so that nothing ever holds more than it should."""

    def add(self, import_id: int, hits: Sequence[Hit], /) -> TakenHits: ...


CountFiltered = Callable[[int, Sequence[FilteredLine]], None]
"""Counts lines that the import of that number leaves out, each once."""


def count_nothing(_import_id: int, _lines: Sequence[FilteredLine]) -> None:
    """Count no lines that are left out."""


class AddressesMissing(Refused):
    """Most lines of a log have no address of a visitor: without one nobody can be counted."""

    def __init__(self, file: str) -> None:
        super().__init__(
            "VALIDATION_ERROR",
            400,
            f"Most lines of {file} have no visitor's address, so that visitors could not be counted; nothing of it was "
            "taken. Say where the address stands (--format, --map, --address-from), or take it as it is with --force.",
        )


class _Written(NamedTuple):
    """What became of a block."""

    taken: TakenHits
    known: int
    replaced: int


class Batch:
    """Hits of one file on their way; those of its first lines wait until it is seen what its lines have."""

    def __init__(
        self,
        destination: HitSink,
        sift: Sift,
        count_filtered: CountFiltered,
        summary: Summary,
        *,
        file: str,
        import_id: int,
        is_trusted: bool,
    ) -> None:
        self.file = file
        self._destination, self._sift, self._summary, self._import_id = destination, sift, summary, import_id
        self._count_filtered = count_filtered
        self._filtered: list[FilteredLine] = []
        self._is_trusted = is_trusted
        self._hits: list[Hit] = []
        self._bytes = 0
        self._taken = self._without_address = 0
        self._thread: ThreadPoolExecutor | None = None
        self._being_written: Future[_Written] | None = None

    def add(self, hit: Hit, number: int, size: int) -> None:
        """Take the hit of a line of so many bytes. Raises AddressesMissing, and what `finish` raises."""
        self._hits.append(hit)
        self._bytes += size
        self._taken += 1
        if hit.ip_address is None:
            self._without_address += 1
            self._summary.no_address.add(f"{self.file} line {number}")
        if hit.user_agent is None:
            self._summary.no_user_agent.add(f"{self.file} line {number}")
        if len(self._hits) >= (BLOCK if self._is_trusted else _LOOKED_AT) or self._bytes >= _BLOCK_BYTES:
            self._judge()
            self._write_beside(self._hits)
            self._hits, self._bytes = [], 0

    def leave_out(self, hit_id: int, created_at: datetime, reason: str) -> None:
        """Count a line that is not taken. Raises what `finish` raises."""
        hour = created_at.replace(minute=0, second=0, microsecond=0)
        self._filtered.append(FilteredLine(hit_id, hour, reason))
        if len(self._filtered) >= BLOCK:
            self._write_beside([])

    def finish(self, *, is_whole: bool = True) -> None:
        """Write what is left; `is_whole` says that what is there is enough to judge the file by.

        Raises AddressesMissing, QueueUnavailable, DatabaseUnavailable, and Refused where the application takes no hits
        any more.
        """
        if is_whole:
            self._judge()
        self._end_writing()
        if self._hits or self._filtered:
            self._count(self._write(self._hits, self._filtered))
            self._hits, self._filtered = [], []

    def close(self) -> None:
        """Wait for what is being written, however that ends: it is stored, or it is not."""
        if self._thread is not None:
            self._thread.shutdown()

    def _judge(self) -> None:
        if not self._is_trusted:
            if self._without_address * 2 > self._taken and self._taken >= _ENOUGH:
                raise AddressesMissing(self.file)
            self._is_trusted = True

    def _write_beside(self, hits: list[Hit]) -> None:
        """Have a thread write hits, and count what is left out, as soon as the block before is written."""
        self._end_writing()
        if self._thread is None:
            self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="import")
        self._being_written = self._thread.submit(self._write, hits, self._filtered)
        self._filtered = []

    def _end_writing(self) -> None:
        if self._being_written is not None:
            being_written, self._being_written = self._being_written, None
            self._count(being_written.result())

    def _write(self, hits: Sequence[Hit], filtered: Sequence[FilteredLine]) -> _Written:
        if filtered:
            self._count_filtered(self._import_id, filtered)
        sifted = self._sift(self._import_id, hits)
        taken = self._destination.add(self._import_id, sifted.new) if sifted.new else TakenHits()
        return _Written(taken, sifted.known, sifted.replaced)

    def _count(self, written: _Written) -> None:
        taken, summary = written.taken, self._summary
        summary.stored += taken.stored
        summary.queued += taken.stored + taken.queued
        summary.known += written.known + taken.known
        summary.replaced += written.replaced
