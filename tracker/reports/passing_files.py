"""Files that a process makes for its questions, and that go as soon as no question has read them for a moment.

They hold what the facts held when they were made. An erasure is done some seconds after the files that held somebody
were replaced (`Folder.grace_seconds`), and by then none that was made of those is to be left, but for a question that
had been asked before and is still to be answered.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tracker.errors import FactsUnavailable
from tracker.facts.engine import FactsTookTooLong

IDLE_SECONDS: Final = 2.0
"""A page asks its questions together: the next one is rather of other files."""
_SWEEP_SECONDS: Final = 1.0
_WAIT_SECONDS: Final = 25.0


@dataclass(slots=True)
class _File:
    """A file, once it is made; how many questions read it, and since when none does."""

    path: Path
    of: Hashable
    """What it is made of."""
    made: threading.Lock = field(default_factory=threading.Lock)
    is_made: bool | None = None
    """Whether it could be made, once somebody has tried."""
    readers: int = 0
    idle_since: float = 0.0


class PassingFiles:
    """The files of one process. Thread-safe.

    `folder` is where they are made; None where there is no place for any.
    """

    def __init__(self) -> None:
        self.folder: Path | None = None
        self._lock = threading.Lock()
        self._number = 0
        self._files: dict[Hashable, _File] = {}
        self._held: Counter[Hashable] = Counter()
        self._is_swept = False
        """Whether a timer is set."""

    @contextmanager
    def hold(self, *of: Hashable) -> Iterator[None]:
        """Keep what was made of these for a question that is to be answered, also while it waits for its turn.

        On a machine with other work each question of a page would make the files again that the one before it had made.
        """
        with self._lock:
            self._held.update(of)
        try:
            yield
        finally:
            with self._lock:
                self._held.subtract(of)
                self._held += Counter()  # Forgets those that nobody holds.

    @contextmanager
    def file(self, key: Hashable, name: str, make: Callable[[Path], bool], *, of: Hashable) -> Iterator[Path | None]:
        """Give the file of a key, made by whoever comes first; it stays while the block lasts. Its name has a number.

        `make` writes it and says whether it is to be had: else there is none for whoever asks, nor is it tried again
        before the key is forgotten. Nor is there one that finds no room, or whose folder is gone; what is wrong with
        the facts is seen by who asks them without it. Raises FactsTookTooLong.
        """
        if self.folder is None:
            yield None
            return
        with self._lock:
            if key not in self._files:
                self._number += 1
                self._files[key] = _File(self.folder / f"{name}-{self._number}.parquet", of)
            file = self._files[key]
            file.readers += 1
        try:
            if not file.made.acquire(timeout=_WAIT_SECONDS):
                raise FactsTookTooLong("The answer took longer than a report may: ask for fewer days.")
            try:
                if file.is_made is None:
                    file.is_made = _could(make, file.path)
            finally:
                file.made.release()
            yield file.path if file.is_made else None
        finally:
            with self._lock:
                file.readers -= 1
                file.idle_since = time.monotonic()
                self._sweep_later()

    def _sweep_later(self) -> None:
        if not self._is_swept:
            timer = threading.Timer(_SWEEP_SECONDS, self._sweep)
            timer.daemon = True
            timer.start()
            self._is_swept = True

    def _sweep(self) -> None:
        before = time.monotonic() - IDLE_SECONDS
        with self._lock:
            idle = [
                key
                for key, file in self._files.items()
                if not file.readers and file.idle_since <= before and not self._held[file.of]
            ]
            gone = [self._files.pop(key).path for key in idle]
            self._is_swept = False
            if self._files:
                self._sweep_later()
        for path in gone:
            with suppress(OSError):
                path.unlink(missing_ok=True)


def _could(make: Callable[[Path], bool], path: Path) -> bool:
    try:
        return make(path)
    except FactsTookTooLong:
        raise
    except FactsUnavailable:
        return False
