"""Work on tables themselves, over the direct connection: it waits shortly for locks, and often.

Whoever waits for a lock on a table holds up everybody who comes after, so that hits would wait behind a migration
that waits behind a long query. Hence a quarter of a second each time, then a pause in which the others get on.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import psycopg
from psycopg import errors, sql

from tracker.store.connection import PostgresConnection, complete, connect
from tracker.store.failures import translated

LOCK_WAIT = 0.25
LAST_LOCK_WAIT = 1.5
"""Seconds. A migration's last attempt waits longer than PostgreSQL's deadlock_timeout (1 s), since only after that does
it end an autovacuum that is in the way, and an autovacuum of a large month holds its lock for many minutes."""
PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6, 3.0, 3.0, 3.0)
"""Seconds between the attempts."""

_Result = TypeVar("_Result")


@contextmanager
def maintenance(url: str, *, name: str) -> Iterator[PostgresConnection]:
    """Open a connection for one piece of maintenance; it is closed afterwards. Raises errors of this project."""
    with translated():
        connection = connect(complete(url, name=name, wait=10))
        try:
            yield connection
        finally:
            connection.close()


def patiently(
    attempt: Callable[[float], _Result], *, on_wait: Callable[[str], None], last_wait: float = LAST_LOCK_WAIT
) -> _Result:
    """Do `attempt` until it gets its locks, with PAUSES between; after the last the lock's error leaves.

    `attempt` must be one whole transaction; it is told how many seconds to wait for a lock.
    """
    for pause in PAUSES:
        try:
            return attempt(LOCK_WAIT)
        except (errors.LockNotAvailable, errors.DeadlockDetected):
            on_wait(f"others use the tables, trying again in {pause:g} s")
            time.sleep(pause)
    return attempt(last_wait)


def limit_lock_waits(tx: psycopg.Connection, seconds: float) -> None:
    """Make the current transaction give up on a lock after `seconds`, and on nothing else."""
    tx.execute("SET LOCAL statement_timeout = 0")
    # SET takes no parameters, and the number is ours.
    tx.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(f"{seconds * 1000:.0f}ms")))
