"""The WSGI application (PEP 3333) in threads, its answers streamed piece by piece.

A thread is held while the application works, never while a client is slow: bodies are there before it begins, and each
piece of an answer is asked for once the client has taken the one before.
"""

import contextlib
import contextvars
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from tracker.errors import Refused
from tracker.log import logger
from tracker.server.answer import may_have_body
from tracker.server.connection import ClientConnection
from tracker.server.request import Request
from tracker.server.threads import Threads
from tracker.web.envelope import Answer, Headers, as_refused, error_answer

if TYPE_CHECKING:  # Names for type checkers; at run time the module does not exist.
    from _typeshed.wsgi import WSGIApplication

_OURS: Final = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "date"})
"""Headers that the server writes itself."""
_RETRY_AFTER: Final = 5

_log = logger(__name__)


class WsgiRunner:
    """Has requests answered by the application: those at the paths of endpoints by `hits`, all others by `others`."""

    def __init__(self, app: "WSGIApplication", *, hits: Threads, others: Threads) -> None:
        self._app, self._hits, self._others = app, hits, others

    def run(self, connection: ClientConnection, request: Request) -> None:
        threads = self._others if request.endpoint is None else self._hits
        call = _Call(self._app, connection, request, threads)
        if not threads.run(call.begin, call.begun):
            sentence = "Too many requests wait to be answered."
            refused = Refused("SERVICE_UNAVAILABLE", 503, sentence, retry_after=_RETRY_AFTER)
            connection.finish(request, error_answer(refused, datetime.now(UTC)))


class _Call:
    """One request on its way through the application."""

    def __init__(
        self, app: "WSGIApplication", connection: ClientConnection, request: Request, threads: Threads
    ) -> None:
        self._app, self._connection, self._request, self._threads = app, connection, request, threads
        # What the application notes for its request is found again by whichever thread makes the next piece.
        self._context = contextvars.copy_context()
        self._status = 0
        self._headers: Headers = ()
        self._iterable: Any = None
        self._pieces: Iterator[bytes] = iter(())
        self._missing: int | None = None
        """Bytes of the body that are still to come; None where the application does not say how many there are."""
        self._is_chunked = self._client_has_gone = self._waits_for_client = False

    # In a thread.

    def begin(self) -> Answer | bytes:
        """Return the whole answer, or the first piece of its body."""
        return self._context.run(self._begin)

    def _begin(self) -> Answer | bytes:
        self._iterable = self._app(self._request.environ, self._start_response)
        try:
            self._pieces = iter(self._iterable)
            # An empty piece counts too, though PEP 3333 has it otherwise: an application that yields one first wants
            # its head sent, before what takes long.
            first = next(self._pieces, b"")
            self._missing = next(
                (int(value) for name, value in self._headers if name.lower() == "content-length"), None
            )
            if not may_have_body(self._request.environ["REQUEST_METHOD"], self._status) or self._missing == len(first):
                self._close()
                return Answer(first, self._status, self._headers)
        except BaseException:
            self._close()
            raise
        return first

    def _start_response(self, status: str, headers: list[tuple[str, str]], _: Any = None) -> Callable[[bytes], object]:  # noqa: ANN401 PEP 3333
        self._status = int(status.partition(" ")[0])
        self._headers = tuple(header for header in headers if header[0].lower() not in _OURS)
        return _refuse_to_write

    def _next(self) -> bytes | None:
        return self._context.run(next, self._pieces, None)

    def _close(self) -> None:
        if (close := getattr(self._iterable, "close", None)) is not None:
            close()

    # On the loop.

    def begun(self, outcome: Callable[[], Answer | bytes]) -> None:
        """Send what the application has begun with."""
        connection, request = self._connection, self._request
        try:
            answer = outcome()
        except Exception as error:  # noqa: BLE001 whatever it is, the caller gets an answer in the one shape
            connection.finish(request, error_answer(as_refused(error), datetime.now(UTC)))
            return
        if isinstance(answer, Answer):
            connection.finish(request, answer)
            return
        headers = self._headers
        if self._missing is None and request.environ["SERVER_PROTOCOL"] == "HTTP/1.1":
            self._is_chunked = True
            headers = (*headers, ("Transfer-Encoding", "chunked"))
        elif self._missing is None:
            request.keep_alive = False
        if connection.begin(request, self._status, headers, self):
            self._send(lambda: answer)
        else:
            self._end()

    def on_writable(self) -> None:
        """Note that the client has taken what there was."""
        if self._waits_for_client:
            self._waits_for_client = False
            self._ask()

    def on_gone(self) -> None:
        """Note that the client is not there any more."""
        self._client_has_gone = True
        if self._waits_for_client:
            self._waits_for_client = False
            self._end()

    def _ask(self) -> None:
        if not self._threads.run(self._next, self._send):
            self._connection.complete(self._request, whole=False)
            self._end()

    def _send(self, outcome: Callable[[], bytes | None]) -> None:
        connection = self._connection
        try:
            piece = outcome()
        except Exception as error:  # noqa: BLE001 the head is sent: the end of the connection is all that is left to say
            _log.warning("answer broken off", reason=str(error))
            connection.complete(self._request, whole=False)
            self._end()
            return
        if self._client_has_gone:
            self._end()
        elif piece is None:
            if self._is_chunked:
                connection.write(b"0\r\n\r\n")
            connection.complete(self._request, whole=not self._missing)
            self._end()
        else:
            if self._missing is not None:
                self._missing -= len(piece)
            framed = b"%x\r\n%b\r\n" % (len(piece), piece) if self._is_chunked and piece else piece
            if connection.write(framed):
                self._ask()
            else:
                self._waits_for_client = True

    def _end(self) -> None:
        """Let the application clean up, in a thread since it may wait."""

        def ended(outcome: Callable[[], None]) -> None:
            with contextlib.suppress(Exception):
                outcome()

        if not self._threads.run(lambda: self._context.run(self._close), ended):
            # Nothing waits in a thread that is not there; what the application holds is given back here.
            self._context.run(self._close)


def _refuse_to_write(_: bytes) -> None:
    raise NotImplementedError("the application returns its body; `write` is for old ones (PEP 3333)")
