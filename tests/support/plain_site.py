"""`python -m tests.support.plain_site PORT REQUEST_SECONDS`: the project's web server with a small WSGI application."""

import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from tracker.log import configure, logger
from tracker.server.limits import Limits
from tracker.server.process import serve
from tracker.server.site import Site
from tracker.server.supervisor import Supervisor, listen

PIECE = b"x" * 65_536
_log = logger(__name__)


class Stream:
    """Pieces, as many as there are, or until `broken` of them are sent; it says when it is closed."""

    def __init__(self, name: str, count: int, *, broken: int | None = None) -> None:
        self._name, self._count, self._broken = name, count, broken

    def __iter__(self) -> Iterator[bytes]:
        for number in range(self._count):
            if number == self._broken:
                raise RuntimeError("broken on purpose")
            yield PIECE
            _log.info("piece taken", name=self._name)

    def close(self) -> None:
        _log.info("stream closed", name=self._name)


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Any:
    path = environ["PATH_INFO"]
    headers = [("Content-Type", "text/plain")]
    if path == "/echo":
        body = environ["wsgi.input"].read()
        start_response("200 OK", [*headers, ("Content-Length", str(len(body)))])
        return [body]
    if path == "/endless":
        start_response("200 OK", headers)
        return Stream("endless", 1_000_000)
    if path == "/three":
        start_response("200 OK", headers)
        return Stream("three", 3)
    if path == "/short":
        start_response("200 OK", [*headers, ("Content-Length", str(4 * len(PIECE)))])
        return Stream("short", 3)
    if path == "/broken":
        start_response("200 OK", headers)
        return Stream("broken", 3, broken=1)
    if path == "/raises":
        raise RuntimeError("raised on purpose")
    if path == "/waits":
        time.sleep(1)
    start_response("200 OK", headers)
    return [b"whole"]


def main() -> None:
    configure("console")
    port, seconds = int(sys.argv[1]), float(sys.argv[2])
    site = Site({}, application, lambda _environ: 1_000_000, lambda: None)
    limits = Limits(request_seconds=seconds, idle_seconds=seconds, max_connections=50, max_buffered=2_000_000)
    listener = listen("127.0.0.1", port)
    supervisor = Supervisor([partial(_run, listener, site, limits)], listeners=[listener], kill_seconds=5)
    sys.exit(not supervisor.run())


def _run(listener: Any, site: Site, limits: Limits, ready: Callable[[], object]) -> None:
    serve(listener, lambda _loop, _threads: site, limits, ready)


if __name__ == "__main__":
    main()
