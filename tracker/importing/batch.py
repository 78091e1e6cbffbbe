"""Hits of a log on their way to the queue, some hundred at a time."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Protocol

from tracker.errors import Refused
from tracker.importing.known_lines import ReadLine, Sift
from tracker.importing.summary import Summary
from tracker.queueing.entry import Entry
from tracker.store.imported_filtered import FilteredLine

BATCH: Final = 500
_LOOKED_AT: Final = 1000
"""Lines of a file that are read before the first is queued: enough to tell a log whose addresses are missing."""
_ENOUGH: Final = 10
"""Good lines below which a log is not judged."""


class Queue(Protocol):
    """Where entries go: it may take its time, so that the queue never holds more than it should."""

    def add(self, entries: list[Entry]) -> None: ...


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
            "queued. Say where the address stands (--format, --map, --address-from), or take it as it is with --force.",
        )


class Batch:
    """Hits of one file on their way; those of its first lines wait until it is seen what its lines have."""

    def __init__(
        self,
        queue: Queue,
        sift: Sift,
        count_filtered: CountFiltered,
        summary: Summary,
        *,
        file: str,
        import_id: int,
        is_trusted: bool,
    ) -> None:
        self.file = file
        self._queue, self._sift, self._summary, self._import_id = queue, sift, summary, import_id
        self._count_filtered = count_filtered
        self._filtered: list[FilteredLine] = []
        self._is_trusted = is_trusted
        self._lines: list[ReadLine] = []
        self._taken = self._without_address = 0

    def add(self, line: ReadLine, number: int) -> None:
        """Raises AddressesMissing, QueueUnavailable."""
        self._lines.append(line)
        self._taken += 1
        if "ip_address" not in line.columns:
            self._without_address += 1
            self._summary.no_address.add(f"{self.file} line {number}")
        if "user_agent" not in line.columns:
            self._summary.no_user_agent.add(f"{self.file} line {number}")
        if len(self._lines) >= (BATCH if self._is_trusted else _LOOKED_AT):
            self.send(is_last=True)

    def leave_out(self, hit_id: int, created_at: datetime, reason: str) -> None:
        """Count a line that is not queued. Raises DatabaseUnavailable."""
        hour = created_at.replace(minute=0, second=0, microsecond=0)
        self._filtered.append(FilteredLine(hit_id, hour, reason))
        if len(self._filtered) >= BATCH:
            self._send_filtered()

    def send(self, *, is_last: bool = False) -> None:
        """`is_last` says that what is there is enough to judge the file by.

        Raises AddressesMissing, QueueUnavailable.
        """
        if is_last and not self._is_trusted:
            if self._without_address * 2 > self._taken and self._taken >= _ENOUGH:
                raise AddressesMissing(self.file)
            self._is_trusted = True
        self._send_filtered()
        if not self._lines:
            return
        sifted = self._sift(self._import_id, self._lines)
        if sifted.new:
            self._queue.add(sifted.new)
        self._summary.queued += len(sifted.new)
        self._summary.known += sifted.known
        self._summary.replaced += sifted.replaced
        self._lines.clear()

    def _send_filtered(self) -> None:
        if self._filtered:
            self._count_filtered(self._import_id, self._filtered)
            self._filtered.clear()
