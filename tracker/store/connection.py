"""How this project connects to PostgreSQL: the same for the pool, for migrations and for partitions."""

import math
import os
import time
from contextlib import suppress
from typing import Any, Final, TypeVar

import orjson
import psycopg
from psycopg import IsolationLevel, errors
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg.waiting import Wait

from tracker.errors import DatabaseUnavailable, SettingsInvalid
from tracker.store.half_open import Peer

# libpq sends PGTZ as a start-up parameter, which neither RDS Proxy nor PgBouncer minds, while SET would pin the
# session (decision 0014). Set here, before there are threads, because libpq reads the environment whenever it connects.
os.environ["PGTZ"] = "UTC"
# The same for the form of times in text, which psycopg and the bounds of months are read in. Both win over what the
# server, the database and the role say.
os.environ["PGDATESTYLE"] = "ISO, MDY"

_Result = TypeVar("_Result")

_WAIT_FOR_STANDBY: Final = "SyncRepWaitForLSN"
"""The function of PostgreSQL that warns when a commit's wait was cancelled."""

_IF_NOT_IN_THE_URL: dict[str, Any] = {
    # A peer that vanished without a word is noticed within ten seconds, also while it is waited for.
    "keepalives": 1,
    "keepalives_idle": 4,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


class PostgresConnection(psycopg.Connection[TupleRow]):
    """A connection that waits a limited time for each answer, and no longer than somebody works on one (`half_open`).

    The server's statement_timeout ends a statement that takes long; this ends the wait for one without it, and for a
    server that has stopped answering at all. The statement is cancelled, so that it does not run on for nobody. Where
    the server says that it has ended, the connection is as after any failed statement; otherwise it is closed: its
    protocol is in the middle of something.
    """

    patience: float | None = None
    """Seconds to wait for one answer; None waits for ever."""
    cancellation: float = 0.0
    """Seconds more for what takes longer to be cancelled and to end; 0 does not cancel."""
    give_up_at: float = math.inf
    """When to give up whatever is waited for, by `time.monotonic`, however patient it is."""
    opened_at: float = 0.0
    """When it was opened, by `time.monotonic`."""
    peer: Peer
    stands_alone: bool = False
    """Whether a commit's wait for the synchronous standby was broken off: the primary alone has what was written."""

    def commit(self) -> None:
        """Commit. Raises DatabaseUnavailable where no synchronous standby has it, of which PostgreSQL only warns."""
        self.stands_alone = False
        super().commit()
        if self.stands_alone:
            raise DatabaseUnavailable(
                "The wait for PostgreSQL's synchronous standby was broken off: the primary alone has it."
            )

    def note(self, notice: psycopg.errors.Diagnostic) -> None:
        """Heed what the server says beside its answers; its words are in the language of its log."""
        self.stands_alone = self.stands_alone or notice.source_function == _WAIT_FOR_STANDBY

    def wait(self, gen: PQGen[_Result], interval: float = 0.1, timeout: float | None = None) -> _Result:
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        seconds, begun = math.inf, gen
        try:
            # What has arrived is not waited for: of the rows of a COPY nearly all have, and waiting takes twice as long
            # as all else that Python does for one.
            try:
                asked_for = next(gen)
            except StopIteration as ended:
                result: _Result = ended.value
                return result
            gen = _going_on(gen, asked_for)
            patience = math.inf if self.patience is None else self.patience
            seconds = max(0.0, min(patience, self.give_up_at - time.monotonic()))
            return self._wait_and_look(gen, interval, time.monotonic() + seconds)
        except errors._WaitTimeout as error:  # noqa: SLF001 - psycopg asks whoever overrides this to convert it
            self._cancel(gen, interval)
            _end(begun)
            raise psycopg.OperationalError(f"no answer within {seconds:.3g} s") from error
        except psycopg.Error:
            _end(begun)
            raise
        except Exception:
            # What a signal has raised, RQ's time limit for instance: PostgreSQL would not see that nobody waits.
            with suppress(errors.QueryCanceled):
                self._cancel(gen, interval)
            _end(begun)
            raise

    def _wait_and_look(self, gen: PQGen[_Result], interval: float, end: float) -> _Result:
        """Wait until `end`, and look now and then whether there is anything to wait for."""
        self.peer.begin()
        while True:
            left = max(0.0, end - time.monotonic())
            try:
                return super().wait(gen, interval, min(left, self.peer.look_seconds))
            except errors._WaitTimeout:  # noqa: SLF001 - as above
                if left <= self.peer.look_seconds:
                    raise
            if self.peer.is_gone():
                self.close()
                raise psycopg.OperationalError("the connection is dead: PostgreSQL waits on it, too")

    def _cancel(self, gen: PQGen[_Result], interval: float) -> None:
        """End what is waited for, and the connection unless the server confirms it (QueryCanceled).

        A pooler passes the request on (PgBouncer does) or does not (RDS Proxy): then the statement goes on until the
        role's statement_timeout. The request must not be broken off by being in a hurry: PgBouncer 1.18 dies of that.
        """
        if self.cancellation:
            try:
                self.cancel_safe(timeout=self.cancellation)
                super().wait(gen, interval, self.cancellation)
            except errors.QueryCanceled:
                raise
            except psycopg.Error:
                pass
        # Also where an answer came after all: the request may still be on its way, and meet the next statement.
        self.close()


def _end(gen: PQGen[_Result]) -> None:
    """End a generator of psycopg's that nobody goes on with: a pipeline's asks the server for more when it ends.

    Where the connection is lost it fails at that, and Python would print a traceback when it comes to collect it.
    """
    with suppress(psycopg.Error, RuntimeError):
        gen.close()


def _going_on(gen: PQGen[_Result], asked_for: Wait) -> PQGen[_Result]:
    """Go on with a generator of psycopg's that has begun: what it asked for first is asked for once more."""
    while True:
        ready = yield asked_for
        try:
            asked_for = gen.send(ready)
        except StopIteration as ended:
            result: _Result = ended.value
            return result


def complete(url: str, *, name: str, wait: float) -> str:
    """Return the connection string of `url` with our name and timeouts.

    SettingsInvalid where it does not read as one.
    """
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # libpq quotes the whole URL in this error, the password too, so that neither it nor its cause is shown.
        raise SettingsInvalid("The database's URL does not read as one: postgresql://user@host/name is.") from None
    # libpq and psycopg count whole seconds, at least two.
    defaults = {**_IF_NOT_IN_THE_URL, "connect_timeout": max(2, math.ceil(wait))}
    return make_conninfo("", **{**defaults, **given, "application_name": name, "client_encoding": "UTF8"})


def connect(conninfo: str, *, patience: float | None = None, cancellation: float = 0.0) -> PostgresConnection:
    """Open a connection to what `complete` returned. Raises psycopg's errors."""
    opened_at = time.monotonic()
    # Prepared statements pin a proxied session and collide in a transaction pooler (decision 0014).
    connection = PostgresConnection.connect(conninfo, prepare_threshold=None)
    connection.patience, connection.cancellation = patience, cancellation
    connection.opened_at = opened_at
    connection.add_notice_handler(connection.note)
    connection.peer = Peer(connection, conninfo, opened_at)
    # In BEGIN, which pins nothing: what is written here counts on seeing what others have committed meanwhile, whatever
    # default_transaction_isolation says.
    connection.isolation_level = IsolationLevel.READ_COMMITTED
    set_json_dumps(orjson.dumps, connection)
    set_json_loads(orjson.loads, connection)
    return connection
