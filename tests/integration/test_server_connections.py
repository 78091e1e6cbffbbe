"""What is left of a connection once its client has gone: nothing, without Python's collector having to come by."""

import asyncio
import gc
import socket
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import uvloop

from tracker.server.connection import ClientConnection
from tracker.server.connections import Connections
from tracker.server.limits import Limits
from tracker.server.site import Endpoint, Site
from tracker.server.threads import Threads
from tracker.server.wsgi import WsgiRunner
from tracker.web.envelope import Answer


def hit(_environ: Any, respond: Callable[[Answer], object]) -> bool:
    respond(Answer(b"{}", 200, ()))
    return True


def application(_environ: dict[str, Any], start_response: Callable[..., object]) -> Iterator[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    for _ in range(1000):
        yield b"x" * 65_536


SITE = Site(
    endpoints={b"/hit": Endpoint(hit, 100_000)},
    wsgi=application,
    max_body_of=lambda _environ: 0,
    close=lambda: None,
)
HEAD = b" HTTP/1.1\r\nHost: tracker\r\n"


@pytest.mark.parametrize(
    "begun",
    [
        pytest.param(b"", id="silent"),
        pytest.param(b"GET /hit" + HEAD, id="half a head"),
        pytest.param(b"POST /hit" + HEAD + b"Content-Length: 90000\r\n\r\n" + b"x" * 40_000, id="half a body"),
        pytest.param(b"GET /hit" + HEAD + b"\r\n", id="answered"),
        pytest.param(b"POST /nowhere" + HEAD + b"Content-Length: 90000\r\n\r\nx", id="refused"),
        pytest.param(b"GET /endless" + HEAD + b"\r\n", id="gone amid its answer"),
    ],
)
def test_a_connection_is_freed_when_it_is_lost(begun: bytes) -> None:
    gc.collect()
    gc.disable()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            assert runner.run(_connections_left(begun)) == 0
    finally:
        gc.enable()


async def _connections_left(begun: bytes) -> int:
    """Open ten connections, send what is `begun`, let the client go; return how many of them still take memory."""
    loop = asyncio.get_running_loop()
    threads = Threads(loop, "requests", 2, max_waiting=20)
    connections = Connections(loop, Limits())
    runner = WsgiRunner(SITE.wsgi, hits=threads, others=threads)
    made: list[weakref.ref[ClientConnection]] = []

    def new_connection() -> ClientConnection:
        connection = ClientConnection(loop, SITE, runner, connections)
        made.append(weakref.ref(connection))
        return connection

    server = await loop.create_server(new_connection, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    with ExitStack() as clients:
        for _ in range(10):
            clients.enter_context(socket.create_connection(address)).sendall(begun)
        await asyncio.sleep(0.1)
        assert len(connections) == len(made) == 10
    await asyncio.sleep(0.5)
    assert not len(connections)
    server.close()
    threads.close()
    return sum(ref() is not None for ref in made)
