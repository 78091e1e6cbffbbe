"""The application's connections: a few, kept open, each lent for one transaction.

Statement timeouts belong to the role, because a SET would pin a proxied session (decision 0014):

    ALTER ROLE tracker SET statement_timeout = '30s';
    ALTER ROLE tracker SET idle_in_transaction_session_timeout = '60s';
    ALTER ROLE tracker SET timezone = 'UTC';
"""

import math
import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Final

import psycopg
from psycopg import IsolationLevel
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from tracker.errors import DatabaseUnavailable, Unclear
from tracker.store.connection import PostgresConnection, complete, connect
from tracker.store.failures import is_about_session, translated
from tracker.store.per_key_limit import PerKeyLimit

MAX_CONNECTION_SECONDS: Final = 60.0
"""How long one connection is lent again and again. A standby that was the primary, or the server that a name led to,
goes on answering what is only read: after this long every reader has asked anew where the database is."""

Transaction = psycopg.Connection[TupleRow]
"""What the modules of this package take as `tx`; everybody else only hands it on."""


class Database:
    """Connections to one database. Thread-safe; to be built after a fork, since it must not be shared by processes.

    Nothing connects before the first use, no thread works in the background, and no dead connection is lent:
    after a restart of PostgreSQL the next transaction connects anew. So it does after an answer that was about the
    session or its server, a failover's for instance (`is_about_session`), and once a connection is a minute old. While
    PostgreSQL is unavailable each call fails at once with DatabaseUnavailable, or within `wait` seconds where the
    server hangs instead of refusing.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str,
        connections: int = 4,
        wait: float = 2.0,
        patience: float = 60.0,
        cancellation: float = 10.0,
        per_application: int | None = None,
    ) -> None:
        """Remember how to connect.

        `name` is the application_name that pg_stat_activity shows; `connections` the most that are open at once;
        `wait` how many seconds to wait for a free or a new connection (a new one: two at least); `patience` how
        many for the answer to one statement; `cancellation` how many more for PostgreSQL to confirm that it has ended
        what took longer (0: it is not asked to; then the role's own time-out has to); `per_application`
        how many connections there are for what is read for one application.
        """
        self._conninfo = complete(url, name=name, wait=wait)
        self._connections = connections
        self._wait = wait
        self._patience = patience
        self._cancellation = cancellation
        self._places = threading.BoundedSemaphore(connections)
        self._shares = PerKeyLimit(per_application or connections)
        self._idle: list[PostgresConnection] = []
        self._distrusted_at = -math.inf
        self.give_up_at = math.inf
        """When whoever waits for an answer gives up, by `time.monotonic`, before its patience is at an end."""
        self._closed = False

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """BEGIN, the block, COMMIT; ROLLBACK where the block raises.

        Raises DatabaseUnavailable, Unstorable or Unclear for what PostgreSQL answers. A commit whose answer got lost is
        a DatabaseUnavailable too: it may have happened, so that whatever is written must bear being written again.
        """
        with translated(), self._lent() as connection:
            try:
                yield connection
                _commit(connection)
            except BaseException:
                _roll_back(connection)
                raise

    @contextmanager
    def look(self) -> Iterator[Transaction]:
        """Open no transaction: each statement is one of its own, which saves BEGIN and COMMIT where little is read.

        Raises as `transaction` does.
        """
        with translated(), self._lent() as connection:
            connection.autocommit = True
            try:
                yield connection
            finally:
                if connection.info.transaction_status is TransactionStatus.IDLE:
                    connection.autocommit = False

    @contextmanager
    def snapshot(self, *, share_of: str | None = None, patience: float | None = None) -> Iterator[Transaction]:
        """Open the same for reading only, with every statement seeing the database as the first one did.

        What it asks for stands in BEGIN itself, which pins nothing. `share_of` names the application that is read for:
        it has its share of the connections and no more; `patience` is how many seconds it may take altogether, the rows
        of a COPY included, where that is not as ever. Raises as `transaction` does, and ShareInUse.
        """
        held = nullcontext() if share_of is None else self._shares.held(share_of, wait=self._wait)
        with held, translated(), self._lent() as connection:
            connection.isolation_level, connection.read_only = IsolationLevel.REPEATABLE_READ, True
            if patience is not None:
                connection.patience = patience
                connection.give_up_at = min(connection.give_up_at, time.monotonic() + patience)
            try:
                try:
                    yield connection
                finally:
                    connection.give_up_at = self.give_up_at
                _commit(connection)
            except BaseException:
                _roll_back(connection)
                raise
            finally:
                connection.patience = self._patience
                if connection.info.transaction_status is TransactionStatus.IDLE:
                    connection.isolation_level, connection.read_only = IsolationLevel.READ_COMMITTED, None

    def close(self) -> None:
        """Close what is idle now, and what is lent as soon as it comes back."""
        self._closed = True
        self.close_idle()

    def close_idle(self) -> None:
        """Close what is idle now; the next transaction connects anew."""
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def _lent(self) -> Iterator[PostgresConnection]:
        if self._closed:
            raise DatabaseUnavailable("The connections to PostgreSQL are closed: this process is stopping.")
        if not self._places.acquire(timeout=self._wait):
            raise DatabaseUnavailable(f"All {self._connections} connections to PostgreSQL are in use.")
        try:
            connection = self._take_idle() or self._connect()
            connection.give_up_at = self.give_up_at
            try:
                yield connection
            except psycopg.Error as error:
                if is_about_session(error):
                    # Those that were opened before lead to the same server: none of them is lent again.
                    self._distrusted_at = time.monotonic()
                raise
            finally:
                self._give_back(connection)
        finally:
            self._places.release()

    def _connect(self) -> PostgresConnection:
        return connect(self._conninfo, patience=self._patience, cancellation=self._cancellation)

    def _take_idle(self) -> PostgresConnection | None:
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return None
            if self._may_be_lent(connection) and _is_quiet(connection):
                return connection
            connection.close()

    def _give_back(self, connection: PostgresConnection) -> None:
        if connection.info.transaction_status is TransactionStatus.IDLE and self._may_be_lent(connection):
            self._idle.append(connection)
        else:
            connection.close()
        if self._closed:
            self.close()

    def _may_be_lent(self, connection: PostgresConnection) -> bool:
        return connection.opened_at > max(self._distrusted_at, time.monotonic() - MAX_CONNECTION_SECONDS)


@contextmanager
def without_waiting(tx: Transaction) -> Iterator[None]:
    """Send the statements of the block without waiting for the answers of those before, which come at its end at last.

    An error of one of them is raised by the first that asks for an answer, or at the end. COPY cannot be among them.
    """
    with tx.pipeline():
        yield


def _is_quiet(connection: PostgresConnection) -> bool:
    """Return whether nothing has arrived on an idle connection.

    What arrives unasked is the server's farewell or its end.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)


def _commit(connection: PostgresConnection) -> None:
    # COMMIT would quietly roll back here: the block caught the error of one of its statements.
    if connection.info.transaction_status is TransactionStatus.INERROR:
        raise Unclear("A statement of this transaction had failed: it was not committed.")
    connection.commit()


def _roll_back(connection: PostgresConnection) -> None:
    try:
        connection.rollback()
    except psycopg.Error:
        connection.close()
