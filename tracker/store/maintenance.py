"""Work on tables themselves, over the direct connection: it waits shortly for locks, and often.

Whoever waits for a lock on a table holds up everybody who comes after, so that hits would wait behind a migration
that waits behind a long query. Hence a quarter of a second each time, then a pause in which the others get on.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import psycopg
from psycopg import errors

from tracker.store.connection import Connection, complete, connect
from tracker.store.failures import translated

PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6, *([3.0] * 8))
"""Seconds between the attempts: with the waits themselves, half a minute in all."""

_Result = TypeVar("_Result")


@contextmanager
def maintenance(url: str, *, name: str) -> Iterator[Connection]:
    """A connection for one piece of maintenance; it is closed afterwards. Raises errors of this project."""
    with translated():
        connection = connect(complete(url, name=name, wait=10))
        try:
            yield connection
        finally:
            connection.close()


def patiently(attempt: Callable[[], _Result], *, on_wait: Callable[[str], None]) -> _Result:
    """Do `attempt` until it gets its locks, with PAUSES between; after the last the lock's error leaves.

    `attempt` must be one whole transaction.
    """
    for pause in PAUSES:
        try:
            return attempt()
        except (errors.LockNotAvailable, errors.DeadlockDetected):
            on_wait(f"others use the tables, trying again in {pause:g} s")
            time.sleep(pause)
    return attempt()


def limit_lock_waits(tx: psycopg.Connection) -> None:
    """Make the current transaction give up on a lock after a quarter of a second, and on nothing else."""
    tx.execute("SET LOCAL statement_timeout = 0")
    tx.execute("SET LOCAL lock_timeout = '250ms'")
