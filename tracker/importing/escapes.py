r"""Undoing what a server escaped in a field, and only as that server writes it.

| rule | undone | who writes so |
|---|---|---|
| `apache` | `\"`, `\\`, `\n` `\r` `\t` `\v` `\b` `\f`, `\xhh`, `\u00hh` | Apache httpd, lighttpd, Varnish, Twisted |
| `nginx` | `\xHH` | nginx with `escape=default` |
| `h2o` | `\xhh` of a quote, a brace, what is not printable ASCII; a backslash stays as it was sent | h2o |
| `json` | what RFC 8259 names, control characters included | nginx with `escape=json` |
| `java`, `node` | `\"`, `\\`, control letters, `\u00hh` as a byte; letters as bytes | Tomcat, morgan |
| `quote` | `\"`; letters as bytes | gunicorn |
| `letters` | letters as bytes | hypercorn |
| `haproxy` | `#HH` | HAProxy |
| `plack` | `\xhh` of what is not printable ASCII | Plack (starman) |
| `none` | nothing | nginx with `escape=none`, Squid, Envoy, uWSGI, Traefik |
| `safe` | `\"`, `\\`; `\xhh`, `\u00hh` of a quote, a backslash, what is not printable ASCII | lines that do not tell |

With `safe`, `\x41` and `\t` stay as they are: gunicorn and HAProxy write a backslash that was sent as it is, so that
these may be what a visitor sent.

Letters as bytes: servers in Java, Node.js and Python hand a header over as a text whose letters up to U+00FF are the
bytes that were sent. With `safe` letters are taken for bytes where these are UTF-8 and nothing else.
"""

import re
from collections.abc import Callable, Iterable
from itertools import product
from typing import Final, NamedTuple
from urllib.parse import quote

_AFTER_BACKSLASH: Final = re.compile(rb"\\(x[0-9A-Fa-f]{2}|u00[0-9A-Fa-f]{2}|.)", re.DOTALL)
_CODES: Final = re.compile(rb"(?:\\u00[0-9A-Fa-f]{2}|[\x80-\xff])++")
_HEX_BYTE: Final = re.compile(rb"\\x([0-9A-Fa-f]{2})")
_AFTER_HASH: Final = re.compile(rb"#([0-9A-Fa-f]{2})")
_ALL_BYTES: Final = range(256)
_NO_PRINTABLE_ASCII: Final = frozenset(_ALL_BYTES) - frozenset(range(0x20, 0x7F)) | frozenset(b'"\\')


class Escape(NamedTuple):
    """How a server's escapes are undone."""

    mark: bytes
    """A field of ASCII without these bytes holds nothing to undo: ask first, since nearly every field is such a one."""
    undo: Callable[[bytes], bytes]


def _codes(prefix: str, numbers: Iterable[int], encode: Callable[[int], bytes]) -> dict[bytes, bytes]:
    """Return what two hexadecimal digits after a prefix stand for, as far as they stand for one of the numbers."""
    pairs = ["".join(pair) for pair in product("0123456789abcdefABCDEF", repeat=2)]
    allowed = frozenset(numbers)
    return {f"{prefix}{pair}".encode(): encode(int(pair, 16)) for pair in pairs if int(pair, 16) in allowed}


def _byte(number: int) -> bytes:
    return bytes((number,))


def _letter(number: int) -> bytes:
    return chr(number).encode()


_ESCAPED: Final = {b'"': b'"', b"\\": b"\\"}
_CONTROLS: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_APACHE: Final = (
    _ESCAPED | _CONTROLS | {b"v": b"\v"} | _codes("x", _ALL_BYTES, _byte) | _codes("u00", _ALL_BYTES, _byte)
)
"""With what Tomcat writes for a byte: a format string does not tell the two, and Apache writes no `\\u`."""
_JAVA: Final = _ESCAPED | _CONTROLS | {b"v": b"\v"} | _codes("u00", _ALL_BYTES, _byte)
_JSON: Final = _ESCAPED | _CONTROLS | {b"/": b"/"} | _codes("u00", _ALL_BYTES, _letter)
_NGINX: Final = _codes("x", _ALL_BYTES, _byte)
_H2O: Final = _codes("", _NO_PRINTABLE_ASCII - {0x5C} | {0x7D}, _byte)
_PLACK: Final = _codes("", _NO_PRINTABLE_ASCII - frozenset(b'"\\'), _byte)
_SAFE_HEX: Final = _ESCAPED | _codes("x", _NO_PRINTABLE_ASCII, _byte)
_SAFE_CODES: Final = _codes("u00", _NO_PRINTABLE_ASCII, _byte)
"""What stands after a backslash, and what it stands for; anything else stays as it is, with its backslash."""


def _undo(table: dict[bytes, bytes], code: re.Pattern[bytes] = _AFTER_BACKSLASH) -> Callable[[bytes], bytes]:
    return lambda field: code.sub(lambda match: table.get(match[1], match[0]), field)


_SAFE_IN_PATHS: Final = "/:@!$&'()*+,;=~"
_NOT_SENT: Final = re.compile(r"[^!$-;=@-~]|%(?![0-9A-Fa-f]{2})")
_UNDONE: Final = re.compile(r'[^!"$-;<=>@-~]|%(?![0-9A-Fa-f]{2})')
_UNDO_JAVA: Final = _undo(_JAVA)
_UNDO_SAFE_HEX: Final = _undo(_SAFE_HEX)
_UNDO_SAFE_CODES: Final = _undo(_SAFE_CODES)


def as_sent(path: str) -> str:
    """Return a path with its percent escapes: some servers undo them, others write what was sent.

    Which of them is not told by the name of the field (Apache undoes those of `%U`, lighttpd and Varnish do not), but
    nobody sends a blank, a letter beyond ASCII or a percent sign alone, and the first `?` or `#` ends a path. Programs
    send a quote as it is; where a path has escapes beside it, nothing was undone.
    """
    if _NOT_SENT.search(path) is None or ("%" in path and not _UNDONE.search(path)):
        return path
    return quote_path(path)


def target_as_sent(target: str) -> str:
    """Return a target whose path may lack its percent escapes; its query has them."""
    path, mark, query = target.partition("?")
    return as_sent(path) + mark + query


def quote_path(path: str) -> str:
    """Return a path whose percent escapes were undone as it was sent."""
    return quote(path, safe=_SAFE_IN_PATHS)


def letters_as_bytes(text: str) -> str:
    """Return what the letters of a text say as bytes of UTF-8; the text itself where they are none."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text


def _bytes_of_letters(field: bytes) -> bytes:
    try:
        return field if field.isascii() else field.decode().encode("latin-1")
    except UnicodeError:
        return field


def _undo_safe(field: bytes) -> bytes:
    if b"\\u00" in field:
        return _UNDO_SAFE_HEX(_CODES.sub(_undo_codes, _bytes_of_letters(field)))
    try:
        return _UNDO_SAFE_HEX(field if field.isascii() else letters_as_bytes(field.decode()).encode())
    except UnicodeError:
        return _UNDO_SAFE_HEX(field)


def _undo_codes(codes: re.Match[bytes]) -> bytes:
    """Return the bytes; where they make no UTF-8, a server that escapes no backslash was sent these very characters."""
    undone = _UNDO_SAFE_CODES(codes[0])  # A run without any is its own.
    return undone if _is_utf_8(undone) else codes[0]


def _is_utf_8(field: bytes) -> bool:
    try:
        field.decode()
    except UnicodeError:
        return False
    return True


ESCAPES: Final[dict[str, Escape]] = {
    "safe": Escape(b"\\", _undo_safe),
    "apache": Escape(b"\\", _undo(_APACHE)),
    "nginx": Escape(b"\\x", _undo(_NGINX)),
    "h2o": Escape(b"\\x", _undo(_H2O, _HEX_BYTE)),
    "plack": Escape(b"\\x", _undo(_PLACK, _HEX_BYTE)),
    "json": Escape(b"\\", _undo(_JSON)),
    "java": Escape(b"\\", lambda field: _UNDO_JAVA(_bytes_of_letters(field))),
    "node": Escape(b"\\", lambda field: _UNDO_JAVA(_bytes_of_letters(field))),
    "quote": Escape(b'\\"', lambda field: _bytes_of_letters(field.replace(b'\\"', b'"'))),
    "letters": Escape(b"\\", _bytes_of_letters),
    "haproxy": Escape(b"#", lambda field: _AFTER_HASH.sub(lambda match: bytes.fromhex(match[1].decode()), field)),
    "none": Escape(b"\\", lambda field: field),
}
"""The rules of `--escape`, by name."""
