"""An answer of HTTP/1, read within bounds that no endpoint can move: bytes, informational answers, never its word.

http.client skips `100 Continue` without end and takes any other informational answer for the final one; more than a
hundred headers, or a long one, are an error to it beside whatever status; trailers and chunks' extensions have no end.
Here the bytes of an answer are counted as they come in, and http.client gets a head with only what it needs left.
"""

import re
from contextlib import suppress
from http.client import HTTPResponse, RemoteDisconnected
from io import BufferedReader, BytesIO, RawIOBase
from socket import SHUT_RDWR, socket
from typing import Any, Final

from tracker.webhooks.endpoint import NoResponse

MAX_INFORMATIONAL_ANSWERS: Final = 32
"""Answers of 1xx before the final one: real servers send one or two, or one in some seconds while they work."""
MAX_ANSWER_BYTES: Final = 64 * 1024
"""Of everything that is read of an answer: status lines, headers, bodies with their framing."""

_SWITCHING_PROTOCOLS: Final = 101
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.(\d)[ \t]+([1-9]\d\d)(?:[ \t].*)?\r?\n?", re.DOTALL)
_READ_HEADERS: Final = {b"connection", b"keep-alive", b"content-length", b"transfer-encoding", b"retry-after"}
"""Where the answer ends, whether the connection may be used again, and what the retry policy asks for."""
_NOTHING_MORE: Final = [b"Connection: close\r\n", b"Content-Length: 0\r\n"]
"""In the place of what an answer says of its end, where that is not known: nothing of its body is read."""


class BoundedResponse(HTTPResponse):
    """The final answer to a request. Once its status line has come whole, it is the answer, whatever follows.

    The consumer has spoken then: to send the event again because of a header that is cut off or the hundred and first
    would only double it. Such a connection is not used again.
    """

    def __init__(self, *args: Any, **more: Any) -> None:  # noqa: ANN401 - handed on to http.client
        super().__init__(*args, **more)
        self._sock: socket = args[0]
        self._bounded = _BoundedStream(self.fp.detach(), MAX_ANSWER_BYTES)
        self.fp = BufferedReader(self._bounded)

    def begin(self) -> None:
        """Read up to the body. Raises NoAnswer, RemoteDisconnected, and what the socket raises."""
        stream = self.fp
        self.fp = BufferedReader(BytesIO(self._read_head()))
        try:
            super().begin()
        finally:
            self.fp = stream

    def _close_conn(self) -> None:
        """Let the connection go; one on which more than the answer came is shut down, so that nobody uses it again.

        http.client throws away what it has read ahead. What follows that would be taken for the answer to the next
        request on this connection: a delivery would be noted as done by an answer to another one.
        """
        self._bounded.left = 0  # So that only what is here already is looked at, and nothing is waited for.
        if self.fp.peek():
            with suppress(OSError):  # The endpoint may have closed it meanwhile.
                self._sock.shutdown(SHUT_RDWR)
        super()._close_conn()  # type: ignore[misc] # not in typeshed, and there since Python 2

    def _read_head(self) -> bytes:
        """Return the final answer's head, with the headers that are read."""
        for _ in range(MAX_INFORMATIONAL_ANSWERS + 1):
            minor, status = self._read_status_line()
            is_final = status >= 200 or status == _SWITCHING_PROTOCOLS  # noqa: PLR2004 - HTTP's informational answers end there
            headers: list[bytes] = []
            try:
                is_whole = self._read_headers_into(headers)
            except OSError:
                if not is_final:
                    raise
                is_whole = False
            if is_final:
                if not is_whole or status == _SWITCHING_PROTOCOLS or not _says_one_length(headers):
                    headers = [line for line in headers if _name_of(line) == b"retry-after"] + _NOTHING_MORE
                return b"HTTP/1.%d %d \r\n%b\r\n" % (minor, status, b"".join(headers))
        raise NoResponse(f"It sent more than {MAX_INFORMATIONAL_ANSWERS} informational answers (1xx) and no final one.")

    def _read_status_line(self) -> tuple[int, int]:
        """Return the minor version and the status."""
        line = self.fp.readline()
        is_cut_off_here = self._bounded.left == 0
        if not line.endswith(b"\n") and not is_cut_off_here and b"HTTP/".startswith(line[:5]):
            raise RemoteDisconnected("The connection ended before a whole status line.")
        match = _STATUS_LINE.fullmatch(line)
        if match is None and is_cut_off_here:
            raise NoResponse(f"It sent {MAX_ANSWER_BYTES} bytes and no status.")
        if match is None:
            raise NoResponse("It did not answer in HTTP/1.0 or HTTP/1.1.")
        return int(match[1]), int(match[2])

    def _read_headers_into(self, headers: list[bytes]) -> bool:
        """Read headers until they end, and add those that are needed, whole. Return whether the end came.

        A folded one is put into one line, and a blank before the colon goes (RFC 9112, 5.1 and 5.2): http.client takes
        neither for what it says, and would wait for a body without end.
        """
        is_needed = False
        while (line := self.fp.readline()).endswith(b"\n"):
            if line in (b"\r\n", b"\n"):
                return True
            if line[:1] not in b" \t":
                name, colon, value = line.partition(b":")
                name = name.rstrip(b" \t").lower()
                is_needed = name in _READ_HEADERS
                if is_needed:
                    headers.append(name + colon + value)
            elif is_needed:
                headers[-1] = headers[-1].rstrip(b"\r\n") + b" " + line.lstrip(b" \t")
        return False


def _name_of(line: bytes) -> bytes:
    return line.partition(b":")[0]


def _says_one_length(headers: list[bytes]) -> bool:
    """Return whether the body's length is one number, or is left out (RFC 9112, 6.3).

    urllib3 refuses an answer with two lengths altogether, and waits for the end of one whose length is no number.
    """
    lengths = {line.partition(b":")[2].strip() for line in headers if _name_of(line) == b"content-length"}
    return not lengths or (len(lengths) == 1 and lengths.pop().isdigit())


class _BoundedStream(RawIOBase):
    """A socket's stream that ends after some bytes, whatever else comes."""

    def __init__(self, stream: RawIOBase, limit: int) -> None:
        self._stream = stream
        self.left = limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - any writable buffer
        if not self.left:
            return 0
        size: int | None = self._stream.readinto(memoryview(buffer)[: self.left])
        self.left -= size or 0
        return size

    def close(self) -> None:
        try:
            self._stream.close()
        finally:
            super().close()
