"""Many clients that keep a receiver waiting, and one that does not: it is answered as if it were alone."""

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.support.command_line import environment as command_environment
from tests.support.serving import Serving, serving
from tests.support.waiting import wait_until
from tracker.config import Settings
from tracker.management import applications
from tracker.queueing.connection import Connection
from tracker.store.database import Database


@dataclass(frozen=True)
class Crowd:
    """How many connections wait for what, and for how many seconds a receiver lets them: time to open them all."""

    half_bodies: int
    half_heads: int
    idle: int
    request_timeout: int
    keepalive_timeout: int

    @property
    def connections(self) -> int:
        return self.half_bodies + self.half_heads + self.idle


SMALL = Crowd(100, 100, 500, request_timeout=4, keepalive_timeout=6)
SEVEN_THOUSAND = Crowd(1000, 1000, 5000, request_timeout=12, keepalive_timeout=20)
PIXEL = b"GET /pixel.gif?app_id=shop HTTP/1.1\r\nHost: tracker\r\n\r\n"
LIVE = b"GET /health/live HTTP/1.1\r\nHost: tracker\r\n\r\n"
HALF_BODY = b"POST /v1/track HTTP/1.1\r\nHost: tracker\r\nContent-Length: 60000\r\n\r\n" + b"x" * 30_000
HALF_HEAD = b"GET /pixel.gif HTTP/1.1\r\nHost: tracker\r\nUser-Agent: half"


@pytest.fixture(autouse=True, scope="module")
def _many_files() -> Iterator[None]:
    """As many open sockets as this process may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def crowd() -> Crowd:
    return SMALL


@pytest.fixture
def server(settings: Settings, database: Database, crowd: Crowd, tmp_path: Path) -> Iterator[Serving]:
    applications.create(database, name="Shop", app_id="shop", rate_limit=1_000_000)
    given = command_environment(
        settings,
        TRACKER_REQUEST_TIMEOUT=str(crowd.request_timeout),
        TRACKER_KEEPALIVE_TIMEOUT=str(crowd.keepalive_timeout),
        TRACKER_LOG_FORMAT="console",
    )
    with serving(given, tmp_path) as running:
        yield running


@contextmanager
def opened(server: Serving, count: int, begun: bytes) -> Iterator[list[socket.socket]]:
    """So many connections from one address, on each of which this was sent."""
    with ExitStack() as stack:
        connections = []
        for _ in range(count):
            connection = stack.enter_context(server.socket())
            connection.sendall(begun)
            connections.append(connection)
        yield connections


def end_of(connection: socket.socket) -> bytes:
    """What came on a connection until the server closed it."""
    read = b""
    with suppress(ConnectionResetError):
        while piece := connection.recv(65_536):
            read += piece
    return read


def open_files(server: Serving) -> int:
    return sum(psutil.Process(pid).num_fds() for pid in server.workers())


def resident(server: Serving) -> int:
    return sum(psutil.Process(pid).memory_info().rss for pid in server.workers())


def milliseconds(server: Serving, request: bytes, count: int) -> list[float]:
    """How long each of so many requests took, half of them on connections of their own."""
    took = []
    with server.socket() as kept:
        for number in range(count):
            with ExitStack() as stack:
                connection = kept if number % 2 else stack.enter_context(server.socket())
                began = time.monotonic()
                connection.sendall(request)
                answer = connection.recv(65_536)
                took.append((time.monotonic() - began) * 1000)
                assert answer.startswith(b"HTTP/1.1 200"), answer
                assert b"\r\nX-Tracker-Error:" not in answer
    return sorted(took)


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("crowd", [SMALL, pytest.param(SEVEN_THOUSAND, marks=pytest.mark.long)], ids=["700", "7000"])
def test_slow_connections_hold_nobody_up_and_leave_nothing_behind(
    server: Serving, crowd: Crowd, redis: Connection
) -> None:
    milliseconds(server, PIXEL, 20)
    files, memory = open_files(server), []
    for _ in range(3):
        began = time.monotonic()
        with (
            opened(server, crowd.idle, LIVE) as idle,
            opened(server, crowd.half_bodies, HALF_BODY) as bodies,
            opened(server, crowd.half_heads, HALF_HEAD) as heads,
        ):
            # They are open all at once, as soon as the server has taken all of them.
            wait_until(lambda: open_files(server) > files + 0.43 * crowd.connections, crowd.request_timeout)
            took = milliseconds(server, PIXEL, 300)
            assert took[int(len(took) * 0.99)] < 1000
            assert milliseconds(server, LIVE, 50)[-2] < 1000
            for connection in (bodies[0], heads[0], bodies[-1], heads[-1]):
                assert end_of(connection).startswith(b"HTTP/1.1 408")
            assert time.monotonic() - began >= crowd.request_timeout - 1
            assert end_of(idle[-1]).startswith(b"HTTP/1.1 200"), "an idle one is answered, and closed later"
        wait_until(lambda: open_files(server) <= files + 4)
        memory.append(resident(server))
    assert memory[2] < memory[0] * 1.1, "the third time takes hardly more than the first"


def test_a_stranger_cannot_send_what_nobody_wants(server: Serving) -> None:
    """Neither where there is nothing nor more than an endpoint takes."""
    memory = resident(server)
    for path, status in ((b"/nowhere", b"404"), (b"/v1/track", b"413"), (b"/pixel.gif", b"405")):
        with server.socket() as connection:
            connection.sendall(b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n" % path)
            sent, began = 0, time.monotonic()
            with suppress(ConnectionError):
                while time.monotonic() - began < 30:
                    sent += connection.send(b"x" * 65_536)
            assert time.monotonic() - began < 20, "the connection ends although the client goes on"
            assert sent < 20_000_000
        with server.socket() as connection:
            connection.sendall(b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n" % path)
            answer = end_of(connection)
            assert answer.split()[1] == status
            assert b"\r\nConnection: close\r\n" in answer
    assert resident(server) < memory + 20_000_000


def test_a_second_receiver_on_the_same_port_says_so_and_stops(
    server: Serving, settings: Settings, tmp_path: Path
) -> None:
    for host in ("127.0.0.1", "0.0.0.0"):
        command = ["-m", "tracker", "serve", "--host", host, "--port", str(server.port)]
        (tmp_path / host).mkdir()
        second = Serving(command, command_environment(settings), tmp_path / host)
        assert second.process.wait(60) == 1
        assert f"port {server.port}" in second.log
        assert "Stop the server that listens there" in second.log
        assert "Traceback" not in second.log
    with closing(server.connect()) as connection:
        connection.request("GET", "/health/live")
        assert connection.getresponse().status == 200
