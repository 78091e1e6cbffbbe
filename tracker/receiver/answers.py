"""What the receiver answers: the JSON envelope, the pixel, and the headers that browsers need to read them."""

import re
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from tracker.dialects.gif import GIF, GIF_HEADERS
from tracker.errors import Refused
from tracker.queueing.producer import Enqueued
from tracker.receiver.admission import for_readers
from tracker.receiver.batch_acceptance import BatchResult
from tracker.receiver.tracking import Accepted, Filtered
from tracker.web.envelope import PRIVATE, Answer, Headers, data_answer, error_answer, retry_headers

_MAX_REASON_LENGTH = 200
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
EXPOSED: Headers = (("Access-Control-Expose-Headers", ", ".join(_READABLE)),)
"""Says which headers a page may read; without it a client in a browser does not see `Retry-After`."""
_JSON: Headers = (*PRIVATE, *EXPOSED)
_PIXEL: Headers = (*GIF_HEADERS, *EXPOSED)
_HEADERS = (
    "Content-Type, X-API-Key, Authorization, Content-Encoding, X-Requested-With, traceparent, tracestate, baggage"
)
_ASKED_HEADERS = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+(?:[ \t]*,[ \t]*[A-Za-z0-9!#$%&'*+.^_`|~-]+)*")
_MAX_ASKED_LENGTH = 1000
_PREFLIGHT: Headers = (("Access-Control-Allow-Methods", _METHODS), ("Access-Control-Max-Age", "86400"))


def show_image(outcome: Accepted | Filtered, now: datetime) -> Answer:  # noqa: ARG001 as `show_json`
    """Return what became of a pixel's hit."""
    if isinstance(outcome, Filtered):
        return pixel_answer((("X-Tracker-Filtered", outcome.reason),))
    return pixel_answer(limit_headers(outcome.enqueued))


def show_json(outcome: Accepted | Filtered, now: datetime) -> Answer:
    """Return what became of a hit."""
    if isinstance(outcome, Filtered):
        return json_answer({"filtered": outcome.reason}, now, headers=(("X-Tracker-Filtered", outcome.reason),))
    data = {"tracking_id": outcome.tracking_id, "timestamp": outcome.happened_at}
    return json_answer(data, now, headers=limit_headers(outcome.enqueued))


def show_batch(outcome: BatchResult, now: datetime) -> Answer:
    """Return what became of each event of a batch."""
    return json_answer(outcome.data, now, headers=limit_headers(outcome.enqueued) if outcome.enqueued else ())


def json_answer(
    data: Mapping[str, Any], now: datetime, *, status: int = HTTPStatus.OK, headers: Headers = (), private: bool = False
) -> Answer:
    """Return a JSON envelope around `data`, which may hold UUIDs and aware times; no page may read a `private` one."""
    return data_answer(data, now, status=status, headers=(*(PRIVATE if private else _JSON), *headers))


def refusal_answer(refused: Refused, now: datetime, headers: Headers = ()) -> Answer:
    """Return the envelope of an error, which any page may read."""
    return error_answer(refused, now, (*_JSON, *headers))


def pixel_answer(headers: Headers = ()) -> Answer:
    return Answer(GIF, HTTPStatus.OK, (*_PIXEL, *headers))


def refused_pixel(refused: Refused, headers: Headers = ()) -> Answer:
    """Return the image all the same, since a broken one helps nobody; the reason stands in the headers.

    The status is 200, but 405 for a wrong method, which no image element sends.
    """
    reason = "".join(letter if " " <= letter <= "~" else "?" for letter in refused.message[:_MAX_REASON_LENGTH])
    why = (("X-Tracker-Error", refused.code), ("X-Tracker-Error-Message", reason))
    status = refused.status if refused.status == HTTPStatus.METHOD_NOT_ALLOWED else HTTPStatus.OK
    return Answer(GIF, status, (*_PIXEL, *why, *headers, *retry_headers(refused)))


def preflight_answer(environ: Mapping[str, Any]) -> Answer:
    """Return the answer to a CORS preflight (Fetch, 3.3): anybody may send hits, and need not ask again for a day.

    The headers that are asked for are allowed, whatever they are: each client has its own, some only where they send
    a hit again, and those that the receiver does not know it does not read.
    """
    asked = str(environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS") or "").strip()
    is_list = len(asked) <= _MAX_ASKED_LENGTH and _ASKED_HEADERS.fullmatch(asked)
    allowed = f"{_HEADERS}, {asked}" if is_list else _HEADERS
    headers = (*_PREFLIGHT, ("Access-Control-Allow-Headers", allowed))
    return Answer(b"", HTTPStatus.NO_CONTENT, for_readers(headers, environ))


def limit_headers(enqueued: Enqueued) -> Headers:
    return (
        ("X-RateLimit-Limit", str(enqueued.limit)),
        ("X-RateLimit-Remaining", str(enqueued.remaining)),
        ("X-RateLimit-Reset", str(enqueued.reset)),
    )
