"""One process that serves: its loop, its threads, its end."""

import asyncio
import contextlib
import gc
import signal
from collections.abc import Callable
from socket import socket
from typing import Final

import uvloop

from tracker.log import logger
from tracker.server.connection import ClientConnection
from tracker.server.connections import Connections
from tracker.server.limits import Limits
from tracker.server.listener import accept_rest
from tracker.server.site import Site
from tracker.server.threads import Threads
from tracker.server.wsgi import WsgiRunner

_HIT_THREADS: Final = 16
_OTHER_THREADS: Final = 32
"""Threads of a process for hits that may have to wait, and for everything else. They wait for PostgreSQL and Redis."""
_MAX_WAITING: Final = 512
"""Requests that wait for a thread, beyond which the answer is 503."""
_BACKLOG: Final = 4096
_GARBAGE: Final = 10_000
"""New objects after which Python looks for those that keep each other alive; requests leave hardly any."""

MakeSite = Callable[[asyncio.AbstractEventLoop, Threads], Site]
"""Makes what is served; it gets the loop, and threads for what may have to wait."""

_log = logger(__name__)


def serve(listener: socket, make_site: MakeSite, limits: Limits, ready: Callable[[], object]) -> None:
    """Serve until SIGTERM or SIGINT; what is being received or answered then is finished. `ready` is called once."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(listener, make_site, limits, ready))


async def _serve(listener: socket, make_site: MakeSite, limits: Limits, ready: Callable[[], object]) -> None:
    loop = asyncio.get_running_loop()
    told_to_stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, told_to_stop.set)
    connections = Connections(loop, limits)
    hits = Threads(loop, "hits", _HIT_THREADS, max_waiting=_MAX_WAITING)
    others = Threads(loop, "requests", _OTHER_THREADS, max_waiting=_MAX_WAITING)
    site = make_site(loop, hits)
    runner = WsgiRunner(site.wsgi, hits=hits, others=others)

    def new_connection() -> ClientConnection:
        return ClientConnection(loop, site, runner, connections)

    server = await loop.create_server(new_connection, sock=listener, backlog=_BACKLOG)
    # What is there by now stays: looking through it for garbage again and again would cost each request something.
    gc.freeze()
    gc.set_threshold(_GARBAGE)
    ready()
    _log.info("process started")
    await told_to_stop.wait()
    _log.info("process stops", connections=len(connections))
    accepted = accept_rest(listener)
    server.close()
    for client in accepted:
        with contextlib.suppress(OSError):  # It has gone meanwhile.
            await loop.connect_accepted_socket(new_connection, client)
    await connections.end()
    for threads in (hits, others):
        threads.close()
    site.close()
