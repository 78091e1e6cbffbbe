"""The tracking endpoints: the pixel, one hit, a batch.

They stand in front of Flask, as WSGI middleware (Flask's own way of adding some): its contexts, routing and response
objects would cost a hit as much as everything that happens to it here (docs/decisions/0023-granian.md).
"""

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tracker.clock import Clock
from tracker.errors import Refused
from tracker.http.body import BodyUnread, discard_body, read_body
from tracker.http.envelope import Answer, Headers
from tracker.http.faults import as_refused
from tracker.http.json_rules import Parsed, check, parse, refusal
from tracker.receiver.acceptance import Counter, Filtered, LimitExceeded, accept_hit
from tracker.receiver.answers import (
    filtered_headers,
    json_answer,
    limit_headers,
    pixel_answer,
    preflight_answer,
    refusal_answer,
    refused_pixel,
)
from tracker.receiver.batch_acceptance import accept_batch
from tracker.receiver.header_text import clean
from tracker.receiver.hit_form import LONGEST_URL
from tracker.receiver.page_origin import for_readers
from tracker.receiver.query import read_query

if TYPE_CHECKING:  # Names for type checkers; at run time the module does not exist.
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LONGEST_BODY = 65_536
LONGEST_BATCH = 1_048_576
_PIXEL = "/pixel.gif"
_STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class Tracking:
    """WSGI: answers the tracking endpoints and leaves every other path to `others`.

    `counter` gives the process's own, made when it is first asked for. `clock` is for answers that need no counter.
    """

    def __init__(self, counter: Callable[[], Counter], others: "WSGIApplication", clock: Clock) -> None:
        self._counter, self._others, self._clock = counter, others, clock

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        endpoint = _ENDPOINTS.get(environ["PATH_INFO"])
        if endpoint is None:
            return self._others(environ, start_response)
        method, take = endpoint
        body, status, headers = self._answer(method, take, environ)
        start_response(_STATUS_LINES[status], list(for_readers(headers, environ)))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _answer(self, method: str, take: "_Take", environ: "WSGIEnvironment") -> Answer:
        asked = environ["REQUEST_METHOD"]
        try:
            if asked == method:
                own = self._counter()
                own.upkeep.ensure()
                return take(own, environ)
            if asked == "OPTIONS":
                return preflight_answer()
            if asked == "HEAD" and take is _pixel:
                # HEAD asks about the image and is safe to repeat (RFC 9110, 9.2.1): it is no hit.
                return pixel_answer()
        except Exception as error:  # noqa: BLE001 whatever it is, the caller gets an answer in the one shape
            return self._refuse(take, as_refused(error), _headers(error, environ))
        refused = Refused("METHOD_NOT_ALLOWED", 405, f"Only {method} is taken here.")
        return self._refuse(take, refused, (("Allow", f"{method}, OPTIONS"), *discard_body(environ)))

    def _refuse(self, take: "_Take", refused: Refused, headers: Headers) -> Answer:
        return (
            refused_pixel(refused, headers) if take is _pixel else refusal_answer(refused, self._clock.now(), headers)
        )


def _pixel(own: Counter, environ: Mapping[str, Any]) -> Answer:
    values = read_query(environ.get("QUERY_STRING", ""))
    if "url" not in values and (page := clean(environ.get("HTTP_REFERER"), LONGEST_URL)):
        values["url"] = page
    accepted = accept_hit(own, values, environ, own.clock.now())
    if isinstance(accepted, Filtered):
        return pixel_answer(filtered_headers(accepted.reason))
    return pixel_answer(limit_headers(accepted.acceptance))


def _track(own: Counter, environ: Mapping[str, Any]) -> Answer:
    parsed = _object(read_body(environ, LONGEST_BODY))
    check(parsed.value, suspicious=parsed.suspicious)
    now = own.clock.now()
    accepted = accept_hit(own, parsed.value, environ, now)
    if isinstance(accepted, Filtered):
        return json_answer({"filtered": accepted.reason}, now, headers=filtered_headers(accepted.reason))
    data = {"tracking_id": accepted.tracking_id, "timestamp": accepted.happened_at}
    return json_answer(data, now, headers=limit_headers(accepted.acceptance))


def _batch(own: Counter, environ: Mapping[str, Any]) -> Answer:
    parsed = _object(read_body(environ, LONGEST_BATCH))
    now = own.clock.now()
    data, acceptance = accept_batch(own, parsed, environ, now)
    return json_answer(data, now, headers=limit_headers(acceptance) if acceptance else ())


_Take = Callable[[Counter, Mapping[str, Any]], Answer]
_ENDPOINTS: dict[str, tuple[str, _Take]] = {
    _PIXEL: ("GET", _pixel),
    "/v1/track": ("POST", _track),
    "/v1/track/batch": ("POST", _batch),
}


def _object(body: bytes) -> Parsed:
    parsed = parse(body)
    if not isinstance(parsed.value, dict):
        raise refusal("body", "Must be a JSON object.")
    return parsed


def _headers(error: Exception, environ: Mapping[str, Any]) -> Headers:
    if isinstance(error, LimitExceeded):
        return limit_headers(error.acceptance)
    return discard_body(environ) if isinstance(error, BodyUnread) else ()
