"""DuckDB over files of the copy: in memory, with limits of its own, and nothing else of the machine to be seen.

It has no time-out of a statement, and a connection is one thread's: each question has a cursor of its own, which a
timer interrupts (docs/decisions/0099-a-columnar-copy-of-the-hits.md).
"""

import os
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tracker.errors import FactsUnavailable
from tracker.log import logger

_THREADS: Final = 2
EngineRow = tuple[Any, ...]
_ERROR_NUMBER: Final = re.compile(r'"errno":"([0-9]{1,4})"')

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

    def __init__(self, folder: Path, *, memory_megabytes: int, spill: Path | None = None) -> None:
        """`folder` is all that it may read and write; `spill` is where it may put what memory has no room for."""
        self._folder = folder
        self._memory = memory_megabytes
        self._spill = spill
        self._lock = threading.Lock()
        self._connection: Any = None

    @contextmanager
    def cursor(self, *, seconds: float) -> Iterator["Cursor"]:
        """Open a cursor for one thread, whose statements together may take so long.

        Raises FactsTooLarge, FactsTookTooLong, FactsChanged, and FactsUnavailable for anything else that is said of
        the files.
        """
        cursor = self._opened().cursor()
        timer = threading.Timer(seconds, cursor.interrupt)
        timer.daemon = True
        timer.start()
        try:
            with _translated():
                yield Cursor(cursor)
        finally:
            timer.cancel()
            cursor.close()

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _opened(self) -> Any:  # noqa: ANN401 the engine's type is not loaded yet
        with self._lock:
            if self._connection is None:
                self._connection = self._open()
            return self._connection

    def _open(self) -> Any:  # noqa: ANN401 the engine's type is not loaded yet
        # Loaded with the first question: a library of 60 MB, which most processes never ask.
        import duckdb  # noqa: PLC0415

        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": f"{self._memory}MB",
            "threads": _THREADS,
            "temp_directory": str(self._spill) if self._spill else "",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            # Files have their own order, by time; that of rows within a question is asked for.
            "preserve_insertion_order": False,
        }
        connection = duckdb.connect(":memory:", config=config)
        connection.execute("SET allowed_directories = [?]", [f"{self._folder}/"])
        connection.execute("SET parquet_metadata_cache = true")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        return connection


class Cursor:
    """What a question is asked with. Values travel as parameters, never in the text."""

    def __init__(self, cursor: Any) -> None:  # noqa: ANN401
        self._cursor = cursor

    def rows(self, statement: str, params: Sequence[object] | Mapping[str, object] = ()) -> list[EngineRow]:
        """Every row of the answer."""
        with _translated():
            rows: list[EngineRow] = self._cursor.execute(statement, params).fetchall()
            return rows

    def run(self, statement: str, params: Sequence[object] | Mapping[str, object] = ()) -> None:
        """Run what has no answer."""
        with _translated():
            self._cursor.execute(statement, params)


@contextmanager
def _translated() -> Iterator[None]:
    # An engine is open, so that this is loaded already.
    import duckdb  # noqa: PLC0415

    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise FactsTooLarge("The answer needs more memory than reports may use: ask for fewer days.") from error
    except duckdb.InterruptException as error:
        raise FactsTookTooLong("The answer took longer than a report may: ask for fewer days.") from error
    except duckdb.Error as error:
        reason = _not_written(error)
        if reason is not None:
            raise FactsUnavailable(f"The facts cannot be written: {reason}.") from error
        # Its words name paths of the machine, and values: they are for the log.
        missing = "No files found" in str(error) or "No such file" in str(error)
        if not missing:
            _log.exception("engine of the facts failed")
        kind = FactsChanged if missing else FactsDamaged
        raise kind("A file of the facts cannot be read: `python -m tracker stats rebuild` makes it anew.") from error


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
