"""The receiver's side of the queue: any number of entries, accepted in one round trip.

This is the hot path of every hit. It leaves out the client's pool, its retries and its response callbacks and
speaks through one `redis` connection per thread: half the CPU time of `Redis.evalsha`, in which a receiver would
spend more than in reading and checking a hit.
"""

import os
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Protocol, cast
from uuid import UUID

import redis
from msgspec import Struct
from msgspec.structs import replace

from tracker.errors import QueueFull, QueueUnavailable, ShareFull
from tracker.queueing.accept_command import AcceptCommands, Offer, packed
from tracker.queueing.connection import MAX_CONNECTION_SECONDS, Connection, lua, primary_of, tag_of, translated
from tracker.queueing.entry import STREAMS
from tracker.queueing.filtered import COUNTS
from tracker.queueing.hash_tags import tagged
from tracker.queueing.memory import memory_use
from tracker.queueing.overflow import overflow_streams
from tracker.queueing.quota import LIMITS, Limit, reset_of

_FULL = -1
_SHARE_FULL = -2
_PAUSE_SECONDS = 1.0
"""After an answer that never came, others fail at once for this long instead of waiting in a row."""


class _Wire(Protocol):
    """What is used of a `redis` connection, which connects itself when it is first used."""

    def send_packed_command(self, command: Sequence[bytes]) -> None: ...

    def send_command(self, *args: str) -> None: ...

    def read_response(self) -> object: ...


_NO_REPEATS: Final[Mapping[int, UUID]] = MappingProxyType({})


class Enqueued(Struct, frozen=True, gc=False):
    """What became of an offer: the first `accepted` of its entries are taken, the others are over a limit, `used_up`.

    Of one that had to be taken whole that is all of them or none.

    `limit` is the application's, a minute; `remaining` is what is left to this caller until `reset` (seconds since
    1970), the end of the minute, or of the day where the day's bytes are used up. `repeats` maps the index of an entry
    whose event was accepted before to the tracking id that it got then: it was not added again. Where `wake_up_due`,
    the caller tells the `Notifier`.
    """

    accepted: int
    limit: int
    remaining: int
    reset: int
    wake_up_due: bool
    used_up: Limit | None = None
    repeats: Mapping[int, UUID] = _NO_REPEATS


class Producer:
    """Where the hits of a shard go. Thread-safe, and safe to fork: connections belong to a thread of a process."""

    def __init__(self, redis: Connection, *, queue_limit: int, max_bytes: int = 0) -> None:
        """`max_bytes` is how much memory Redis may take, 0 for three quarters of its maxmemory."""
        self._redis, self._max_bytes = redis, max_bytes
        self._pool = redis.connection_pool
        self._primary = primary_of(redis)
        self._script = lua("accept")
        self.commands = AcceptCommands(self._script, queue_limit, tag_of(redis))
        self._counts = tagged(COUNTS, tag_of(redis))
        self._threads = threading.local()
        self._closed_until = 0.0

    def look_at_memory(self) -> None:
        """Refuse offers as long as Redis has used up what hits may take of its memory; to be called every few seconds.

        Offers of several hits are refused sooner, and so are applications with a crowd waiting. Raises
        QueueUnavailable; what was seen last holds then.
        """
        self.commands.note_memory(memory_use(self._redis, self._max_bytes))

    def look_at_crowds(self) -> None:
        """See how much waits in applications' own streams, for the queue limit; to be called every few seconds.

        Raises QueueUnavailable; what was seen last holds then.
        """
        self.commands.note_crowds(self.crowds())

    def crowds(self) -> dict[str, int]:
        """Return how much waits in applications' own streams. Raises QueueUnavailable."""
        with translated():
            return self._lengths(overflow_streams(self._redis))

    def shared_waiting(self) -> int:
        """Return how much waits in the streams that all share. Raises QueueUnavailable."""
        with translated():
            return sum(self._lengths(STREAMS).values())

    def _lengths(self, streams: Sequence[str]) -> dict[str, int]:
        with self._redis.pipeline(transaction=False) as pipeline:
            for stream in streams:
                pipeline.xlen(stream)
            return dict(zip(streams, pipeline.execute(), strict=True))

    def enqueue(self, offer: Offer, *, is_second: bool = False) -> Enqueued:
        """Accept the entries of an offer, from the first, as many as its limits still allow.

        What is over a limit is counted with what was left out (`tracker.queueing.filtered`). One that is not limited is
        answered with 0 for all three numbers. One that `is_second`, whose first answer was lost, is over no limit: what
        is used up may be what it took itself.
        Raises QueueFull when `queue_limit` entries are waiting or Redis has no memory left, ShareFull when what is
        left is for applications without a crowd, QueueUnavailable when Redis does not answer. It is then unknown
        whether the entries were added; their ids make adding them again harmless.
        """
        packed_offer = self.commands.packed_offer(offer)
        with translated():
            (answer,), was_lost = self._ask(self.commands.command([packed_offer]))
            enqueued = self.enqueued(answer, offer.rate_limit, offer.now)
            if enqueued.used_up is None or not (is_second or was_lost):
                return enqueued
            # A refusal might be untrue, and would bring all of it once more, under ids of its own.
            unlimited = replace(offer, is_limited=False)
            (answer,), _ = self._ask(self.commands.command([self.commands.packed_offer(unlimited)]))
        taken = self.enqueued(answer, unlimited.rate_limit, unlimited.now)
        return replace(taken, limit=enqueued.limit, remaining=enqueued.remaining, reset=enqueued.reset)

    def enqueued(self, answer: list[Any], rate_limit: int | None, now: datetime) -> Enqueued:
        """Say what the script's answer means for an offer with this limit at this time. Raises QueueFull."""
        taken, *rest = answer
        if taken == _FULL:
            raise QueueFull("Too many hits are waiting: let the workers catch up, or raise TRACKER_QUEUE_LIMIT.")
        if taken == _SHARE_FULL:
            raise ShareFull(
                "Too many hits of this application are waiting: let the workers catch up, or raise "
                "TRACKER_QUEUE_LIMIT or Redis's maxmemory."
            )
        remaining, wake_up_due, used_up, *pairs = rest
        limit = LIMITS[used_up - 1] if used_up else None
        return Enqueued(  # By position, which takes half the time.
            taken,
            max(0, rate_limit or 0),
            remaining,
            0 if rate_limit is None else reset_of(limit, int(now.timestamp())),
            wake_up_due == 1,
            limit,
            {index: UUID(first.decode()) for index, first in zip(pairs[::2], pairs[1::2], strict=True)}
            if pairs
            else _NO_REPEATS,
        )

    def count_filtered(self, field: str, hits: int) -> None:
        """Add to a count of hits that were left out (`tracker.queueing.filtered`), in one round trip.

        Raises QueueUnavailable where Redis does not take it; where it took it and its answer was lost, the count is too
        high.
        """
        with translated():
            self._ask(packed("HINCRBY", self._counts, field, hits))

    def load_command(self) -> bytes:
        """Return the command that teaches Redis the script, packed."""
        return packed("SCRIPT", "LOAD", self._script)

    def connected_socket(self) -> socket.socket:
        """Return a socket of a connection of its own, that does not block; the script is loaded.

        Raises QueueUnavailable.
        """
        with translated():
            connection: Any = self._pool.connection_class(**self._pool.connection_kwargs)
            connection.connect()
            connection.send_packed_command((self.load_command(),))
            connection.read_response()
        connected: socket.socket = connection._sock  # noqa: SLF001 it has no public name
        # The connection would close it when it goes.
        connection._sock = None  # noqa: SLF001 as above
        connected.setblocking(False)
        return connected

    def _ask(self, command: bytes) -> tuple[Any, bool]:
        """Redis's answer to a packed command, over this thread's connection, and whether an earlier one may be lost."""
        if self._closed_until and time.monotonic() < self._closed_until:
            raise QueueUnavailable("Redis did not answer a moment ago.")
        packed = (command,)
        connection = self._connection()
        try:
            try:
                return self._round_trip(connection, packed), False
            except redis.ConnectionError:
                # The server closed the connection some time ago, or just now: open it once more. If it had
                # taken the command already, the second call is harmless.
                return self._round_trip(connection, packed), True
        except redis.TimeoutError:
            self._closed_until = time.monotonic() + _PAUSE_SECONDS
            raise

    def _round_trip(self, connection: _Wire, packed: tuple[bytes, ...]) -> object:
        connection.send_packed_command(packed)
        try:
            answer = connection.read_response()
        except redis.exceptions.NoScriptError:
            # Redis was restarted or its scripts were flushed; nothing has happened yet.
            connection.send_command("SCRIPT", "LOAD", self._script)
            connection.read_response()
            connection.send_packed_command(packed)
            answer = connection.read_response()
        return answer

    def _connection(self) -> _Wire:
        """This thread's connection. It closes when its thread ends, for then nothing refers to it any more."""
        connection: _Wire | None = getattr(self._threads, "connection", None)
        if (
            connection is None
            or self._threads.pid != os.getpid()
            or time.monotonic() - self._threads.made_at > MAX_CONNECTION_SECONDS
            or self.has_moved_since(self._threads.made_at)
        ):
            # Not taken from the pool, which would count it for ever.
            connection = cast(_Wire, self._pool.connection_class(**self._pool.connection_kwargs))
            self._threads.connection = connection
            self._threads.pid = os.getpid()
            self._threads.made_at = time.monotonic()
        return connection

    def has_moved_since(self, moment: float) -> bool:
        """Return whether another server is the primary since then, as the Sentinels or the nodes of a cluster say.

        They are asked in a thread, so that who asks often hears of it a moment later.
        """
        if self._primary is None:
            return False
        self._primary.inquiry.beside()
        return self._primary.moved_at > moment
