"""What the receiver answers: the JSON envelope, the pixel, and the headers that browsers need to read them."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from tracker.errors import Refused
from tracker.queueing.intake import Acceptance
from tracker.web.envelope import PRIVATE, Answer, Headers, data_answer, error_answer, retry_headers

GIF = bytes.fromhex("47494638396101000100800000ffffff00000021f90401000000002c00000000010001000002024401003b")
"""A transparent image of 1x1 pixels in 43 bytes (GIF89a with a graphic control extension)."""
_LONGEST_REASON = 200
_METHODS = "GET, POST, OPTIONS"

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
_JSON: Headers = (*PRIVATE, *_FROM_ANYWHERE)
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


def json_answer(
    data: Mapping[str, Any], now: datetime, *, status: int = HTTPStatus.OK, headers: Headers = (), private: bool = False
) -> Answer:
    """A JSON envelope around `data`, which may hold UUIDs and aware times; no page may read a `private` one."""
    return data_answer(data, now, status=status, headers=(*(PRIVATE if private else _JSON), *headers))


def refusal_answer(refused: Refused, now: datetime, headers: Headers = ()) -> Answer:
    """The envelope of an error, which any page may read."""
    return error_answer(refused, now, (*_JSON, *headers))


def pixel_answer(headers: Headers = ()) -> Answer:
    return Answer(GIF, HTTPStatus.OK, (*_PIXEL, *headers))


def refused_pixel(refused: Refused, headers: Headers = ()) -> Answer:
    """The image all the same, since a broken one helps nobody; the reason stands in the headers.

    The status is 200, but 405 for a wrong method, which no image element sends.
    """
    reason = "".join(letter if " " <= letter <= "~" else "?" for letter in refused.message[:_LONGEST_REASON])
    why = (("X-Tracker-Error", refused.code), ("X-Tracker-Error-Message", reason))
    status = refused.status if refused.status == HTTPStatus.METHOD_NOT_ALLOWED else HTTPStatus.OK
    return Answer(GIF, status, (*_PIXEL, *why, *headers, *retry_headers(refused)))


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
