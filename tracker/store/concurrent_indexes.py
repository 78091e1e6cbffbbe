"""Indexes that a migration builds beside the writers: CREATE INDEX CONCURRENTLY, which no transaction may hold.

The name of such a migration ends in `_concurrently`, and its file holds nothing else. Each statement may be run again:
what a build that broke off has left is dropped first.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString

from tracker.store.connection import PostgresConnection

SUFFIX = "_concurrently"
_PAUSE = 0.2
"""Seconds. Whoever waited in a statement would hold up the build, which waits for every statement that began before."""


def is_concurrent(revision: str) -> bool:
    return revision.endswith(SUFFIX)


def statements(path: Path) -> list[LiteralString]:
    """Return the statements of such a migration's file, each to be run on its own, outside of transactions."""
    text: LiteralString = path.read_text(encoding="utf-8")
    return [statement for statement in text.split(";\n") if statement.strip()]


@contextmanager
def alone(connection: PostgresConnection, on_step: Callable[[str], None]) -> Iterator[None]:
    """Keep other migrations from building anything until the block ends. Needs a connection of one's own."""
    with _outside_of_transactions(connection):
        waited = False
        while not _is_ours(connection):
            if not waited:
                on_step("another migration builds an index, waiting for it")
            waited = True
            time.sleep(_PAUSE)
    try:
        yield
    finally:
        # A connection that is lost has lost the lock too.
        if not connection.closed:
            connection.rollback()
            with _outside_of_transactions(connection):
                connection.execute("SELECT pg_advisory_unlock(hashtext('tracker migrate concurrently'))")


def build(connection: PostgresConnection, path: Path) -> None:
    """Run such a file. It takes as long as it takes: writers go on meanwhile, and open transactions are waited for."""
    with _outside_of_transactions(connection):
        connection.execute("SET statement_timeout = 0")
        connection.execute("SET lock_timeout = 0")
        try:
            for statement in statements(path):
                connection.execute(statement)
        finally:
            if not connection.closed:
                connection.execute("RESET statement_timeout")
                connection.execute("RESET lock_timeout")


def _is_ours(connection: PostgresConnection) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(hashtext('tracker migrate concurrently'))").fetchone()
    return row is not None and bool(row[0])


@contextmanager
def _outside_of_transactions(connection: PostgresConnection) -> Iterator[None]:
    connection.autocommit = True
    try:
        yield
    finally:
        if not connection.closed:
            connection.autocommit = False
