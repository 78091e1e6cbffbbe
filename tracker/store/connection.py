"""How this project connects to PostgreSQL: the same for the pool, for migrations and for partitions."""

import math
import os
from typing import Any, TypeVar

import orjson
import psycopg
from psycopg import errors
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow
from psycopg.types.json import set_json_dumps, set_json_loads

from tracker.errors import SettingsInvalid

# libpq sends PGTZ as a start-up parameter, which neither RDS Proxy nor PgBouncer minds, while SET would pin the
# session (ruling 14). Set here, before there are threads, because libpq reads the environment whenever it connects.
os.environ["PGTZ"] = "UTC"

_Result = TypeVar("_Result")

_IF_NOT_IN_THE_URL: dict[str, Any] = {
    # A peer that vanished without a word is noticed after a minute at most.
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}


class Connection(psycopg.Connection[TupleRow]):
    """A connection that waits a limited time for each answer.

    The server's statement_timeout ends a statement that takes long; this ends the wait for a server that has
    stopped answering at all. The connection is closed then: its protocol is in the middle of something.
    """

    patience: float | None = None
    """Seconds to wait for one answer; None waits for ever."""

    def wait(self, gen: PQGen[_Result], interval: float = 0.1, timeout: float | None = None) -> _Result:
        try:
            return super().wait(gen, interval, self.patience if timeout is None else timeout)
        except errors._WaitTimeout as error:  # noqa: SLF001 - psycopg asks whoever overrides this to convert it
            self.close()
            raise psycopg.OperationalError(f"no answer within {self.patience} s") from error


def complete(url: str, *, name: str, wait: float) -> str:
    """The connection string of `url` with our name and timeouts; SettingsInvalid where it does not read as one."""
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # libpq quotes the whole URL in this error, the password too, so that neither it nor its cause is shown.
        raise SettingsInvalid("The database's URL does not read as one: postgresql://user@host/name is.") from None
    # libpq and psycopg count whole seconds, at least two.
    defaults = {**_IF_NOT_IN_THE_URL, "connect_timeout": max(2, math.ceil(wait))}
    return make_conninfo("", **{**defaults, **given, "application_name": name, "client_encoding": "UTF8"})


def connect(conninfo: str, *, patience: float | None = None) -> Connection:
    """Open a connection to what `complete` returned. Raises psycopg's errors."""
    # Prepared statements pin a proxied session and collide in a transaction pooler (ruling 14).
    connection = Connection.connect(conninfo, prepare_threshold=None)
    connection.patience = patience
    set_json_dumps(orjson.dumps, connection)
    set_json_loads(orjson.loads, connection)
    return connection
