"""The WSGI application: routes, and one shape for every error, Flask's own included."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask, Request, request
from flask.sessions import SessionInterface, SessionMixin
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from tracker.clock import SystemClock
from tracker.errors import Refused, TryAgain
from tracker.log import logger
from tracker.receiver.acceptance import Counter, LimitExceeded
from tracker.receiver.answers import Answer, Headers, limit_headers, refusal_answer, refused_pixel
from tracker.receiver.health import HealthParts, health
from tracker.receiver.tracking import PIXEL_PATH, tracking

_CODES = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 411: "LENGTH_REQUIRED", 413: "PAYLOAD_TOO_LARGE"}
_SERVER_ERROR = 500
_RETRY_AFTER = 5

_log = logger(__name__)
_clock = SystemClock()


@dataclass(frozen=True, slots=True)
class Receiver:
    """Everything one process of the receiver holds; `close` gives it back."""

    counter: Counter
    health: HealthParts
    close: Callable[[], None]


class _NoSessions(SessionInterface):
    """Nobody signs in here, so no request opens a session or carries a cookie."""

    def open_session(self, app: Flask, request: Request) -> "_NoSession":  # noqa: ARG002 Flask's signature
        return _NO_SESSION

    def is_null_session(self, obj: object) -> bool:
        return obj is _NO_SESSION


class _NoSession(dict[str, Any], SessionMixin):
    pass


_NO_SESSION = _NoSession()


class _App(Flask):
    response_class = Answer
    session_interface = _NoSessions()


def create_app(receiver: Callable[[], Receiver]) -> Flask:
    """The application. `receiver` is called with the first request that needs it, in the process that serves it."""
    app = _App("tracker", static_folder=None)
    # A path is taken as it is spelled: a redirect would lose a beacon's body.
    app.url_map.merge_slashes = False
    app.register_blueprint(tracking(lambda: receiver().counter))
    app.register_blueprint(health(lambda: receiver().health))
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(TryAgain, _try_again)
    app.register_error_handler(HTTPException, _by_flask)
    app.register_error_handler(Exception, _unexpected)
    return app


def _answer(refused: Refused, headers: Headers = ()) -> Answer:
    if request.path == PIXEL_PATH:
        return refused_pixel(refused, headers)
    return refusal_answer(refused, _clock.now(), headers)


def _refused(refused: Refused) -> Answer:
    return _answer(refused, limit_headers(refused.acceptance) if isinstance(refused, LimitExceeded) else ())


def _try_again(error: TryAgain) -> Answer:
    _log.error("a server is away", reason=str(error))
    sentence = "The service is not available at the moment."
    return _answer(Refused("SERVICE_UNAVAILABLE", 503, sentence, retry_after=_RETRY_AFTER))


def _by_flask(error: HTTPException) -> Answer:
    status = error.code or _SERVER_ERROR
    if status >= _SERVER_ERROR:
        return _unexpected(error)
    headers: Headers = ()
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        headers = (("Allow", ", ".join(sorted(error.valid_methods))),)
    return _answer(Refused(_CODES.get(status, "VALIDATION_ERROR"), status, error.description or error.name), headers)


def _unexpected(error: Exception) -> Answer:
    _log.error("unexpected error", endpoint=request.endpoint, exc_info=error)
    return _answer(Refused("INTERNAL_ERROR", _SERVER_ERROR, "Something went wrong here; it has been logged."))
