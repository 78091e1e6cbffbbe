"""DuckDB over files of the copy: in memory, with limits of its own, and nothing else of the machine to be seen.

It has no time-out of a statement, and a connection is one thread's: each question has a cursor of its own, which a
timer interrupts (docs/decisions/0099-a-columnar-copy-of-the-hits.md).
"""

import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tracker.errors import FactsUnavailable
from tracker.facts.engine_connection import (
    THREADS,
    EngineConnection,
    EngineCursor,
    EngineFailure,
    EngineRow,
    Parameters,
)
from tracker.log import logger

_ERROR_NUMBER: Final = re.compile(r'"errno":"([0-9]{1,4})"')

Connect = Callable[[str, int, str, int], EngineConnection]
"""Opens an engine: for which folder, with how many megabytes, where to put what they have no room for, and threads."""

_log = logger(__name__)


class FactsTooLarge(FactsUnavailable):
    """The answer needs more memory than the engine has."""


class FactsTookTooLong(FactsUnavailable):
    """The answer was not there in time."""


class FactsDamaged(FactsUnavailable):
    """The engine cannot read a file, or make one: the files of one day are concerned, and no others."""


class FactsChanged(FactsDamaged):
    """A file is not there any more: the list that it stood in has grown old."""


class Engine:
    """One engine of a process. Thread-safe; to be built after a fork."""

    def __init__(
        self,
        folder: Path,
        *,
        memory_megabytes: int,
        spill: Path | None = None,
        threads: int = THREADS,
        connect: Connect | None = None,
    ) -> None:
        """`folder` is all that it may read and write; `spill` is where it may put what memory has no room for.

        `connect` opens it elsewhere than in this process.
        """
        self._folder = folder
        self._memory = memory_megabytes
        self._spill = spill
        self._threads = threads
        self._connect = connect or _connect
        self._lock = threading.Lock()
        self._connection: EngineConnection | None = None

    @contextmanager
    def cursor(self, *, seconds: float) -> Iterator["Cursor"]:
        """Open a cursor for one thread, whose statements together may take so long.

        Raises FactsTooLarge, FactsTookTooLong, FactsChanged, and FactsUnavailable for anything else that is said of
        the files.
        """
        with _translated():
            opened = self._opened().cursor()
        cursor = Cursor(opened, seconds)
        try:
            yield cursor
        finally:
            cursor.close()

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _opened(self) -> EngineConnection:
        with self._lock:
            if self._connection is None:
                spill = str(self._spill) if self._spill else ""
                self._connection = self._connect(str(self._folder), self._memory, spill, self._threads)
            return self._connection


def _connect(folder: str, memory_megabytes: int, spill: str, threads: int) -> EngineConnection:
    # Loaded with the first question: a library of 60 MB, which most processes never ask.
    from tracker.facts.duckdb_connection import DuckDBConnection  # noqa: PLC0415

    return DuckDBConnection(folder, memory_megabytes, spill, threads)


class Cursor:
    """What a question is asked with. Values travel as parameters, never in the text."""

    def __init__(self, cursor: EngineCursor, seconds: float) -> None:
        self._cursor = cursor
        self._seconds = seconds
        self._timer = self._started()

    def renew(self) -> None:
        """Give what follows as long again as there was at first."""
        self._timer.cancel()
        self._timer = self._started()

    def close(self) -> None:
        self._timer.cancel()
        self._cursor.close()

    def _started(self) -> threading.Timer:
        timer = threading.Timer(self._seconds, self._cursor.interrupt)
        timer.daemon = True
        timer.start()
        return timer

    def rows(self, statement: str, params: Parameters = ()) -> list[EngineRow]:
        """Every row of the answer."""
        with _translated():
            return self._cursor.rows(statement, params)

    def run(self, statement: str, params: Parameters = ()) -> None:
        """Run what has no answer."""
        with _translated():
            self._cursor.run(statement, params)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except EngineFailure as failure:
        match failure.name:
            case "OutOfMemoryException":
                raise FactsTooLarge(
                    "The answer needs more memory than reports may use: ask for fewer days."
                ) from failure
            case "InterruptException":
                raise FactsTookTooLong("The answer took longer than a report may: ask for fewer days.") from failure
            case "ProcessEnded":
                raise FactsUnavailable(
                    "The process that makes facts was ended, or could not be started, maybe for want of memory."
                ) from failure
        reason = _not_written(failure)
        if reason is not None:
            raise FactsUnavailable(f"The facts cannot be written: {reason}.") from failure
        # Its words name paths of the machine, and values: they are for the log.
        missing = "No files found" in str(failure) or "No such file" in str(failure)
        if not missing:
            _log.exception("engine of the facts failed")
        kind = FactsChanged if missing else FactsDamaged
        raise kind("A file of the facts cannot be read: `python -m tracker stats rebuild` makes it anew.") from failure


def _not_written(error: Exception) -> str | None:
    """Return why the system did not let a file be written, where that is what an error says."""
    number = _ERROR_NUMBER.search(str(error))
    return os.strerror(int(number[1])) if number and "write" in str(error) else None


def quoted(name: str) -> str:
    """Return a column's name as an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Return a text as a literal, for the places where the engine takes no parameter."""
    return "'" + value.replace("'", "''") + "'"
