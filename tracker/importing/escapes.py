r"""Undoing what a server escaped in a field, and only as that server writes it.

| rule | undone | who writes so |
|---|---|---|
| `apache` | `\"`, `\\`, `\n` `\r` `\t` `\v` `\b` `\f`, `\xhh` | Apache httpd, lighttpd, h2o (ap_escape_logitem) |
| `nginx` | `\xHH` | nginx with `escape=default` |
| `json` | what RFC 8259 names, control characters included | nginx with `escape=json` |
| `java` | `\"`, `\\`, control letters, `\u00hh` as a byte of UTF-8 | Tomcat |
| `node` | the same; a letter up to U+00FF is a byte of UTF-8 too | morgan |
| `quote` | `\"` | gunicorn |
| `haproxy` | `#HH` | HAProxy |
| `none` | nothing | nginx with `escape=none`, Squid, Envoy, uWSGI |
| `safe` | `\"`, `\\`; `\xhh`, `\u00hh` of a quote, a backslash, what is not printable ASCII | lines that do not tell |

With `safe`, `\x41` and `\t` stay as they are: gunicorn and HAProxy write a backslash that was sent as it is, so that
these may be what a visitor sent.
"""

import re
from collections.abc import Callable
from typing import Final

_ANY: Final = re.compile(rb"\\(?:[xX]([0-9A-Fa-f]{2})|u00([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_HASH: Final = re.compile(rb"#([0-9A-Fa-f]{2})")
_HEX: Final = re.compile(rb"\\x([0-9A-Fa-f]{2})")
_QUOTE: Final = re.compile(rb'\\(")')
_CONTROLS: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v", b"b": b"\b", b"f": b"\f"}
_SAFE_PRINTABLE: Final = frozenset(range(0x20, 0x7F)) - frozenset(b'"\\')

Unescape = Callable[[bytes], bytes]


def _apache(match: re.Match[bytes]) -> bytes:
    code, unicode_code, character = match.groups()
    if code is not None:
        return bytes.fromhex(code.decode())
    if unicode_code is not None:
        return match[0]
    return _CONTROLS.get(character, character if character in b'"\\' else match[0])


def _java(match: re.Match[bytes]) -> bytes:
    _, unicode_code, character = match.groups()
    if unicode_code is not None:
        return bytes.fromhex(unicode_code.decode())
    if character is None:
        return match[0]
    return _CONTROLS.get(character, character if character in b'"\\' else match[0])


def _bytes_of_letters(field: bytes) -> bytes:
    """Node hands over bytes as letters up to U+00FF, and morgan writes those that can be printed as they are."""
    try:
        return field if field.isascii() else field.decode().encode("latin-1")
    except UnicodeError:
        return field


def _safe(match: re.Match[bytes]) -> bytes:
    code, unicode_code, character = match.groups()
    if character is not None:
        return character if character in b'"\\' else match[0]
    byte = bytes.fromhex((code or unicode_code).decode())
    return match[0] if byte[0] in _SAFE_PRINTABLE else byte


def _json(match: re.Match[bytes]) -> bytes:
    code, unicode_code, character = match.groups()
    if code is not None:
        return match[0]
    if unicode_code is not None:
        return chr(int(unicode_code, 16)).encode()
    return _CONTROLS.get(character, character if character in b'"\\/' else match[0])


def _hex_only(match: re.Match[bytes]) -> bytes:
    return bytes.fromhex(match[1].decode())


ESCAPES: Final[dict[str, Unescape]] = {
    "safe": lambda field: _ANY.sub(_safe, _bytes_of_letters(field) if b"\\u00" in field else field),
    "apache": lambda field: _ANY.sub(_apache, field) if b"\\" in field else field,
    "nginx": lambda field: _HEX.sub(_hex_only, field) if b"\\" in field else field,
    "json": lambda field: _ANY.sub(_json, field) if b"\\" in field else field,
    "java": lambda field: _ANY.sub(_java, field) if b"\\" in field else field,
    "node": lambda field: _ANY.sub(_java, _bytes_of_letters(field)),
    "quote": lambda field: _QUOTE.sub(rb"\1", field) if b"\\" in field else field,
    "haproxy": lambda field: _HASH.sub(_hex_only, field) if b"#" in field else field,
    "none": lambda field: field,
}
"""The rules of `--escape`, by name."""
