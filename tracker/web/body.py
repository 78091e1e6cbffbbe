"""A request's body, whole or refused: never cut, never more than is allowed, decompressed or not.

A chunked body has no length before it is read, and Werkzeug hands it over cut at the limit without a word, so it is
never asked: our own server, and others that say `wsgi.input_terminated` (gunicorn), hand over what can be read to its
end.
"""

import zlib
from collections.abc import Mapping
from typing import Any, Final

from tracker import zstd
from tracker.errors import Refused, invalid
from tracker.json_rules import check, parse, refusal

BODY_READ = "tracker.body_read"
"""In a request's environ, where a view has read the body and an error came later: nothing is left to discard."""
BODY_UNREAD = "tracker.body_unread"
"""In a request's environ, where the server has read nothing of the body and ends the connection with the answer."""
_GZIP = b"\x1f\x8b"
_MAX_WINDOW_LOG: Final = 23
"""Of zstd: 8 MB of window, which every sender may use and none needs more of (RFC 8878, 3.1.1.1.2)."""
_EITHER_ZLIB_OR_GZIP = zlib.MAX_WBITS | 32
_MAX_DISCARDED = 8_388_608
_PIECE = 65_536


class BodyUnread(Refused):
    """A refusal by the length alone: the body is still on its way."""


def read_body(environ: Mapping[str, Any], limit: int) -> bytes:
    """Return the body, decompressed, of at most `limit` bytes on the wire and after decompression.

    Raises Refused: 411 where neither a length nor the end of its chunks tells how long it is, 413 above the limit, 400
    for a body that ends early or does not decompress.
    """
    body = _chunked(environ, limit) if "HTTP_TRANSFER_ENCODING" in environ else _of_known_length(environ, limit)
    encoding = environ.get("HTTP_CONTENT_ENCODING")
    if encoding:
        return _decompress(body, encoding.strip().lower(), limit)
    # Some clients compress and do not say so. No text of ours begins like that.
    return _decompress(body, "gzip", limit) if body.startswith(_GZIP) else body


def read_object(environ: Mapping[str, Any], limit: int) -> dict[str, Any]:
    """Return the JSON object that the body is, and holds to the rules. Raises Refused."""
    parsed = parse(read_body(environ, limit))
    if not isinstance(parsed.value, dict):
        raise refusal("body", "Must be a JSON object.")
    check(parsed.value, suspicious=parsed.suspicious)
    return parsed.value


def _of_known_length(environ: Mapping[str, Any], limit: int) -> bytes:
    length = environ.get("CONTENT_LENGTH") or ""
    if not (length.isascii() and length.isdigit()):
        raise BodyUnread("LENGTH_REQUIRED", 411, "The request needs a Content-Length.")
    # A number of many digits is too large whatever it is, and Python takes long over converting it.
    wanted = int(length) if len(length) < 19 else limit + 1  # noqa: PLR2004 what a signed 64-bit number always holds
    if wanted > limit or BODY_UNREAD in environ:
        raise BodyUnread("PAYLOAD_TOO_LARGE", 413, _too_large(limit).message)
    body = _up_to(environ["wsgi.input"], wanted)
    if len(body) < wanted:
        raise refusal("body", "Ends before its Content-Length.")
    return body


def _chunked(environ: Mapping[str, Any], limit: int) -> bytes:
    if BODY_UNREAD in environ or not environ.get("wsgi.input_terminated"):
        sentence = "The request needs a Content-Length: this server does not hand over bodies in chunks."
        raise BodyUnread("LENGTH_REQUIRED", 411, sentence)
    body = _up_to(environ["wsgi.input"], limit + 1)
    if len(body) > limit:
        raise BodyUnread("PAYLOAD_TOO_LARGE", 413, _too_large(limit).message)
    return body


def _up_to(source: Any, size: int) -> bytes:  # noqa: ANN401 PEP 3333
    """Return what comes, of at most `size` bytes."""
    body: bytes = source.read(size) if size else b""
    while len(body) < size and (more := source.read(size - len(body))):
        body += more
    return body


def discard_body(environ: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Get rid of a body that nobody read, and give the headers that the answer needs for it.

    The next request on the connection begins behind the body. A server that is left with a rest closes the connection,
    and a client that was not told loses what it sends next, often this answer too. Up to 8 MB is therefore read away,
    so that who sends too large a batch learns why; where there is more, or no length, `Connection: close` says what
    happens.
    """
    if BODY_UNREAD in environ:
        return ()
    length = environ.get("CONTENT_LENGTH") or "0"
    if "HTTP_TRANSFER_ENCODING" in environ or len(length) >= 19 or not length.isdecimal():  # noqa: PLR2004 as above
        return _closing(environ)
    rest = int(length)
    if rest > _MAX_DISCARDED:
        return _closing(environ)
    while rest and (piece := environ["wsgi.input"].read(min(rest, _PIECE))):
        rest -= len(piece)
    return _closing(environ) if rest else ()


def _closing(environ: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    # PEP 3333 leaves this header to the server, and some servers fail over an application that sets it; granian
    # sets none and heeds the application's.
    return (("Connection", "close"),) if environ.get("SERVER_SOFTWARE") == "Granian" else ()


def _decompress(body: bytes, encoding: str, limit: int) -> bytes:
    """Return the content below gzip, deflate or zstd, unpacked no further than one byte above the limit."""
    if encoding in ("", "identity"):
        return body
    if encoding == "zstd":
        return _below_zstd(body, limit)
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise invalid("The Content-Encoding must be gzip, deflate or zstd.", body=["Has an unknown Content-Encoding."])
    for window in (_EITHER_ZLIB_OR_GZIP, -zlib.MAX_WBITS):
        unpacker = zlib.decompressobj(window)
        try:
            content = unpacker.decompress(body, limit + 1)
        except zlib.error:
            continue  # Some clients call bare deflate data `deflate`, without zlib's frame.
        if len(content) > limit:
            raise _too_large(limit)
        if unpacker.eof and not unpacker.unused_data:
            return content
        break
    raise refusal("body", f"Does not decompress as {encoding}.")


def _below_zstd(body: bytes, limit: int) -> bytes:
    unpacker = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _MAX_WINDOW_LOG})
    try:
        content = unpacker.decompress(body, limit + 1)
    except zstd.ZstdError:
        raise refusal("body", "Does not decompress as zstd.") from None
    if len(content) > limit:
        raise _too_large(limit)
    if not unpacker.eof or unpacker.unused_data:
        raise refusal("body", "Does not decompress as zstd.")
    return content


def _too_large(limit: int) -> Refused:
    return Refused("PAYLOAD_TOO_LARGE", 413, f"The body may have at most {limit} bytes, also when decompressed.")
