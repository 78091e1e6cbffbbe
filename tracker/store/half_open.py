"""Connections that are dead without a word: a network has forgotten them, and neither side is told.

Who waits for an answer cannot tell such a connection from a statement that takes long. The server can: it says, over a
connection of its own, whether it works or waits for us. Where it waits too, and nothing has moved since the last look,
what one of us has sent never arrives. The kernel's own means (keepalive, TCP_USER_TIMEOUT) see the same where packets
are lost, and see nothing where something between takes them and carries nothing on: a proxy, a load balancer.

Behind a pooler the session that serves a transaction is not known: any that works in a transaction as old as ours may
be it. Where there is none, nobody works on what is waited for (decision 0130).
"""

import os
import socket
import struct
import time
import weakref
from typing import Any, Final, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from tracker.store.statements import sql

_Result = TypeVar("_Result")

LOOK_AFTER_SECONDS: Final = 3.0
"""An answer that takes longer is asked about; few statements do."""
LOOK_AGAIN_SECONDS: Final = 1.0
MAX_PAUSE_SECONDS: Final = 30.0
"""An index that takes an hour to build is not asked about a thousand times."""
ASKING_SECONDS: Final = 2
"""For connecting, and for the answer."""
_INEXACT_SECONDS: Final = 0.5
"""How much later than sent a statement may begin where no pooler lets it wait."""
_MOVED: Final = struct.Struct("=QQ")
_MOVED_AT: Final = 120
"""Where `struct tcp_info` has `tcpi_bytes_acked` and `tcpi_bytes_received` (Linux 4.1)."""


class Peer:
    """The other side of one connection, as far as another connection to the same server can tell."""

    def __init__(self, connection: psycopg.Connection[Any], conninfo: str, opened_at: float) -> None:
        # Weakly: the connection has this, and who drops it is to free it at once.
        self._connection = weakref.proxy(connection)
        self._conninfo, self._opened_at = conninfo, opened_at
        self._moved: int | None = None
        """What had been sent and received when the server was last seen to wait."""
        self._pause = LOOK_AFTER_SECONDS
        self._begun_at = opened_at
        """When the transaction was begun here; the server began it no sooner."""
        self._answered_at: float | None = None
        """When something of the transaction had been answered: the server began it no later."""

    def begin(self) -> None:
        """Forget earlier looks: another answer is waited for."""
        self._moved, self._pause = None, LOOK_AFTER_SECONDS
        status = self._connection.pgconn.transaction_status
        if status == TransactionStatus.IDLE:
            self._begun_at, self._answered_at = time.monotonic(), None
        elif status == TransactionStatus.INTRANS and self._answered_at is None:
            self._answered_at = time.monotonic()

    @property
    def look_seconds(self) -> float:
        """Return how long to wait before the next look."""
        return self._pause if self._moved is None else LOOK_AGAIN_SECONDS

    def is_gone(self) -> bool:
        """Return whether the server was seen to wait twice with nothing moving between; its session is ended then.

        Without that the transaction would hold its locks for as long as the server believes in the connection.
        """
        moved = _moved(self._connection.fileno())
        if moved is None:
            self._pause = MAX_PAUSE_SECONDS
            return False
        seen_before = moved == self._moved
        try:
            waits = self._waits_for_client(end=seen_before)
        except psycopg.Error:  # Nobody tells: whoever waits goes on, as patient as it is.
            self._moved = None
            return False
        if waits:
            self._moved = moved
        else:
            self._moved, self._pause = None, min(2 * self._pause, MAX_PAUSE_SECONDS)
        return waits and seen_before

    def _waits_for_client(self, *, end: bool) -> bool:
        info = self._connection.info
        same_server = make_conninfo(
            self._conninfo,
            host=info.host,
            hostaddr=info.hostaddr,
            port=info.port,
            target_session_attrs="any",
            connect_timeout=ASKING_SECONDS,
        )
        with _Asking.connect(same_server, autocommit=True, prepare_threshold=None) as asking:
            age = time.monotonic() - self._opened_at
            params = {"pid": info.backend_pid, "age": age, "end": end}
            row = asking.execute(sql("server/waits_for_client"), params).fetchone()
            return self._is_left_alone(asking, end=end) if row is None else bool(row[0])

    def _is_left_alone(self, asking: psycopg.Connection[TupleRow], *, end: bool) -> bool:
        """Return whether no session works in a transaction that may be ours; one of ours that waits is ended.

        A pooler serves in turn: what was sent before an earlier look had been given a session by then. Who only reads
        may be served by one of several standbys, about which this one knows nothing.
        """
        if self._connection.read_only:
            return False
        now = time.monotonic()
        seen = LOOK_AGAIN_SECONDS * 0.9
        begun_before = seen if self._answered_at is None else max(seen, now - self._answered_at - _INEXACT_SECONDS)
        params = {
            "oldest": now - self._begun_at + _INEXACT_SECONDS,
            "youngest": begun_before,
            "asked_within": float(ASKING_SECONDS),
            "waits_for": seen,
            "end": end,
        }
        row = asking.execute(sql("server/is_left_alone"), params).fetchone()
        return row is not None and bool(row[0])


class _Asking(psycopg.Connection[TupleRow]):
    """One that does not wait for long, whoever is at the other end."""

    def wait(self, gen: PQGen[_Result], interval: float = 0.1, timeout: float | None = None) -> _Result:
        return super().wait(gen, interval, ASKING_SECONDS if timeout is None else timeout)


def _moved(descriptor: int) -> int | None:
    """Return how many bytes the other side has confirmed and sent; None for a unix socket, which loses nothing."""
    with socket.socket(fileno=os.dup(descriptor)) as connected:
        if connected.family not in (socket.AF_INET, socket.AF_INET6):
            return None
        info = connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _MOVED_AT + _MOVED.size)
    return None if len(info) < _MOVED_AT + _MOVED.size else sum(_MOVED.unpack_from(info, _MOVED_AT))
