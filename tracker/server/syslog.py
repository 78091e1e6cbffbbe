"""A process that receives syslog over UDP (RFC 5426) and TCP (RFC 6587), and hands the messages to one thread.

Who sends by TCP waits while too much is there; datagrams that come then are dropped and counted, as the network would.
"""

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable
from typing import Any, Final

import uvloop

from tracker.log import logger
from tracker.server.message_buffer import MessageBuffer
from tracker.server.syslog_framing import MAX_MESSAGE, SyslogFraming, without_trailer

MAX_CONNECTIONS: Final = 256
_BACKLOG: Final = 128
_REPORT_SECONDS: Final = 60.0

Consume = Callable[[MessageBuffer, threading.Event], None]
"""Takes messages until the buffer is closed and empty; the event says that it is to end soon."""

_log = logger(__name__)


def serve_syslog(
    stream: socket.socket,
    datagrams: socket.socket,
    consume: Consume,
    ready: Callable[[], object],
    *,
    shutdown_seconds: float,
) -> None:
    """Receive until SIGTERM or SIGINT; what was received by then is consumed. `ready` is called once."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(stream, datagrams, consume, ready, shutdown_seconds))


async def _serve(
    stream: socket.socket,
    datagrams: socket.socket,
    consume: Consume,
    ready: Callable[[], object],
    shutdown_seconds: float,
) -> None:
    loop = asyncio.get_running_loop()
    told_to_stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, told_to_stop.set)
    buffer = MessageBuffer()
    received = _Received(loop, buffer)
    buffer.on_room = received.resume
    is_ending = threading.Event()
    consumer = threading.Thread(target=_consume, args=(consume, buffer, is_ending, loop, told_to_stop), name="syslog")
    consumer.start()
    server = await loop.create_server(lambda: _StreamProtocol(received), sock=stream, backlog=_BACKLOG)
    transport, _ = await loop.create_datagram_endpoint(lambda: _DatagramProtocol(received), sock=datagrams)
    ready()
    _log.info("syslog process started")
    reporting = loop.create_task(received.report())
    await told_to_stop.wait()
    reporting.cancel()
    server.close()
    transport.close()
    received.close()
    buffer.close()
    is_ending.set()
    await loop.run_in_executor(None, consumer.join, shutdown_seconds)
    if consumer.is_alive():
        _log.error("syslog messages are lost: what was received could not be queued in time")


def _consume(
    consume: Consume,
    buffer: MessageBuffer,
    is_ending: threading.Event,
    loop: asyncio.AbstractEventLoop,
    told_to_stop: asyncio.Event,
) -> None:
    """End the process whose consumer ends before it was told to, so that it is replaced."""
    try:
        consume(buffer, is_ending)
    except Exception:  # noqa: BLE001 the process above is told by its end, whatever it was
        _log.exception("syslog consumer ends")
    finally:
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(told_to_stop.set)


class _Received:
    """The connections of the process, and what they share. To be used on the loop only, `resume` excepted."""

    def __init__(self, loop: asyncio.AbstractEventLoop, buffer: MessageBuffer) -> None:
        self.loop, self.buffer = loop, buffer
        self.too_long = self.cut = 0
        self.connections: dict[_StreamProtocol, float] = {}
        """Each with the time at which it last brought something, the longest silent first."""

    def resume(self) -> None:
        """Called by the taker's thread."""
        with contextlib.suppress(RuntimeError):  # The loop has ended, and with it whoever waited.
            self.loop.call_soon_threadsafe(self._resume)

    def _resume(self) -> None:
        for connection in list(self.connections):
            connection.resume()

    def close(self) -> None:
        for connection in list(self.connections):
            connection.transport.close()

    async def report(self) -> None:
        """Say now and then what was lost."""
        while True:
            await asyncio.sleep(_REPORT_SECONDS)
            lost = {"dropped": self.buffer.dropped, "too_long": self.too_long, "cut": self.cut}
            if any(lost.values()):
                _log.warning("syslog messages lost", **lost)
                self.buffer.dropped = self.too_long = self.cut = 0


class _DatagramProtocol(asyncio.DatagramProtocol):
    """A message a datagram."""

    def __init__(self, received: _Received) -> None:
        self._received = received

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 asyncio's signature
        message = without_trailer(data)
        if len(message) > MAX_MESSAGE:
            self._received.too_long += 1
        elif message:
            self._received.buffer.offer(message)


class _StreamProtocol(asyncio.Protocol):
    """Messages one after the other."""

    def __init__(self, received: _Received) -> None:
        self._received = received
        self._framing = SyslogFraming()
        self._is_paused = False

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 uvloop's transports have no types
        self.transport = transport
        others = self._received.connections
        if len(others) >= MAX_CONNECTIONS:
            next(iter(others)).transport.abort()
        others[self] = self._received.loop.time()

    def data_received(self, data: bytes) -> None:
        others = self._received.connections
        others.pop(self, None)
        others[self] = self._received.loop.time()
        before = self._framing.too_long
        messages = self._framing.feed(data)
        self._received.too_long += self._framing.too_long - before
        self._received.buffer.add(messages)
        if self._received.buffer.is_full and not self._is_paused:
            self._is_paused = True
            self.transport.pause_reading()

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 asyncio's signature
        self._received.connections.pop(self, None)
        self._received.cut += self._framing.holds_part

    def resume(self) -> None:
        if self._is_paused:
            self._is_paused = False
            self.transport.resume_reading()
