"""From a connection's bytes to requests, each whole or refused.

Parsing is llhttp's (httptools), strict: what two servers could read in two ways is refused and the connection closed
(RFC 9112, 11.2). A body that nobody takes, or that does not say how long it is, is not read: the request is ready with
its head, and the last one of its connection.
"""

import io
import re
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import httptools

from tracker.errors import Refused
from tracker.log import logger
from tracker.server.environ import KEYS, add_header, add_request_line
from tracker.server.limits import Limits
from tracker.server.request import Request
from tracker.server.site import Endpoint, Environ, Site
from tracker.web.body import BODY_UNREAD
from tracker.web.envelope import error_answer

_VERSIONS: Final = frozenset({"1.1", "1.0"})
_NOT_ASCII: Final = re.compile(rb"[\x80-\xff]")
_MIN_DISCARDED: Final = 1_048_576
_DISCARDED_BODIES: Final = 4

_log = logger(__name__)


class RequestReader:
    """Reads one connection. `ready` has the requests that came in, in their order; the connection takes them out."""

    def __init__(
        self, base: Environ, site: Site, limits: Limits, *, buffer: Callable[[int], None], go_on: Callable[[], None]
    ) -> None:
        """`base` is what every environ begins with.

        `buffer` is told how many bytes of a body are kept, and with a negative number that they are not any more;
        `go_on` says to a client that waits for it that its body is wanted.
        """
        self._base, self._site, self._limits = base, site, limits
        self._buffer, self._go_on = buffer, go_on
        self._parser = httptools.HttpRequestParser(self)
        self.ready: deque[Request] = deque()
        self.has_ended = False
        """Whether nothing that comes in matters any more."""
        self.max_discarded = _MIN_DISCARDED
        """Bytes that may come in after that; none of them is kept."""
        self._environ: Environ | None = None
        self._endpoint: Endpoint | None = None
        self._target = b""
        self._is_in_first_line = False
        self._head_is_whole = self._keep_alive = False
        self._fed = self._piece = 0
        """Bytes that came in behind the piece in which this head began; and bytes of the present piece."""
        self._body: list[bytes] = []
        self._body_size = 0
        self._max_chunked: int | None = None
        """Bytes that a body in chunks may have; None where the body is none."""
        self._bare_body = 0
        """Bytes of a body that the parser leaves alone, since its request offers to go on in another protocol."""

    @property
    def is_within(self) -> bool:
        """Return whether a request has begun that is not whole."""
        return self._environ is not None

    @property
    def holds_body(self) -> bool:
        return self._body_size > 0

    def feed(self, data: bytes) -> None:
        """Take bytes in. Never raises: what cannot be read becomes a request with its refusal."""
        self._piece = len(data)
        if self.is_within and not self._head_is_whole:
            self._fed += len(data)
        if self._is_in_first_line or not self.is_within:
            data = self._with_plain_target(data)
        while data and not self.has_ended:
            try:
                if self._bare_body:
                    data = self._take_bare_body(data)
                self._parser.feed_data(data)
                data = b""
            except httptools.HttpParserUpgrade as upgrade:
                # Declined (RFC 9110, 7.8): clients of HTTP/2 offer it with their first request, and go on in HTTP/1.1.
                data = data[upgrade.args[0] :]
                self._parser = httptools.HttpRequestParser(self)
            except httptools.HttpParserCallbackError as error:
                _log.error("unexpected error", exc_info=error.__context__ or error)
                self._refuse(500, "INTERNAL_ERROR", "Something went wrong here; it has been logged.")
            except httptools.HttpParserError as error:
                self._refuse_garbage(str(error))
        if self.is_within and not self._head_is_whole and self._fed > self._limits.max_head:
            self._refuse_head()

    def give_up(self) -> None:
        """Refuse a request that takes too long to come in."""
        self._refuse(408, "REQUEST_TIMEOUT", "The request did not come in whole in time.")

    def end(self) -> None:
        """Forget what has come in of a request that is not whole, and take no more."""
        self.has_ended = True
        self._environ = None
        self._drop_body()

    def close(self) -> None:
        """Forget everything, and let go of the parser and the connection: they are not used again.

        Reader, parser and connection know each other. Those of a connection that lived for a while are freed by
        nothing but Python's full collection, which is seldom: crowds of slow clients would pile up until then.
        """
        self.end()
        self.ready.clear()
        del self._parser, self._buffer, self._go_on

    # What the parser calls.

    def on_message_begin(self) -> None:
        if not self.has_ended:
            self._environ = self._base.copy()
            self._target, self._head_is_whole, self._fed = b"", False, 0
            self._max_chunked = None

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        environ = self._environ
        # What comes behind a body in chunks (RFC 9112, 7.1.2) is no header: nobody in front has looked at it.
        if environ is not None and not self._head_is_whole:
            key = KEYS.get(name)
            if key and key not in environ:
                environ[key] = value.decode("latin-1")
            else:
                add_header(environ, name, value)

    def on_headers_complete(self) -> None:
        environ, parser = self._environ, self._parser
        if environ is None:
            return
        self._head_is_whole = True
        if len(environ) > self._limits.max_headers or self._head_is_too_long(environ):
            self._refuse_head()
            return
        path, _, query = self._target.partition(b"?")
        version = parser.get_http_version()
        if version not in _VERSIONS:
            self._refuse_garbage("")
            return
        add_request_line(environ, parser.get_method().decode(), path, query, version)
        self._endpoint = self._site.endpoints.get(path)
        self._keep_alive = version == "1.1" and parser.should_keep_alive() and environ["REQUEST_METHOD"] != "CONNECT"
        if "HTTP_TRANSFER_ENCODING" in environ:
            self._expect_chunks(environ)
        elif (length := environ.get("CONTENT_LENGTH", "0")) != "0":
            self._expect_body(environ, int(length))

    def on_body(self, body: bytes) -> None:
        if self._environ is not None:
            self._body.append(body)
            self._body_size += len(body)
            self._buffer(len(body))
            if self._max_chunked is not None and self._body_size > self._max_chunked:
                self._refuse_chunks(self._environ)

    def on_message_complete(self) -> None:
        environ = self._environ
        if environ is None or self._bare_body:
            return
        body = b"".join(self._body)
        self._drop_body()
        if self._max_chunked is not None:
            self._say_length(environ, len(body))
        self._environ = None
        environ["wsgi.input"] = io.BytesIO(body)
        self.ready.append(Request(environ, self._endpoint, keep_alive=self._keep_alive))

    def _expect_body(self, environ: Environ, length: int) -> None:
        limit = self._max_body(environ)
        if length > limit:
            # Who sends a body that is merely too large shall learn so: most clients read the answer behind it.
            self.max_discarded = max(_MIN_DISCARDED, _DISCARDED_BODIES * limit)
            self._leave_body(environ)
            return
        if self._parser.should_upgrade():
            self._bare_body = length
        if environ.get("HTTP_EXPECT", "").lower() == "100-continue":
            self._go_on()

    def _expect_chunks(self, environ: Environ) -> None:
        """Read a body in chunks where something takes one; any other transfer coding is not read."""
        limit = self._max_body(environ)
        if not limit or environ["HTTP_TRANSFER_ENCODING"].lower() != "chunked" or self._parser.should_upgrade():
            self._leave_body(environ)
            return
        self._max_chunked = limit
        if environ.get("HTTP_EXPECT", "").lower() == "100-continue":
            self._go_on()

    def _refuse_chunks(self, environ: Environ) -> None:
        """Read no further: the body has a length from here on, which is too large."""
        self.max_discarded = max(_MIN_DISCARDED, _DISCARDED_BODIES * self._body_size)
        self._say_length(environ, self._body_size)
        self._leave_body(environ)

    def _say_length(self, environ: Environ, length: int) -> None:
        """Hand the body over as one of known length (RFC 9112, 7.1.3)."""
        self._max_chunked = None
        del environ["HTTP_TRANSFER_ENCODING"]
        environ["CONTENT_LENGTH"] = str(length)

    def _max_body(self, environ: Environ) -> int:
        return self._endpoint.max_body if self._endpoint is not None else self._site.max_body_of(environ)

    def _with_plain_target(self, data: bytes) -> bytes:
        """Return the piece with bytes beyond ASCII in its first line escaped.

        Clients forget it, and llhttp refuses them.
        """
        end = data.find(b"\n")
        self._is_in_first_line = end < 0
        line = data if end < 0 else data[:end]
        if line.isascii():
            return data
        return _NOT_ASCII.sub(lambda byte: b"%%%02X" % byte[0][0], line) + data[len(line) :]

    def _leave_body(self, environ: Environ) -> None:
        """Answer the request without its body, which the application learns from `BODY_UNREAD`."""
        environ[BODY_UNREAD] = True
        environ["wsgi.input"] = io.BytesIO()
        self.end()
        self.ready.append(Request(environ, self._endpoint, keep_alive=False))

    def _take_bare_body(self, data: bytes) -> bytes:
        """Take what belongs to the body; the rest, which belongs to the next request, is returned."""
        missing = self._bare_body - self._body_size
        self.on_body(data[:missing])
        if self._body_size == self._bare_body:
            self._bare_body = 0
            self.on_message_complete()
        return data[missing:]

    def _drop_body(self) -> None:
        if self._body:
            self._buffer(-self._body_size)
            self._body, self._body_size = [], 0

    # What is refused by the server itself.

    def _head_is_too_long(self, environ: Environ) -> bool:
        limit = self._limits.max_head
        if self._fed + self._piece <= limit:
            return False
        return len(self._target) + sum(len(value) for value in environ.values() if type(value) is str) > limit

    def _refuse_head(self) -> None:
        self._refuse(431, "REQUEST_HEADER_FIELDS_TOO_LARGE", "The request's headers are too many or too long.")

    def _refuse_garbage(self, reason: str) -> None:
        if "Transfer-Encoding" in reason and "Content-Length" in reason:
            # Both of them: two servers may disagree where such a request ends (RFC 9112, 6.1).
            self._refuse(411, "LENGTH_REQUIRED", "The request needs a Content-Length; chunked bodies are not taken.")
        else:
            self._refuse(400, "VALIDATION_ERROR", "The request is not one of HTTP/1.1.")

    def _refuse(self, status: int, code: str, sentence: str) -> None:
        if not self.has_ended:
            self.end()
            refusal = error_answer(Refused(code, status, sentence), datetime.now(UTC))
            self.ready.append(Request({"REQUEST_METHOD": ""}, None, keep_alive=False, refusal=refusal))
