"""What a process that answers holds: the folder, the engine, and how many questions there are at a time."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

from tracker.errors import FactsUnavailable, Refused
from tracker.facts.engine import Connect, Cursor, Engine, FactsTooLarge
from tracker.facts.folder import Folder
from tracker.reports.answers import Answers
from tracker.reports.file_checks import FileChecks
from tracker.reports.kept import Kept
from tracker.reports.places import QuestionPlaces
from tracker.reports.tally import Tally
from tracker.reports.zone_days import ZoneDays
from tracker.store.facts_tallies import TallyRow

MEMORY_MEGABYTES: Final = 400
MAX_SECONDS: Final = 25.0
_AT_ONCE: Final = 2
"""Questions that the engine works on; each has both of its threads."""
_MAX_WAITING: Final = 24
"""Questions of one application, under way and waiting: two of a dashboard's pages."""
_WAIT_SECONDS: Final = 15.0
_RETRY_AFTER: Final = 5

_NOWHERE: Final = Path()
_Answer = TypeVar("_Answer")


class Readers:
    """One of it a process; to be built after a fork. Thread-safe. Nothing is opened before the first question."""

    def __init__(
        self, folder: Folder | Path, *, memory_megabytes: int = MEMORY_MEGABYTES, connect: Connect | None = None
    ) -> None:
        """`connect` opens the engine elsewhere than in this process."""
        self.folder = Folder(folder) if isinstance(folder, Path) else folder
        self.answers = Answers()
        self.kept = Kept()
        self.checks = FileChecks(self.folder)
        self._memory = memory_megabytes
        self._connect = connect
        self._engine: Engine | None = None
        self._stack = ExitStack()
        self._lock = threading.Lock()
        self._places = QuestionPlaces(_AT_ONCE)
        self._waiting: Counter[str] = Counter()

    def answer(self, app_id: str, question: Callable[[Cursor], _Answer]) -> _Answer:
        """Ask a question when it is its turn; what had no room in memory beside another one is asked again by itself.

        Raises Refused (503), FactsUnavailable.
        """
        with self._waits(app_id):
            with self._place():
                try:
                    with self._asked() as cursor:
                        return question(cursor)
                except FactsTooLarge as error:
                    too_large, wish = error, self._places.wish_for_all()
                    if wish is None:
                        raise
            with self._places.all(wish, _WAIT_SECONDS) as is_alone:
                if not is_alone:
                    raise too_large
                with self._asked() as cursor:
                    return question(cursor)

    @contextmanager
    def _place(self) -> Iterator[None]:
        with self._places.one(_WAIT_SECONDS) as is_held:
            if not is_held:
                raise _busy()
            yield

    @contextmanager
    def _asked(self) -> Iterator[Cursor]:
        with self._opened().cursor(seconds=MAX_SECONDS) as cursor:
            yield cursor

    @contextmanager
    def tally(self, row: TallyRow | None, content: Callable[[TallyRow], bytes | None]) -> Iterator[Tally | None]:
        """Give a tally, brought into a file; None without one, where it has no room, or where it has gone meanwhile."""
        self._opened()
        if row is None:
            yield None
            return

        def make(path: Path) -> bool:
            body = content(row)
            if body is not None:
                with suppress(OSError):
                    path.write_bytes(body)
                    return True
            return False

        with self.kept.passing.file(row.id, "tally", make, of=row.id) as path:
            yield None if path is None else tally_of(row, path)

    def close(self) -> None:
        with self._lock:
            self._stack.close()
            self._engine = None
            self.kept = Kept()

    @contextmanager
    def _waits(self, app_id: str) -> Iterator[None]:
        with self._lock:
            if self._waiting[app_id] >= _MAX_WAITING:
                raise _busy()
            self._waiting[app_id] += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting[app_id] -= 1
                self._waiting += Counter()  # Forgets those that have none.

    def _opened(self) -> Engine:
        with self._lock:
            if self._engine is None:
                try:
                    spill = self._stack.enter_context(self.folder.work())
                except FactsUnavailable:
                    spill = None  # A folder that only can be read: what has no room in memory is refused.
                self.kept.passing.folder = spill
                engine = Engine(self.folder.path, memory_megabytes=self._memory, spill=spill, connect=self._connect)
                self._stack.callback(engine.close)
                self._engine = engine
            return self._engine


def _busy() -> Refused:
    return Refused(
        "SERVICE_UNAVAILABLE",
        503,
        "Other reports are being made: ask again when they are, one after the other.",
        retry_after=_RETRY_AFTER,
    )


def tally_of(row: TallyRow, path: Path = _NOWHERE) -> Tally:
    """Return what a tally is of; and where it is, once it has been fetched."""
    return Tally(str(path), ZoneDays(row.first, row.last, row.zone), row.timeout_minutes, frozenset(row.kinds))
