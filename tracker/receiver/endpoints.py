"""The tracking endpoints: the pixel, one hit, a batch; each under two names, and those of other trackers' clients.

They stand in front of Flask: its contexts, routing and response objects would cost a hit as much as everything that
happens to it here. A request is taken in two steps, `begin` and `finish`, neither of which waits; in between its
entries go into the queue. `LoopTracking` does so on the event loop of the project's own server, with the queue asked in
groups (docs/decisions/0089-a-server-on-an-event-loop.md); `Tracking` is WSGI middleware that does so in a thread.

What would have to wait (an application that is not in memory, Redis unavailable) and what takes long (a large batch) is
left by the loop to the same endpoint in a thread. An offer that Redis did not answer is made again there with the same
entries: their ids make that harmless.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from tracker.clock import Clock
from tracker.dialects.original import NAME as ORIGINAL
from tracker.dialects.table import dialect_below
from tracker.errors import NoAnswer, QueueFull, QueueUnavailable, Refused
from tracker.instruments import REQUESTS_REFUSED
from tracker.queueing.group_commit import GroupCommit
from tracker.queueing.producer import Enqueued
from tracker.queueing.sharded_producer import ShardedGroupCommit
from tracker.receiver.admission import for_readers
from tracker.receiver.answers import (
    limit_headers,
    pixel_answer,
    preflight_answer,
    refusal_answer,
    refused_pixel,
    show_batch,
    show_image,
    show_json,
)
from tracker.receiver.application_cache import WouldWait
from tracker.receiver.application_directory import ApplicationDirectory, KnownApplications
from tracker.receiver.batch_acceptance import BatchResult, PreparedBatch, take_batch
from tracker.receiver.context import HitRequest, Pending, ReceiverContext
from tracker.receiver.dialect_endpoint import DIALECT_ENDPOINTS, DialectEndpoint
from tracker.receiver.query import read_pixel
from tracker.receiver.tracking import Filtered, LimitExceeded, Prepared, take_hit
from tracker.web.body import BodyUnread, discard_body, read_body, read_object
from tracker.web.envelope import Answer, Headers, as_refused
from tracker.web.request_headers import presented_key, sender_of

if TYPE_CHECKING:  # Names for type checkers; at run time the module does not exist.
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MAX_BODY_BYTES: Final = 65_536
MAX_BATCH_BYTES: Final = 1_048_576
_MAX_BODY_ON_THE_LOOP: Final = 65_536
"""Bytes of a batch that is judged on the loop, which takes milliseconds; a larger one goes into a thread."""
_STATUS_LINES: Final = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}

Respond = Callable[[Answer], None]
Offered = Callable[[], Enqueued]
"""Returns what became of an offer, or raises. It has a name so that the types of functions within a function, which are
made anew at each request, cost nothing."""
InThread = Callable[[Offered, Callable[[Offered], None]], bool]
"""Do the first in a thread, then call the second on the loop with its outcome; False where too much waits."""


@dataclass(frozen=True, slots=True)
class TrackingEndpoint:
    """One path: the method that brings hits, the longest body, how a request is read, taken and answered."""

    method: str
    max_body: int
    read: Callable[[Mapping[str, Any], int], Any]
    take: Callable[[ReceiverContext, HitRequest, Any], Prepared | PreparedBatch | Filtered | BatchResult]
    show: Callable[[Any, datetime], Answer]
    is_image: bool = False
    dialect: str | None = None

    @property
    def methods(self) -> tuple[str, ...]:
        return (self.method,)

    def begin(self, context: Callable[[], ReceiverContext], environ: dict[str, Any], clock: Clock) -> Answer | Pending:
        """Return everything up to the queue.

        Raises WouldWait where the context's applications do; all else is an answer.

        `context` is called where the request brings a hit. `clock` is for answers that need no context.
        """
        method = environ["REQUEST_METHOD"]
        try:
            if method == self.method:
                return self._begin(context(), environ)
            if method == "OPTIONS":
                return preflight_answer(environ)
            if method == "HEAD" and self.is_image:
                # HEAD asks about the image and is safe to repeat (RFC 9110, 9.2.1): it is no hit.
                return _readable(pixel_answer(), environ)
        except WouldWait:
            raise
        except Exception as error:  # noqa: BLE001 whatever it is, the caller gets an answer in the one shape
            return self._refuse(error, environ, clock)
        refused = Refused("METHOD_NOT_ALLOWED", 405, f"Only {self.method} is taken here.")
        return self._refuse(refused, environ, clock, (("Allow", f"{self.method}, OPTIONS"), *discard_body(environ)))

    def _begin(self, context: ReceiverContext, environ: dict[str, Any]) -> Answer | Pending:
        context.background_tasks.ensure()
        presented, sender = presented_key(environ), sender_of(environ, context.proxies)
        values = self.read(environ, self.max_body)
        request = HitRequest(environ, context.clock.now(), sender, presented, self.dialect)
        taken = self.take(context, request, values)
        if isinstance(taken, Filtered | BatchResult):
            return _readable(self.show(taken, request.now), environ)
        return Pending(taken.offer, lambda enqueued: self.show(taken.accepted(enqueued), request.now))

    def finish(self, pending: Pending, offered: Offered, environ: dict[str, Any], clock: Clock) -> Answer:
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
            enqueue = partial(self._context().hit_queue.enqueue, begun.offer)
            begun = endpoint.finish(begun, enqueue, environ, self._clock)
        start_response(_STATUS_LINES[begun.status], list(begun.headers))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [begun.body]


class LoopTracking:
    """Takes requests of tracking endpoints on the event loop, where nothing waits."""

    def __init__(
        self,
        context: ReceiverContext,
        applications: ApplicationDirectory,
        queue: GroupCommit | ShardedGroupCommit,
        clock: Clock,
        in_thread: InThread,
    ) -> None:
        self._context = replace(context, applications=KnownApplications(applications))
        self._queue, self._clock, self._in_thread = queue, clock, in_thread

    def handle(self, endpoint: "HitEndpoint", environ: dict[str, Any], respond: Respond) -> bool:
        """Answer now or later, or return False: the request is then as it was."""
        if self._context.hit_queue.is_redis_unavailable or not self._queue.is_ready():
            return False
        length = environ.get("CONTENT_LENGTH", "")
        if len(length) > 5 and int(length) > _MAX_BODY_ON_THE_LOOP:  # noqa: PLR2004 digits
            return False
        try:
            begun = endpoint.begin(self._own_context, environ, self._clock)
        except WouldWait:
            environ["wsgi.input"].seek(0)
            return False
        if isinstance(begun, Answer):
            respond(begun)
            return True

        def finish(offered: Offered) -> None:
            respond(endpoint.finish(begun, offered, environ, self._clock))

        self._queue.enqueue(begun.offer, partial(self._finish, begun, finish))
        return True

    def _own_context(self) -> ReceiverContext:
        return self._context

    def _finish(self, pending: Pending, finish: Callable[[Offered], None], answered: Offered) -> None:
        """Redis has answered, or has not."""
        hit_queue = self._context.hit_queue
        try:
            enqueued = answered()
        except QueueFull as error:
            refused = hit_queue.refuse_full(pending.offer, error)
            finish(partial(_raise, refused))
        except QueueUnavailable as error:
            if isinstance(error, NoAnswer):
                hit_queue.note_unavailable(error)
            if not self._in_thread(partial(hit_queue.enqueue, pending.offer, is_second=True), finish):
                finish(partial(_raise, error))
        else:
            hit_queue.note_taken(enqueued)
            finish(lambda: enqueued)


def _raise(error: Exception) -> Enqueued:
    raise error


def _readable(answer: Answer, environ: Mapping[str, Any]) -> Answer:
    """Return the answer with the headers that say which pages may read it."""
    return Answer(answer.body, answer.status, for_readers(answer.headers, environ))


HitEndpoint = TrackingEndpoint | DialectEndpoint

_PIXEL: Final = TrackingEndpoint("GET", 0, read_pixel, take_hit, show_image, is_image=True)
_TRACK: Final = TrackingEndpoint("POST", MAX_BODY_BYTES, read_object, take_hit, show_json)
_BATCH: Final = TrackingEndpoint("POST", MAX_BATCH_BYTES, read_body, take_batch, show_batch)

ENDPOINTS: Final[Mapping[str, HitEndpoint]] = {
    "/pixel.gif": _PIXEL,
    "/v1/track": _TRACK,
    "/v1/track/batch": _BATCH,
    "/beacon": replace(_PIXEL, dialect=ORIGINAL),
    "/v1/tracking/track": replace(_TRACK, dialect=ORIGINAL),
    "/v1/tracking/batch": replace(_BATCH, dialect=ORIGINAL),
    **DIALECT_ENDPOINTS,
}


def endpoint_at(path: str) -> HitEndpoint | None:
    """Return the endpoint at a path, also at one that has a site in it."""
    endpoint = ENDPOINTS.get(path)
    if endpoint is None and (dialect := dialect_below(path)) is not None:
        endpoint = DialectEndpoint(dialect)
    return endpoint
