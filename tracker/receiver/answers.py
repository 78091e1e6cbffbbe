"""What the receiver answers: the JSON envelope, the pixel, and the headers that browsers need to read them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from flask import Response

from tracker.errors import Refused
from tracker.queueing.intake import Acceptance

GIF = bytes.fromhex("47494638396101000100800000ffffff00000021f90401000000002c00000000010001000002024401003b")
"""A transparent image of 1x1 pixels in 43 bytes (GIF89a with a graphic control extension)."""
_LONGEST_HEADER = 200
_METHODS = "GET, POST, OPTIONS"

if TYPE_CHECKING:  # Names for type checkers; at run time the module does not exist.
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Headers = Sequence[tuple[str, str]]

_READABLE = (
    "Retry-After",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-Tracker-Error",
    "X-Tracker-Error-Message",
)
_FOR_BROWSERS: Headers = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", ", ".join(_READABLE)),
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
)
_JSON: Headers = (("Content-Type", "application/json"), *_FOR_BROWSERS)
_PIXEL: Headers = (
    ("Content-Type", "image/gif"),
    *_FOR_BROWSERS[:-1],
    ("Cache-Control", "no-cache, no-store, must-revalidate"),
    ("Pragma", "no-cache"),
    ("Expires", "0"),
    ("Cross-Origin-Resource-Policy", "cross-origin"),
)
_PREFLIGHT: Headers = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Methods", _METHODS),
    ("Access-Control-Allow-Headers", "Content-Type, X-API-Key, Authorization, Content-Encoding"),
    ("Access-Control-Max-Age", "86400"),
)


class Answer(Response):
    """A whole answer in memory. It goes to the server as a list, which costs it less than a generator."""

    def __init__(self, body: bytes, status: int, headers: Iterable[tuple[str, str]]) -> None:
        super().__init__(body, status, [*headers, ("Content-Length", str(len(body)))])
        self._body = body

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> list[bytes]:
        start_response(self.status, list(self.headers))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [self._body]


def json_answer(
    data: Mapping[str, Any], now: datetime, *, status: int = 200, headers: Headers = (), success: bool = True
) -> Answer:
    """A JSON envelope around `data`, which may hold UUIDs and aware times."""
    envelope = {"success": success, "data" if success else "error": data, "timestamp": now}
    return Answer(orjson.dumps(envelope, option=orjson.OPT_UTC_Z), status, (*_JSON, *headers))


def refusal_answer(refused: Refused, now: datetime, headers: Headers = ()) -> Answer:
    """The envelope of an error."""
    return json_answer(
        refusal_body(refused), now, status=refused.status, headers=(*headers, *_retry(refused)), success=False
    )


def refusal_body(refused: Refused) -> dict[str, Any]:
    return {"code": refused.code, "message": refused.message, "details": refused.details}


def pixel_answer(headers: Headers = ()) -> Answer:
    return Answer(GIF, 200, (*_PIXEL, *headers))


def refused_pixel(refused: Refused, headers: Headers = ()) -> Answer:
    """The image all the same, since a broken one helps nobody; the reason stands in the headers.

    The status is 200, but 405 for a wrong method, which no image element sends.
    """
    reason = refused.message.encode("ascii", "replace").decode()[:_LONGEST_HEADER]
    answer = pixel_answer(
        (
            ("X-Tracker-Error", refused.code),
            ("X-Tracker-Error-Message", "".join(letter if letter.isprintable() else "?" for letter in reason)),
            *headers,
            *_retry(refused),
        )
    )
    if refused.code == "METHOD_NOT_ALLOWED":
        answer.status_code = refused.status
    return answer


def preflight_answer() -> Answer:
    """The answer to a CORS preflight (Fetch, 3.3): anybody may send hits, and need not ask again for a day."""
    return Answer(b"", 204, _PREFLIGHT)


def limit_headers(acceptance: Acceptance) -> Headers:
    return (
        ("X-RateLimit-Limit", str(acceptance.limit)),
        ("X-RateLimit-Remaining", str(acceptance.remaining)),
        ("X-RateLimit-Reset", str(acceptance.reset)),
    )


def _retry(refused: Refused) -> Headers:
    return () if refused.retry_after is None else (("Retry-After", str(refused.retry_after)),)
