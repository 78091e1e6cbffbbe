"""One connection: requests come in, answers go out, one after the other.

What a slow client costs is a socket and, of a body, what it has sent: no thread. It has `request_seconds` from the
first byte of a request to the last, and for each piece of an answer. Where a request is answered before its body has
come, the connection ends with the answer.
"""

import asyncio
from functools import partial
from math import inf
from typing import Any, Final, Protocol

from tracker.server.answer import CONTINUE, head, may_have_body
from tracker.server.connections import Connections
from tracker.server.environ import base
from tracker.server.request import Request
from tracker.server.request_reader import RequestReader
from tracker.server.site import Site
from tracker.web.envelope import Answer, Headers

_FIRST_REQUEST_SECONDS: Final = 1.0
"""What a new connection gets for its first request while the process ends."""
_LINGER_SECONDS: Final = 2.0
"""How long a client may go on sending after an answer that came before its body: closing at once would take the answer
away from it (RFC 9112, 9.6)."""
_MAX_AHEAD: Final = 65_536
"""Bytes of further requests that are kept while one is answered."""


class Runner(Protocol):
    """Has requests answered by the WSGI application."""

    def run(self, connection: "ClientConnection", request: Request) -> None: ...


class Flow(Protocol):
    """An answer that is sent piece by piece, and what it is told of its reader."""

    def on_writable(self) -> None: ...

    def on_gone(self) -> None: ...


class ClientConnection(asyncio.Protocol):
    """The protocol of one connection. To be used on the loop only."""

    def __init__(self, loop: asyncio.AbstractEventLoop, site: Site, wsgi: Runner, connections: Connections) -> None:
        self._loop, self._site, self._wsgi, self._connections = loop, site, wsgi, connections
        self._limits = connections.limits
        self._ahead = b""
        self._discarded = 0
        self._is_receiving = self._is_busy = self._is_advancing = self._is_closing = self._sees_end = False
        self._is_new = self._is_writable = True
        self._flow: Flow | None = None
        self.deadline = inf
        self.waits_since: float | None = None

    @property
    def holds_body(self) -> bool:
        return self._reader.holds_body

    # What the loop calls.

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 uvloop's transports have no types
        self._transport = transport
        self._reader = RequestReader(
            base(transport.get_extra_info("peername"), transport.get_extra_info("sockname")),
            self._site,
            self._limits,
            buffer=self._connections.buffer,
            go_on=self._say_continue,
        )
        self._connections.add(self)
        self._wait(self._limits.request_seconds)

    def data_received(self, data: bytes) -> None:
        if self._reader.has_ended:
            self._discarded += len(data)
            if self._discarded > self._reader.max_discarded:
                self._transport.abort()
        elif self._is_busy:
            self._ahead += data
            if len(self._ahead) > _MAX_AHEAD:
                self._transport.pause_reading()
        else:
            self._reader.feed(data)
            self._advance()

    def eof_received(self) -> bool:
        """Return whether to stay open: a client that has sent all it wanted may still read its answers."""
        self._sees_end = True
        return not self._is_closing and (self._is_busy or bool(self._ahead))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 why it went does not matter
        self._is_closing = True
        self._reader.close()
        self._connections.remove(self)
        flow, self._flow = self._flow, None  # They know each other, and neither is to outlive the client by that.
        if flow is not None:
            flow.on_gone()

    def pause_writing(self) -> None:
        self._is_writable = False
        self._wait(self._limits.request_seconds)

    def resume_writing(self) -> None:
        self._is_writable = True
        if self._flow is not None:
            self._stop_waiting()
            self._flow.on_writable()
        elif not self._is_closing:
            self._wait_for_request()
            self._advance()

    # What the process calls.

    def on_deadline(self) -> None:
        """Give up a client that is too slow: say so where it may still hear it."""
        if self._is_closing or not self._is_writable:
            self._transport.abort()
        elif self._reader.is_within:
            self._reader.give_up()
            self._advance()
        else:
            self._transport.close()

    def end(self) -> None:
        """Close now where no request is on its way, else after its answer.

        Who has just connected is about to send one: a proxy may not send a hit again that was cut off.
        """
        if self._reader.is_within or self._is_busy:
            return
        if self._is_new:
            self.deadline = min(self.deadline, self._loop.time() + _FIRST_REQUEST_SECONDS)
        else:
            self._transport.close()

    def abort(self) -> None:
        """Close at once, without a word."""
        self._transport.abort()

    # Requests.

    def _advance(self) -> None:
        """Have the next request answered, and the next, as long as answers come at once and are taken."""
        if self._is_advancing:
            return
        self._is_advancing = True
        ready = self._reader.ready
        while self._is_writable and not self._is_busy and not self._is_closing:
            if ready:
                self._start(ready.popleft())
            elif self._ahead:
                data, self._ahead = self._ahead, b""
                self._transport.resume_reading()
                self._reader.feed(data)
            else:
                break
        self._is_advancing = False
        if self._is_busy or self._is_closing or not self._is_writable:
            return
        if self._sees_end:
            self._transport.close()
        elif self._reader.is_within and not self._is_receiving:
            self._is_receiving = True
            self._wait(self._limits.request_seconds)

    def _start(self, request: Request) -> None:
        self._is_busy, self._is_receiving = True, False
        self._stop_waiting()
        if request.refusal is not None:
            self.finish(request, request.refusal)
            return
        endpoint = request.endpoint
        if endpoint is None or not endpoint.handle(request.environ, partial(self.finish, request)):
            self._wsgi.run(self, request)

    def _say_continue(self) -> None:
        # Only where no other answer is due before: this is a part of the answer to the request that asks for it.
        if not self._is_busy and not self._reader.ready:
            self._transport.write(CONTINUE)

    # Answers.

    def finish(self, request: Request, answer: Answer) -> None:
        """Send a whole answer; nothing happens where the client has gone."""
        if self._is_closing:
            return
        keep_alive = request.keep_alive and not self._connections.is_ending
        lines = head(answer.status, answer.headers, self._connections.date, close=not keep_alive)
        has_body = may_have_body(request.environ["REQUEST_METHOD"], answer.status)
        self._transport.write(lines + answer.body if has_body else lines)
        self._finished(keep_alive=keep_alive)

    def begin(self, request: Request, status: int, headers: Headers, flow: Flow) -> bool:
        """Send the head of an answer whose body follows by `write`; whether the client is still there."""
        if self._is_closing:
            return False
        self._flow = flow
        request.keep_alive = request.keep_alive and not self._connections.is_ending
        self._transport.write(head(status, headers, self._connections.date, close=not request.keep_alive))
        return True

    def write(self, piece: bytes) -> bool:
        """Send a piece of a body; False where the next one has to wait for `on_writable`."""
        if not self._is_closing:
            self._transport.write(piece)
        return self._is_writable

    def complete(self, request: Request, *, whole: bool) -> None:
        """End an answer that was begun. One that is not whole ends with the connection, so that its reader sees it."""
        self._flow = None
        if self._is_closing:
            return
        self._finished(keep_alive=whole and request.keep_alive)

    def _finished(self, *, keep_alive: bool) -> None:
        self._is_new = self._is_busy = False
        if keep_alive:
            self._wait_for_request()
            self._advance()
        else:
            self._close()

    def _close(self) -> None:
        """Close once the answer is sent; whoever is still sending may do so for a moment."""
        self._is_closing = True
        if self._reader.has_ended or self._ahead:
            self._reader.end()
            self._wait(_LINGER_SECONDS)
            self._transport.resume_reading()
            self._transport.write_eof()
        else:
            self._wait(self._limits.request_seconds)
            self._transport.close()

    def _wait_for_request(self) -> None:
        self._is_receiving = self._reader.is_within
        self._wait(self._limits.request_seconds if self._is_receiving else self._limits.idle_seconds)

    def _wait(self, seconds: float) -> None:
        self.waits_since = self._loop.time()
        self.deadline = self.waits_since + seconds

    def _stop_waiting(self) -> None:
        self.waits_since, self.deadline = None, inf
