"""The WSGI application: the tracking endpoints in front, Flask for the rest, one shape for every error."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from tracker.clock import SystemClock
from tracker.errors import Refused
from tracker.queueing.sharded_producer import ShardedProducer
from tracker.receiver.answers import refusal_answer
from tracker.receiver.beacon_demo_page import TestPage, test_page
from tracker.receiver.beacon_script import beacon_script
from tracker.receiver.context import ReceiverContext
from tracker.receiver.endpoints import MAX_BODY_BYTES, Tracking, endpoint_at
from tracker.receiver.health import HealthParts, KnowsCaller, health, live
from tracker.web.body import BODY_READ, discard_body
from tracker.web.envelope import Answer, Headers, as_refused

App = Flask

_CODES = {
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    411: "LENGTH_REQUIRED",
    413: "PAYLOAD_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
}
_SENTENCES = {404: "There is nothing at this address.", 405: "This address does not take requests of this kind."}
_SERVER_ERROR = 500

_clock = SystemClock()


@dataclass(frozen=True, slots=True)
class Receiver:
    """Everything one process of the receiver holds; `close` gives it back."""

    producer: ShardedProducer
    context: ReceiverContext
    health: HealthParts
    close: Callable[[], None]


def create_app(
    receiver: Callable[[], Receiver], *, page: TestPage | None = None, knows_caller: KnowsCaller = lambda _: False
) -> App:
    """Return the application. `receiver` is called with the first request that needs it, in the process that serves it.

    `page` is for development only. `knows_caller` says who sees figures in `/health`; without it nobody does.
    """
    app = App("tracker", static_folder=None)
    # A path is taken as it is spelled: a redirect would lose a beacon's body.
    app.url_map.merge_slashes = False
    app.register_blueprint(health(lambda: receiver().health, knows_caller))
    app.register_blueprint(beacon_script())
    if page is not None:
        app.register_blueprint(test_page(page))
    app.register_error_handler(HTTPException, _by_flask)
    app.register_error_handler(Exception, _refuse)
    app.wsgi_app = Tracking(lambda: receiver().context, app.wsgi_app, _clock)  # type: ignore[method-assign]
    return app


def max_body_of(app: App, larger: Mapping[str, int]) -> Callable[[Mapping[str, Any]], int]:
    """Return how many bytes of its body a request is to be read of, by method and path: 0 where nothing takes one.

    `larger` has the endpoints of Flask that take more than others.
    """

    def max_body(environ: Mapping[str, Any]) -> int:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        if (endpoint := endpoint_at(path)) is not None:
            return endpoint.max_body if method in endpoint.methods else 0
        try:
            endpoint_name, _ = app.url_map.bind("").match(
                path.encode("latin-1").decode("utf-8", "replace"), method=method
            )
        except HTTPException:
            return 0
        return larger.get(endpoint_name, MAX_BODY_BYTES)

    return max_body


def live_on_the_loop(environ: Mapping[str, Any], respond: Callable[[Answer], None]) -> bool:
    """Answer `/health/live` without a thread, so that it says whether the loop turns and nothing else."""
    if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
        return False
    respond(live())
    return True


def _by_flask(error: HTTPException) -> Answer:
    status = error.code or _SERVER_ERROR
    if status >= _SERVER_ERROR:
        return _refuse(error)
    headers = _unread()
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        headers = (*headers, ("Allow", ", ".join(sorted(error.valid_methods))))
    sentence = _SENTENCES.get(status) or error.description or error.name
    refused = Refused(_CODES.get(status, "VALIDATION_ERROR"), status, sentence)
    return _readable(refusal_answer(refused, _clock.now(), headers))


def _refuse(error: Exception) -> Answer:
    return _readable(refusal_answer(as_refused(error), _clock.now(), _unread()))


def _readable(answer: Answer) -> Answer:
    """Return the answer to an error, which any page may read: whoever mistypes an address of ours learns so."""
    return answer._replace(headers=(*answer.headers, ("Access-Control-Allow-Origin", "*")))


def _unread() -> Headers:
    """Get rid of a body that nobody has read: where there is nothing at the address, or nothing for this caller."""
    return () if BODY_READ in request.environ else discard_body(request.environ)
