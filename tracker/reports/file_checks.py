"""Whether files of facts are as they were written: looked at before the first question that reads them, once a process.

The engine notices no damaged bit. A page's questions come together, and nearly always about the same files: whoever
comes first looks at a file, and the others wait for that.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Final

from tracker.errors import FactsUnavailable
from tracker.facts.engine import FactsChanged
from tracker.facts.folder import Folder
from tracker.facts.visits import beside
from tracker.store.facts_files import FactsFile

_AT_ONCE: Final = 4
"""Files that one question looks at; those of a bucket are fetched meanwhile."""
_MAX_KNOWN: Final = 100_000
"""A few megabytes."""
_State = tuple[int, ...]


class FileChecks:
    """What one process has looked at. Thread-safe."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._known: dict[str, _State] = {}
        """By name, in which state a file was found to be right."""
        self._under_way: dict[str, Future[None]] = {}

    def check(self, files: Sequence[FactsFile]) -> None:
        """Look whether files are as they were written, once each and when one changes, and bring them here.

        Raises FactsChanged where one is gone, and FactsUnavailable where one is damaged or cannot be had.
        """
        self._folder.note_read(file.name for file in files)
        while not self._are_checked(files):
            pass

    def _are_checked(self, files: Sequence[FactsFile]) -> bool:
        """Look at what nobody has looked at, and wait for the others; False where one of them gave up before it began.

        Raises as `check` does.
        """
        states = {file.name: self._state(file) for file in files}
        with self._lock:
            unknown = [file for file in files if self._known.get(file.name, ()) != states[file.name]]
            others = [self._under_way[file.name] for file in unknown if file.name in self._under_way]
            begun = {file.name: file for file in unknown if file.name not in self._under_way}
            self._under_way |= {name: Future() for name in begun}
        try:
            self._look_at(list(begun.values()))
        finally:
            with self._lock:
                ended = [self._under_way.pop(name) for name in begun]
            # After a file that is damaged, or without threads, the rest is not looked at: whoever waits does it.
            for look in ended:
                look.cancel()
        try:
            for other in others:
                other.result()
        except CancelledError:
            return False
        return True

    def _look_at(self, files: Sequence[FactsFile]) -> None:
        if len(files) <= 1:
            for file in files:
                self._look(file)
            return
        with ThreadPoolExecutor(_AT_ONCE, "facts") as threads:
            for _ in threads.map(self._look, files):
                pass

    def _look(self, file: FactsFile) -> None:
        """Look at a file, and tell those who wait for it what has come of it."""
        look = self._under_way[file.name]
        try:
            self._demand_as_written(file)
        except BaseException as error:
            look.set_exception(error)
            raise
        look.set_result(None)

    def _demand_as_written(self, file: FactsFile) -> None:
        if not self._folder.has(file.name, file.bytes, file.checksum):
            if self._state(file) is None:
                raise FactsChanged("A file of the facts is gone: `python -m tracker stats rebuild` makes it anew.")
            raise FactsUnavailable(
                f"The facts of {file.date} are damaged: `python -m tracker stats rebuild --from {file.date} "
                f"--to {file.date}` makes them anew."
            )
        state = self._state(file)
        with self._lock:
            if len(self._known) > _MAX_KNOWN:
                self._known.clear()
            if state is not None:
                self._known[file.name] = state

    def _state(self, file: FactsFile) -> _State | None:
        """Return what tells that a file or that of its visits has changed; None where one of them is not here."""
        path = self._folder.path / file.name
        try:
            states = [path.stat(), beside(path).stat()]
        except OSError:
            return None
        return tuple(number for state in states for number in (state.st_mtime_ns, state.st_size))
