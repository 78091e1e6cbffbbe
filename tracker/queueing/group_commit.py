"""The producer of one event loop: offers that are ready while a round trip is under way leave together in the next one.

One that comes alone leaves at once, so nobody waits for company. A group is one call of the script, in which the offers
of an application share its counters (`scripts/accept.lua`); each offer has an answer of its own.
"""

import asyncio
import contextlib
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Any, Final

import hiredis
import redis
from msgspec import Struct
from msgspec.structs import replace

from tracker.errors import NoAnswer, QueueFull, QueueUnavailable
from tracker.log import logger
from tracker.queueing.accept_command import Offer, PackedOffer
from tracker.queueing.connection import ANSWER_SECONDS, MAX_CONNECTION_SECONDS
from tracker.queueing.failures import WRONG_SERVER, code_of, queue_error
from tracker.queueing.producer import Enqueued, Producer

_WATCH_SECONDS: Final = 0.25
_PAUSE_SECONDS: Final = 0.5
"""Between attempts to connect."""
_PIECE: Final = 262_144
_MAX_ENTRIES: Final = 100
"""In one call of the script, during which Redis does nothing else: a millisecond or two. A larger offer goes alone."""

Answered = Callable[[Callable[[], Enqueued]], None]
"""Called on the loop with what returns the acceptance or raises QueueFull or QueueUnavailable."""

_log = logger(__name__)


class _ReadyOffer(Struct, frozen=True):
    offer: Offer
    packed: PackedOffer
    answered: Answered


class _Group(Struct, frozen=True):
    """What is sent in one command; `is_second_try` where Redis had forgotten the script, or refused a larger group."""

    offers: Sequence[_ReadyOffer]
    is_second_try: bool = False


class GroupCommit:
    """Offers of one process over one connection. To be used on the loop only."""

    def __init__(self, loop: asyncio.AbstractEventLoop, producer: Producer) -> None:
        self._loop, self._producer, self._commands = loop, producer, producer.commands
        self._socket: socket.socket | None = None
        self._next_socket: socket.socket | None = None
        """What takes its place as soon as nothing is under way."""
        self._renew_at = self._connect_again_at = self._heard_at = 0.0
        self._connects_at = 0.0
        """When the connection that is used was asked for."""
        self._arrived: deque[socket.socket] = deque()
        """One that a thread has connected and the loop has not taken yet: when the process ends, nobody does."""
        self._connecting = self._is_closed = self._must_load = self._is_about_to_send = self._writes = False
        self._reader: Any = hiredis.Reader()
        self._buffer = bytearray(_PIECE)
        self._ready: list[_ReadyOffer] = []
        self._to_repeat: list[_Group] = []
        self._in_flight: deque[_Group | None] = deque()
        """None stands for the script itself, which was sent once more."""
        self._unsent = memoryview(b"")
        self._begin_to_connect()
        self._watch()

    def is_ready(self) -> bool:
        """Return whether offers can be made; where not, a connection is on its way."""
        if self._socket is not None:
            return True
        self._begin_to_connect()
        return False

    def enqueue(self, offer: Offer, answered: Answered) -> None:
        """Do what `Producer.enqueue` says; `answered` is called later, in their order for each application."""
        try:
            packed = self._commands.packed_offer(offer)
        except QueueFull as error:
            self._loop.call_soon(answered, partial(_raise, error))
            return
        self._ready.append(_ReadyOffer(offer, packed, answered))
        if not self._is_about_to_send and not self._in_flight:
            # Not at once: what other connections bring in this turn of the loop goes along.
            self._is_about_to_send = True
            self._loop.call_soon(self._send)

    def close(self) -> None:
        self._is_closed = True
        self._fail(QueueUnavailable("The process ends."))
        self._close_arrived()

    def _send(self) -> None:
        self._is_about_to_send = False
        if self._in_flight or not (self._ready or self._to_repeat):
            return
        if self._next_socket is not None:
            self._replace_socket(self._next_socket)
        if self._socket is None:
            self._fail(QueueUnavailable("The connection to Redis was lost."))
            return
        commands: list[bytes] = []
        if self._must_load:
            self._must_load = False
            self._in_flight.append(None)
            commands.append(self._producer.load_command())
        groups = [*self._to_repeat, *_groups(self._ready)]
        commands += [self._commands.command([ready.packed for ready in group.offers]) for group in groups]
        self._in_flight.extend(groups)
        self._unsent = memoryview(b"".join(commands))
        self._ready, self._to_repeat = [], []
        self._heard_at = self._loop.time()
        self._write()

    def _write(self) -> None:
        """Send what is left of a group; the rest, where the server takes no more, once it does."""
        assert self._socket is not None
        try:
            sent = self._socket.send(self._unsent)
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            sent = 0
        except OSError as error:
            self._fail(QueueUnavailable(f"Redis cannot be used: {error}"))
            return
        self._unsent = self._unsent[sent:]
        if self._unsent and not self._writes:
            self._writes = True
            self._loop.add_writer(self._socket, self._write)
        elif self._writes and not self._unsent:
            self._writes = False
            self._loop.remove_writer(self._socket)

    def _read(self) -> None:
        if self._socket is None:
            return
        try:
            size = self._socket.recv_into(self._buffer)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except OSError as error:
            self._fail(QueueUnavailable(f"Redis cannot be used: {error}"))
            return
        if not size:
            self._fail(QueueUnavailable("Redis has closed the connection."))
            return
        self._heard_at = self._loop.time()
        self._reader.feed(self._buffer, 0, size)
        try:
            while (answer := self._reader.gets()) is not False:
                self._take(answer)
        except hiredis.ProtocolError as error:
            self._fail(QueueUnavailable(f"Redis cannot be used: {error}"))
            return
        if not self._in_flight:
            self._send()
        if isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            self._loop.call_soon(self._read)

    def _take(self, answer: Any) -> None:  # noqa: ANN401 what a command answers
        """Give an answer to the offers that it belongs to."""
        group = self._in_flight.popleft() if self._in_flight else None
        if not isinstance(answer, hiredis.ReplyError):
            if group is not None:
                for ready, part in zip(group.offers, answer, strict=True):
                    _tell(ready, partial(self._producer.enqueued, part, ready.offer.rate_limit, ready.offer.now))
            return
        error = redis.ResponseError(str(answer))
        code = code_of(error)
        if group is None or code in WRONG_SERVER:
            # This connection leads nowhere now: not to the primary, or to a server that has not started yet.
            if group is not None:
                self._in_flight.appendleft(group)
            self._fail(queue_error(error))
        elif code == "NOSCRIPT" and not group.is_second_try:
            # Redis has forgotten its scripts; nothing has happened yet.
            self._must_load = True
            self._to_repeat.append(replace(group, is_second_try=True))
        elif len(group.offers) > 1:
            # One of them met something: the others must not suffer for it. Their ids make a second time harmless.
            self._to_repeat += [_Group([ready], group.is_second_try) for ready in group.offers]
        else:
            _tell(group.offers[0], partial(_raise, queue_error(error)))

    def _fail(self, error: QueueUnavailable) -> None:
        """Give the connection up: whatever was offered and not answered is unavailable, also what is ready."""
        self._replace_socket(self._next_socket)
        self._connect_again_at = self._loop.time() + _PAUSE_SECONDS
        groups = [*self._in_flight, *self._to_repeat, _Group(self._ready)]
        self._in_flight.clear()
        self._ready, self._to_repeat = [], []
        self._unsent, self._must_load, self._writes = memoryview(b""), False, False
        for ready in chain.from_iterable(group.offers for group in groups if group is not None):
            _tell(ready, partial(_raise, error))

    def _watch(self) -> None:
        """Look for an answer that does not come, and for a connection that is to be replaced."""
        self._loop.call_later(_WATCH_SECONDS, self._watch)
        now = self._loop.time()
        if self._producer.has_moved_since(self._connects_at) and self._socket is not None:
            self._fail(QueueUnavailable("Another server is the primary of Redis now."))
            self._begin_to_connect()
        elif self._in_flight and now - self._heard_at > ANSWER_SECONDS:
            self._fail(NoAnswer("Redis does not answer."))
        elif self._socket is not None and now >= self._renew_at and self._next_socket is None:
            self._begin_to_connect()

    def _begin_to_connect(self) -> None:
        if not self._connecting and self._loop.time() >= self._connect_again_at:
            self._connecting = True
            self._connects_at = self._loop.time()
            try:
                threading.Thread(target=self._connect, name="connecting", daemon=True).start()
            except RuntimeError:  # No thread is to be had just now.
                self._connected()

    def _connect(self) -> None:
        """In a thread: connect as every other client of this project does, with the script loaded."""
        try:
            self._arrived.append(self._producer.connected_socket())
        except QueueUnavailable as error:
            _log.debug("redis unavailable", reason=str(error))
        with contextlib.suppress(RuntimeError):  # The loop has ended meanwhile.
            self._loop.call_soon_threadsafe(self._connected)
        if self._is_closed:
            self._close_arrived()

    def _close_arrived(self) -> None:
        with contextlib.suppress(IndexError):
            self._arrived.pop().close()

    def _connected(self) -> None:
        self._connecting = False
        self._connect_again_at = self._loop.time() + _PAUSE_SECONDS
        connected = None if self._is_closed or not self._arrived else self._arrived.pop()
        if connected is not None and self._in_flight:
            self._next_socket = connected
        elif connected is not None:
            self._replace_socket(connected)

    def _replace_socket(self, connected: socket.socket | None) -> None:
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket.close()
        self._socket, self._next_socket = connected, None
        self._reader = hiredis.Reader()
        if connected is not None:
            self._renew_at = self._loop.time() + MAX_CONNECTION_SECONDS
            self._loop.add_reader(connected, self._read)


def _groups(offers: Sequence[_ReadyOffer]) -> Iterator[_Group]:
    """Part offers into groups of a bounded size, those of an application within a minute one behind the other."""
    by_application: dict[int, list[_ReadyOffer]] = {}
    for ready in offers:
        by_application.setdefault(id(ready.packed.common), []).append(ready)
    group: list[_ReadyOffer] = []
    entries = 0
    for ready in chain.from_iterable(by_application.values()):
        if group and entries + ready.packed.entries > _MAX_ENTRIES:
            yield _Group(group)
            group, entries = [], 0
        group.append(ready)
        entries += ready.packed.entries
    if group:
        yield _Group(group)


def _tell(ready: _ReadyOffer, outcome: Callable[[], Enqueued]) -> None:
    try:
        ready.answered(outcome)
    except Exception:  # noqa: BLE001 the others of the group have their own answers to come
        _log.exception("unexpected error")


def _raise(error: Exception) -> Enqueued:
    raise error
