"""What the receiver answers: the JSON envelope, the pixel, and the headers that browsers need to read them."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, NamedTuple

import orjson

from tracker.errors import Refused
from tracker.queueing.intake import Acceptance

GIF = bytes.fromhex("47494638396101000100800000ffffff00000021f90401000000002c00000000010001000002024401003b")
"""A transparent image of 1x1 pixels in 43 bytes (GIF89a with a graphic control extension)."""
_LONGEST_REASON = 200
_METHODS = "GET, POST, OPTIONS"

Headers = tuple[tuple[str, str], ...]

_READABLE = (
    "Retry-After",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-Tracker-Error",
    "X-Tracker-Error-Message",
    "X-Tracker-Filtered",
)
_FROM_ANYWHERE: Headers = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", ", ".join(_READABLE)),
)
_PRIVATE: Headers = (
    ("Content-Type", "application/json"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
)
_JSON: Headers = (*_PRIVATE, *_FROM_ANYWHERE)
_PIXEL: Headers = (
    ("Content-Type", "image/gif"),
    ("Content-Length", str(len(GIF))),
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-cache, no-store, must-revalidate"),
    ("Pragma", "no-cache"),
    ("Expires", "0"),
    ("Cross-Origin-Resource-Policy", "cross-origin"),
    *_FROM_ANYWHERE,
)
_PREFLIGHT: Headers = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Methods", _METHODS),
    ("Access-Control-Allow-Headers", "Content-Type, X-API-Key, Authorization, Content-Encoding"),
    ("Access-Control-Max-Age", "86400"),
)


class Answer(NamedTuple):
    """A whole answer; as a tuple in this order it is also what a Flask view may return."""

    body: bytes
    status: int
    headers: Headers


def json_answer(
    data: Mapping[str, Any], now: datetime, *, status: int = HTTPStatus.OK, headers: Headers = (), private: bool = False
) -> Answer:
    """A JSON envelope around `data`, which may hold UUIDs and aware times; no page may read a `private` one."""
    envelope = {"success": True, "data": data, "timestamp": now}
    return _json(envelope, status, (*(_PRIVATE if private else _JSON), *headers))


def refusal_answer(refused: Refused, now: datetime, headers: Headers = ()) -> Answer:
    """The envelope of an error."""
    envelope = {"success": False, "error": refusal_body(refused), "timestamp": now}
    return _json(envelope, refused.status, (*_JSON, *headers, *_retry(refused)))


def refusal_body(refused: Refused) -> dict[str, Any]:
    return {"code": refused.code, "message": refused.message, "details": refused.details}


def pixel_answer(headers: Headers = ()) -> Answer:
    return Answer(GIF, HTTPStatus.OK, (*_PIXEL, *headers))


def refused_pixel(refused: Refused, headers: Headers = ()) -> Answer:
    """The image all the same, since a broken one helps nobody; the reason stands in the headers.

    The status is 200, but 405 for a wrong method, which no image element sends.
    """
    reason = "".join(letter if " " <= letter <= "~" else "?" for letter in refused.message[:_LONGEST_REASON])
    why = (("X-Tracker-Error", refused.code), ("X-Tracker-Error-Message", reason))
    status = refused.status if refused.status == HTTPStatus.METHOD_NOT_ALLOWED else HTTPStatus.OK
    return Answer(GIF, status, (*_PIXEL, *why, *headers, *_retry(refused)))


def preflight_answer() -> Answer:
    """The answer to a CORS preflight (Fetch, 3.3): anybody may send hits, and need not ask again for a day."""
    return Answer(b"", HTTPStatus.NO_CONTENT, _PREFLIGHT)


def filtered_headers(reason: str) -> Headers:
    """Says that a hit is counted as no visit, and why."""
    return (("X-Tracker-Filtered", reason),)


def limit_headers(acceptance: Acceptance) -> Headers:
    return (
        ("X-RateLimit-Limit", str(acceptance.limit)),
        ("X-RateLimit-Remaining", str(acceptance.remaining)),
        ("X-RateLimit-Reset", str(acceptance.reset)),
    )


def _json(envelope: Mapping[str, Any], status: int, headers: Headers) -> Answer:
    body = orjson.dumps(envelope, option=orjson.OPT_UTC_Z)
    return Answer(body, status, (*headers, ("Content-Length", str(len(body)))))


def _retry(refused: Refused) -> Headers:
    return () if refused.retry_after is None else (("Retry-After", str(refused.retry_after)),)
