"""DuckDB in this process: opened within its limits, with nothing else of the machine to be seen.

It knows next to nothing of the program, so that a process that holds the engine alone loads little beside it.
"""

import duckdb

from tracker.facts.engine_connection import EngineFailure, EngineRow, Parameters


class DuckDBCursor:
    """One cursor of it, for one thread."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor

    def rows(self, statement: str, params: Parameters) -> list[EngineRow]:
        """Return every row of the answer. Raises EngineFailure."""
        try:
            return self._cursor.execute(statement, params).fetchall()
        except duckdb.Error as error:
            raise EngineFailure(type(error).__name__, str(error)) from error

    def run(self, statement: str, params: Parameters) -> None:
        """Run what has no answer. Raises EngineFailure."""
        try:
            self._cursor.execute(statement, params)
        except duckdb.Error as error:
            raise EngineFailure(type(error).__name__, str(error)) from error

    def interrupt(self) -> None:
        self._cursor.interrupt()

    def close(self) -> None:
        self._cursor.close()


class DuckDBConnection:
    """An engine in memory. Thread-safe."""

    def __init__(self, folder: str, memory_megabytes: int, spill: str, threads: int) -> None:
        """`folder` is all that it may read and write; `spill` is where it may put what memory has no room for."""
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": f"{memory_megabytes}MB",
            "threads": threads,
            "temp_directory": spill,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            # Files have their own order, by time; that of rows within a question is asked for.
            "preserve_insertion_order": False,
        }
        self._connection = duckdb.connect(":memory:", config=config)
        self._connection.execute("SET allowed_directories = [?]", [f"{folder}/"])
        self._connection.execute("SET parquet_metadata_cache = true")
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")

    def cursor(self) -> DuckDBCursor:
        return DuckDBCursor(self._connection.cursor())

    def close(self) -> None:
        self._connection.close()
