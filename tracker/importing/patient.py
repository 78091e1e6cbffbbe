"""What a follower does that may have to wait for a server: it has time, and loses nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol, TypeVar

from tracker.errors import TryAgain
from tracker.hit import Hit
from tracker.importing.batch import HitSink
from tracker.importing.runs import ImportRuns, Run
from tracker.store.imported_filtered import FilteredLine
from tracker.store.imports import TakenHits

_RETRY_EVERY: Final = 1.0
T = TypeVar("T")


class Stopped(Exception):
    """The follower was told to end."""


class Pause(Protocol):
    """Waits for so many seconds. Raises Stopped as soon as the follower is told to end."""

    def __call__(self, seconds: float, /) -> None: ...


@dataclass(slots=True)
class Patient:
    """The destination, the making of months and the runs: they wait for servers. All raise Stopped."""

    destination: HitSink
    make_month: Callable[[datetime], None]
    runs: ImportRuns
    pause: Pause
    tell: Callable[[str], None]

    def add(self, import_id: int, hits: Sequence[Hit]) -> TakenHits:
        """Hand hits on."""
        return self._until_done(lambda: self.destination.add(import_id, hits))

    def prepare_month(self, month_of: datetime) -> None:
        """Make the partitions of a month."""
        self._until_done(lambda: self.make_month(month_of))

    def count_filtered(self, import_id: int, lines: Sequence[FilteredLine]) -> None:
        """Count lines that are left out."""
        self._until_done(lambda: self.runs.count_filtered(import_id, lines))

    def begin_run(self, source: str, file: str) -> Run:
        """Note that a log is followed."""
        return self._until_done(lambda: self.runs.begin(source, file))

    def _until_done(self, what: Callable[[], T]) -> T:
        is_told = False
        while True:
            try:
                done = what()
            except TryAgain as error:
                if not is_told:
                    self.tell(f"{error} Waiting; what was not taken stays in the logs.")
                    is_told = True
                self.pause(_RETRY_EVERY)
            else:
                if is_told:
                    self.tell("It goes on.")
                return done
