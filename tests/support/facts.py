"""The columnar copy as tests look at it: made in a folder of theirs, and read whole."""

from pathlib import Path
from typing import Any

from tracker.clock import SystemClock
from tracker.facts.engine import Engine
from tracker.facts.folder import Folder
from tracker.facts.write import Writer
from tracker.reports.facts_read import READ
from tracker.store.database import Database


def writer_of(database: Database, folder: Path) -> Writer:
    return Writer(database, Folder(folder), SystemClock())


def make_facts(database: Database, folder: Path) -> Writer:
    """Everything that is marked is made; the writer that did it."""
    writer = writer_of(database, folder)
    writer.turn(seconds=60)
    assert writer.problem is None, writer.problem
    return writer


def facts(database: Database, folder: Path, columns: str, *, where: str = "true") -> list[tuple[Any, ...]]:
    """Columns of every fact of every application, in the order of time."""
    names = [name for (name,) in _rows(database, "SELECT name FROM facts_files WHERE replaced_at IS NULL")]
    if not names:
        return []
    engine = Engine(folder, memory_megabytes=256)
    try:
        with engine.cursor(seconds=30) as cursor:
            files = [str(folder / name) for name in names]
            return cursor.rows(f"SELECT {columns} FROM {READ} WHERE {where} ORDER BY time", [files])
    finally:
        engine.close()


def _rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    with database.transaction() as tx:
        return tx.execute(query.encode()).fetchall()
