"""A request's body, whole or refused: never cut, never more than is allowed, decompressed or not.

A length is required. A chunked body has none before it is read, and Werkzeug hands a chunked body over cut at the
limit without a word, so it is never asked.
"""

import zlib
from collections.abc import Mapping
from typing import Any

from tracker.errors import Refused, invalid
from tracker.receiver.json_rules import refusal

_EITHER_ZLIB_OR_GZIP = zlib.MAX_WBITS | 32


def read_body(environ: Mapping[str, Any], limit: int) -> bytes:
    """The body, decompressed, of at most `limit` bytes on the wire and after decompression.

    Raises Refused: 411 without a Content-Length, 413 above the limit, 400 for a body that ends early or does not
    decompress.
    """
    length = environ.get("CONTENT_LENGTH") or ""
    if "HTTP_TRANSFER_ENCODING" in environ or not (length.isascii() and length.isdigit()):
        raise Refused("LENGTH_REQUIRED", 411, "The request needs a Content-Length; chunked bodies are not taken.")
    # A number of many digits is too large whatever it is, and Python takes long over converting it.
    wanted = int(length) if len(length) < 19 else limit + 1  # noqa: PLR2004 what a signed 64-bit number always holds
    if wanted > limit:
        raise _too_large(limit)
    body: bytes = environ["wsgi.input"].read(wanted) if wanted else b""
    while len(body) < wanted:
        more = environ["wsgi.input"].read(wanted - len(body))
        if not more:
            raise refusal("body", "Ends before its Content-Length.")
        body += more
    encoding = environ.get("HTTP_CONTENT_ENCODING")
    return _decompress(body, encoding.strip().lower(), limit) if encoding else body


def _decompress(body: bytes, encoding: str, limit: int) -> bytes:
    """The content below gzip or deflate (RFC 9110, 8.4.1), unpacked no further than one byte above the limit."""
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise invalid("The Content-Encoding must be gzip or deflate.", body=["Has an unknown Content-Encoding."])
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


def _too_large(limit: int) -> Refused:
    return Refused("PAYLOAD_TOO_LARGE", 413, f"The body may have at most {limit} bytes, also when decompressed.")
