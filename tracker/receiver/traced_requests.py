"""A span around each request that may bring hits, where a collector is set.

It stands in front of the endpoints, which know nothing of it. What an endpoint finds in `traceparent` is then the span
itself, so that what becomes of the hit hangs below it.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from tracker.receiver.endpoints import Respond, endpoint_at
from tracker.trace_context import ENVIRON_KEY, traceparent_in
from tracker.tracing import Span, Tracing
from tracker.web.envelope import Answer

if TYPE_CHECKING:  # Names for type checkers; at run time the module does not exist.
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_SERVER_ERROR: Final = 500

Handle = Callable[[dict[str, Any], Respond], bool]


class TracedRequests:
    """Makes the wrappers. `tracing` returns that of the process which asks."""

    def __init__(self, tracing: Callable[[], Tracing]) -> None:
        self._tracing = tracing

    def on_loop(self, path: str, handle: Handle) -> Handle:
        """Wrap an endpoint of the event loop. A request that it leaves to a thread is as it was."""

        def handle_traced(environ: dict[str, Any], respond: Respond) -> bool:
            before = environ.get(ENVIRON_KEY)
            span = self._begin(path, environ)

            def answered(answer: Answer) -> None:
                _end(span, answer.status)
                respond(answer)

            if handle(environ, answered):
                return True
            if before is None:
                environ.pop(ENVIRON_KEY, None)
            else:
                environ[ENVIRON_KEY] = before
            return False

        return handle_traced

    def wsgi(self, app: "WSGIApplication") -> "WSGIApplication":
        """Wrap the application: requests for tracking endpoints have spans, all others go through."""

        def traced(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            path = environ["PATH_INFO"]
            if endpoint_at(path) is None:
                return app(environ, start_response)
            span = self._begin(path, environ)

            def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Callable[[bytes], object]:  # noqa: ANN401 PEP 3333
                _end(span, int(status.partition(" ")[0]))
                return start_response(status, headers, *more)

            return app(environ, start)

        return traced

    def _begin(self, path: str, environ: dict[str, Any]) -> Span:
        method = environ["REQUEST_METHOD"]
        about = {"http.request.method": method, "url.path": path}
        span = self._tracing().request(f"{method} {path}", traceparent_in(environ), about)
        if span.header is not None:
            environ[ENVIRON_KEY] = span.header
        return span


def _end(span: Span, status: int) -> None:
    span.note({"http.response.status_code": status})
    span.end(failed=status >= _SERVER_ERROR)
