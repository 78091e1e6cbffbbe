"""The tracking endpoints: the pixel, one hit, a batch.

They stand in front of Flask: its contexts, routing and response objects would cost a hit as much as everything that
happens to it here. A request is taken in two steps, `begin` and `finish`, neither of which waits; in between its
entries go into the queue. `Tracking` is the WSGI middleware that does so in a thread, `tracker.receiver.on_the_loop`
does it on the event loop of the project's own server (docs/decisions/0150-a-server-on-an-event-loop.md).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tracker.clock import Clock
from tracker.dialects.original import NAME as ORIGINAL
from tracker.dialects.table import dialect_below
from tracker.errors import Refused
from tracker.instruments import REQUESTS_REFUSED
from tracker.queueing.producer import Enqueued
from tracker.receiver.acceptance import Filtered, LimitExceeded, ReceiverContext, prepare_hit
from tracker.receiver.answers import (
    filtered_headers,
    json_answer,
    limit_headers,
    pixel_answer,
    preflight_answer,
    refusal_answer,
    refused_pixel,
)
from tracker.receiver.application_cache import WouldWait
from tracker.receiver.batch_acceptance import prepare_batch, prepare_common_batch
from tracker.receiver.batch_body import parse_batch
from tracker.receiver.dialect_endpoint import DIALECT_ENDPOINTS, DialectEndpoint
from tracker.receiver.header_text import clean
from tracker.receiver.hit_form import MAX_URL_LENGTH
from tracker.receiver.page_origin import for_readers
from tracker.receiver.pending import Pending
from tracker.receiver.query import read_query
from tracker.web.body import BodyUnread, discard_body, read_body
from tracker.web.envelope import Answer, Headers, as_refused
from tracker.web.json_rules import Parsed, check, parse, refusal

if TYPE_CHECKING:  # Names for type checkers; at run time the module does not exist.
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MAX_BODY_BYTES = 65_536
MAX_BATCH_BYTES = 1_048_576
_STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


@dataclass(frozen=True, slots=True)
class TrackingEndpoint:
    """One path: the method that brings hits, the longest body, how a request of it is taken."""

    method: str
    max_body: int
    take: Callable[[ReceiverContext, Mapping[str, Any]], Answer | Pending]
    is_image: bool = False

    @property
    def methods(self) -> tuple[str, ...]:
        return (self.method,)

    def begin(self, context: Callable[[], ReceiverContext], environ: dict[str, Any], clock: Clock) -> Answer | Pending:
        """Return everything up to the queue.

        Raises WouldWait where the context's applications do; all else is an answer.

        `context` is called where the request brings a hit. `clock` is for answers that need no context.
        """
        asked = environ["REQUEST_METHOD"]
        try:
            if asked == self.method:
                own = context()
                own.background_tasks.ensure()
                begun = self.take(own, environ)
                return begun if isinstance(begun, Pending) else _readable(begun, environ)
            if asked == "OPTIONS":
                return preflight_answer(environ)
            if asked == "HEAD" and self.is_image:
                # HEAD asks about the image and is safe to repeat (RFC 9110, 9.2.1): it is no hit.
                return _readable(pixel_answer(), environ)
        except WouldWait:
            raise
        except Exception as error:  # noqa: BLE001 whatever it is, the caller gets an answer in the one shape
            return self._refuse(error, environ, clock)
        refused = Refused("METHOD_NOT_ALLOWED", 405, f"Only {self.method} is taken here.")
        return self._refuse(refused, environ, clock, (("Allow", f"{self.method}, OPTIONS"), *discard_body(environ)))

    def finish(
        self, pending: Pending, offered: Callable[[], Enqueued], environ: dict[str, Any], clock: Clock
    ) -> Answer:
        """Return the answer, once the queue has said what became of the offer; `offered` returns that or raises."""
        try:
            return _readable(pending.answer(offered()), environ)
        except Exception as error:  # noqa: BLE001 as above
            return self._refuse(error, environ, clock)

    def _refuse(self, error: Exception, environ: dict[str, Any], clock: Clock, headers: Headers = ()) -> Answer:
        refused = as_refused(error)
        REQUESTS_REFUSED.labels(refused.code).inc()
        if isinstance(error, LimitExceeded):
            headers = limit_headers(error.enqueued)
        elif isinstance(error, BodyUnread):
            headers = discard_body(environ)
        if self.is_image:
            return _readable(refused_pixel(refused, headers), environ)
        return _readable(refusal_answer(refused, clock.now(), headers), environ)


class Tracking:
    """WSGI: answers the tracking endpoints and leaves every other path to `others`.

    `context` gives the process's own, made when it is first asked for.
    """

    def __init__(self, context: Callable[[], ReceiverContext], others: "WSGIApplication", clock: Clock) -> None:
        self._context, self._others, self._clock = context, others, clock

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        endpoint = endpoint_at(environ["PATH_INFO"])
        if endpoint is None:
            return self._others(environ, start_response)
        begun = endpoint.begin(self._context, environ, self._clock)
        if isinstance(begun, Pending):
            pending = begun
            begun = endpoint.finish(
                pending, lambda: self._context().hit_queue.enqueue(pending.offer), environ, self._clock
            )
        start_response(_STATUS_LINES[begun.status], list(begun.headers))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [begun.body]


def _pixel(own: ReceiverContext, environ: Mapping[str, Any], *, dialect: str | None = None) -> Answer | Pending:
    values = read_query(environ.get("QUERY_STRING", ""))
    if "url" not in values and (page := clean(environ.get("HTTP_REFERER"), MAX_URL_LENGTH)):
        values["url"] = page
    hit = prepare_hit(own, values, environ, own.clock.now(), dialect=dialect)
    if isinstance(hit, Filtered):
        return pixel_answer(filtered_headers(hit.reason))
    prepared = hit
    return Pending(hit.offer, lambda enqueued: pixel_answer(limit_headers(prepared.accepted(enqueued).enqueued)))


def _track(own: ReceiverContext, environ: Mapping[str, Any], *, dialect: str | None = None) -> Answer | Pending:
    parsed = _object(read_body(environ, MAX_BODY_BYTES))
    check(parsed.value, suspicious=parsed.suspicious)
    now = own.clock.now()
    hit = prepare_hit(own, parsed.value, environ, now, dialect=dialect)
    if isinstance(hit, Filtered):
        return json_answer({"filtered": hit.reason}, now, headers=filtered_headers(hit.reason))
    prepared = hit

    def answer(enqueued: Enqueued) -> Answer:
        accepted = prepared.accepted(enqueued)
        data = {"tracking_id": accepted.tracking_id, "timestamp": accepted.happened_at}
        return json_answer(data, now, headers=limit_headers(enqueued))

    return Pending(hit.offer, answer)


def _batch(own: ReceiverContext, environ: Mapping[str, Any], *, dialect: str | None = None) -> Answer | Pending:
    body = read_body(environ, MAX_BATCH_BYTES)
    now = own.clock.now()
    batch = prepare_common_batch(own, body, environ, now) if dialect is None else None
    if batch is None:
        batch = prepare_batch(own, parse_batch(body, environ), environ, now, dialect=dialect)
    if batch.offer is None:
        return json_answer(batch.accepted(None), now)
    return Pending(
        batch.offer,
        lambda enqueued: json_answer(batch.accepted(enqueued), now, headers=limit_headers(enqueued)),
    )


ENDPOINTS: dict[str, TrackingEndpoint | DialectEndpoint] = {
    "/pixel.gif": TrackingEndpoint("GET", 0, _pixel, is_image=True),
    "/v1/track": TrackingEndpoint("POST", MAX_BODY_BYTES, _track),
    "/v1/track/batch": TrackingEndpoint("POST", MAX_BATCH_BYTES, _batch),
    "/beacon": TrackingEndpoint("GET", 0, partial(_pixel, dialect=ORIGINAL), is_image=True),
    "/v1/tracking/track": TrackingEndpoint("POST", MAX_BODY_BYTES, partial(_track, dialect=ORIGINAL)),
    "/v1/tracking/batch": TrackingEndpoint("POST", MAX_BATCH_BYTES, partial(_batch, dialect=ORIGINAL)),
    **DIALECT_ENDPOINTS,
}


def endpoint_at(path: str) -> TrackingEndpoint | DialectEndpoint | None:
    """Return the endpoint at a path, also at one that has a site in it."""
    endpoint = ENDPOINTS.get(path)
    if endpoint is None and (dialect := dialect_below(path)) is not None:
        endpoint = DialectEndpoint(dialect)
    return endpoint


def _object(body: bytes) -> Parsed:
    parsed = parse(body)
    if not isinstance(parsed.value, dict):
        raise refusal("body", "Must be a JSON object.")
    return parsed


def _readable(answer: Answer, environ: Mapping[str, Any]) -> Answer:
    """Return the answer with the headers that say which pages may read it."""
    return answer._replace(headers=for_readers(answer.headers, environ))
