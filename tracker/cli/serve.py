"""`serve`: the receiver on the project's own web server (docs/decisions/0089-a-server-on-an-event-loop.md)."""

import gc
import socket
from collections.abc import Callable
from functools import partial
from typing import Final

import click

from tracker import config, log, tracing
from tracker.config import Settings
from tracker.error_reports import reporter
from tracker.log import logger
from tracker.queueing.server_facts import refuse_evicting
from tracker.server.limits import Limits
from tracker.server.process import serve as serve_in_this_process
from tracker.server.supervisor import Serve, Supervisor, bind_datagrams, listen, raise_file_limit
from tracker.server.syslog import serve_syslog
from tracker.wiring import receiver, syslog

_RESERVED_FILES: Final = 256
"""Files and connections of a process that are no clients'."""
_MAX_CONNECTIONS: Final = 50_000
_MAX_SHARE: Final = 0.9
_KILL_SECONDS: Final = 5.0
"""How much longer than its last requests may take a process has to end by itself."""

_log = logger(__name__)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at; 0.0.0.0 for all.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen at.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="Processes that serve.")
@click.option(
    "--syslog",
    "syslog_port",
    type=click.IntRange(1, 65535),
    metavar="PORT",
    help="Take log lines by syslog too, over UDP and TCP; see TRACKER_SYSLOG_APP_ID.",
)
@click.option("--test-page", metavar="APP_ID", help="Offer /test-page with this application, for development.")
def serve(*, host: str, port: int, workers: int, syslog_port: int | None, test_page: str | None) -> None:
    """Run the receiver on the project's own web server.

    SIGTERM and Ctrl-C finish the requests that are being answered, then stop. A process that dies is replaced; one
    that dies before it has started ends the server with exit status 1, and so does an address that is taken.
    """
    settings = config.load()
    log.configure(settings.log_format, report=reporter(settings.sentry_dsn))
    tracing.require(settings.otlp_endpoint)
    refuse_evicting(settings.redis_url)
    listener = listen(host, port)
    limits = Limits(
        request_seconds=settings.request_timeout,
        idle_seconds=settings.keepalive_timeout,
        max_connections=max(64, min(_MAX_CONNECTIONS, raise_file_limit() - _RESERVED_FILES)),
    )
    _log.info("receiver listens", host=host, port=port, processes=workers)
    pages = receiver.pages(settings, test_page_of=test_page)
    # The processes share what is loaded by now, as long as none of them moves it about.
    gc.freeze()
    serves: list[Serve] = [partial(_run, listener, limits, settings, pages)] * workers
    if syslog_port is not None:
        serves.append(_syslog(settings, host, syslog_port, limits))
    supervisor = Supervisor(serves, listeners=[listener], kill_seconds=limits.shutdown_seconds + _KILL_SECONDS)
    if not supervisor.run():
        raise SystemExit(1)
    _log.info("receiver stopped")


def _syslog(settings: Settings, host: str, port: int, limits: Limits) -> Serve:
    """Return what the process does that receives syslog.

    The sockets are opened here, so that a taken port is said at once.
    """
    stream, datagrams = listen(host, port), bind_datagrams(host, port)
    _log.info("syslog listens", host=host, port=port, app_id=settings.syslog_app_id)
    consume = partial(syslog.consume, settings, settings.syslog_app_id)
    return lambda ready: serve_syslog(stream, datagrams, consume, ready, shutdown_seconds=limits.shutdown_seconds)


def _run(
    listener: socket.socket, limits: Limits, settings: Settings, pages: receiver.Pages, ready: Callable[[], object]
) -> None:
    serve_in_this_process(listener, partial(receiver.site, settings, pages), limits, ready)
