"""`serve`: the receiver on the production web server (docs/decisions/0023-granian.md)."""

import ctypes
import os
import signal
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import click
from granian import Granian
from granian.constants import HTTPModes, Interfaces

from tracker import config, log
from tracker.config import Settings
from tracker.wiring import receiver

_THREADS: Final = 64
"""Threads of a process that serve requests. They wait for Redis and for slow bodies, not for the processor."""
_WAITING: Final = 1024
"""Connections of a process beyond which new ones wait in the kernel."""
_KILL_SECONDS: Final = 20
"""How long a process may take to finish what it is answering when it is asked to stop."""
_PR_SET_PDEATHSIG: Final = 1
_LOG: Final[dict[str, Any]] = {
    # The server's lines go the way of all others instead of to standard output.
    "formatters": {},
    "handlers": {},
    "loggers": {"_granian": {"propagate": True}, "granian.access": {"propagate": True}},
}


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at; 0.0.0.0 for all.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen at.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="Processes that serve.")
@click.option("--test-page", metavar="APP_ID", help="Offer /test-page with this application, for development.")
def serve(*, host: str, port: int, workers: int, test_page: str | None) -> None:
    """Run the receiver on the production web server.

    SIGTERM and Ctrl-C finish the requests that are being answered, then stop. A process that dies is replaced; one
    that dies again at once ends the server with exit status 1.
    """
    settings = config.load()
    log.configure(settings.log_format)
    server = Granian(
        "wsgi:app",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=workers,
        blocking_threads=_THREADS,
        backpressure=_WAITING,
        backlog=_WAITING * workers,
        respawn_failed_workers=True,
        workers_kill_timeout=_KILL_SECONDS,
        log_dictconfig=_LOG,
    )
    server.serve(target_loader=partial(_load, settings, os.getpid(), test_page), wrap_loader=False)


def _load(settings: Settings, parent: int, test_page_of: str | None) -> Callable[..., Any]:
    """Called by each process for itself. One whose parent was killed stops as if it had been asked to."""
    for name in (signal.SIGTERM, signal.SIGINT):
        # Until the server sets its own, the process has the parent's handlers, which end nothing here.
        signal.signal(name, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit(1)
    log.configure(settings.log_format)
    return receiver.app_of_this_process(settings, test_page_of=test_page_of)
