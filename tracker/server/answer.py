"""An answer's head as bytes."""

from collections.abc import Iterable
from http import HTTPStatus

_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}
_WITHOUT_BODY = frozenset({204, 304})
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def head(status: int, headers: Iterable[tuple[str, str]], date: str, *, close: bool) -> bytes:
    """Return the head of an answer. A header whose value would end its line early is left out with what follows it."""
    lines = [_LINES.get(status) or f"HTTP/1.1 {status} \r\n"]
    lines += [f"{name}: {value}\r\n" for name, value in headers]
    text = "".join(lines)
    if text.count("\n") != len(lines) or text.count("\r") != len(lines):
        raise ValueError("a header of an answer holds a line break")
    closing = "Connection: close\r\n" if close else ""
    return f"{text}Date: {date}\r\n{closing}\r\n".encode("latin-1", "replace")


def may_have_body(method: str, status: int) -> bool:
    return method != "HEAD" and status not in _WITHOUT_BODY
