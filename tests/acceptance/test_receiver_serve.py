import contextlib
import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import orjson
import pytest
from redis import Redis

from tests.support.command_line import PROJECT
from tests.support.receiving import queued, queued_hits
from tests.support.serving import Serving, alive, answer_on, serving
from tests.support.waiting import PATIENCE, wait_until
from tracker.embedded import Valkey
from tracker.management import applications
from tracker.queueing.connection import Connection
from tracker.receiver.answers import GIF
from tracker.store.database import Database

HIT = b'{"app_id":"shop","url":"https://shop.example/"}'


@pytest.fixture(scope="module")
def environment(database_of_all: str, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Of a receiver on a database of this file's own, in which there is an application `shop`."""
    # A receiver that finds the Redis of an earlier test's database keeps its hits out of it.
    with Redis.from_url(valkey.url) as client:
        client.flushall()
    with closing(Database(database_of_all, name="tests")) as database:
        applications.create(database, name="Shop", app_id="shop", rate_limit=1_000_000)
    # What an earlier file left there may say that this Redis is another database's.
    with Redis.from_url(valkey.url) as client:
        client.flushall()
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path_factory.mktemp("home")),
        "DATABASE_URL": database_of_all,
        "REDIS_URL": valkey.url,
        "TRACKER_LOG_FORMAT": "console",
        "TRACKER_TRUSTED_PROXIES": "1",
    }


@pytest.fixture(scope="module")
def shared(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One receiver for all tests that leave it as it is."""
    with serving(environment, tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def server(shared: Serving, redis: Connection) -> Serving:
    """The same, with an empty queue."""
    return shared


@pytest.fixture
def unshared(environment: dict[str, str], redis: Connection, tmp_path: Path) -> Iterator[Serving]:
    """A receiver that a test may end."""
    with serving(environment, tmp_path) as running:
        yield running


def post(body: bytes, *headers: bytes, length: int | None = None) -> bytes:
    """A request for /v1/track, byte by byte."""
    lines = [b"POST /v1/track HTTP/1.1", b"Host: tracker", *headers]
    if length != -1:
        lines.append(b"Content-Length: %d" % (len(body) if length is None else length))
    return b"\r\n".join([*lines, b"", body])


def refused(answer: tuple[bytes, bytes]) -> tuple[bytes, str]:
    head, body = answer
    return head.split()[1], orjson.loads(body)["error"]["code"]


def test_hits_come_in_over_http(server: Serving, redis: Connection) -> None:
    connection = server.connect()
    for path, body, method in (("/v1/track", HIT, "POST"), ("/pixel.gif?app_id=shop", None, "GET")):
        for _ in range(5):
            # One connection serves them all.
            connection.request(method, path, body, {"Content-Type": "text/plain"})
            answer = connection.getresponse()
            content = answer.read()
            assert answer.status == 200
            assert content == GIF if method == "GET" else orjson.loads(content)["success"]
    connection.close()
    hits = queued_hits(redis)
    assert len({hit.tracking_id for hit in hits}) == 10
    assert {hit.ip_address for hit in hits} == {"127.0.0.0"}


def test_bodies_are_taken_whole_or_refused(server: Serving, redis: Connection) -> None:
    chunked = b"Transfer-Encoding: chunked"
    pieces = b"%x\r\n%b\r\n0\r\n\r\n" % (len(HIT), HIT)
    assert server.ask(post(pieces, chunked, length=-1))[0].startswith(b"http/1.1 200")
    too_many = b"20000\r\n" + b"x" * 0x20000 + b"\r\n0\r\n\r\n"
    assert refused(server.ask(post(too_many, chunked, length=-1))) == (b"413", "PAYLOAD_TOO_LARGE")
    assert refused(server.ask(post(pieces, chunked, length=len(HIT)))) == (b"411", "LENGTH_REQUIRED")
    assert refused(server.ask(post(b"", length=-1))) == (b"411", "LENGTH_REQUIRED")
    assert refused(server.ask(post(b""))) == (b"400", "VALIDATION_ERROR")
    # Refused by its length alone: the client waits for the answer and has sent nothing of the body.
    assert refused(server.ask(post(b"", length=10**9))) == (b"413", "PAYLOAD_TOO_LARGE")
    assert refused(server.ask(post(b"", length=10**18))) == (b"413", "PAYLOAD_TOO_LARGE")
    with server.socket() as connection:
        connection.sendall(post(HIT, length=len(HIT) + 1))
        wait_for_first_byte(server)
    # Nobody is left to read an answer to a body that ended early; what counts is that it became no hit.
    assert server.ask(post(HIT))[0].startswith(b"http/1.1 200")
    assert len(queued(redis)) == 2


@pytest.mark.parametrize(
    ("method", "path", "length", "status"),
    [
        ("POST", "/v1/track", 300_000, 413),
        ("POST", "/v1/track/batch", 2_000_000, 413),
        ("PUT", "/v1/track", 300_000, 405),
        ("POST", "/nowhere", 300_000, 404),
        ("POST", "/health", 300_000, 405),
    ],
)
def test_a_body_that_nobody_wants_costs_neither_its_answer_nor_the_next_request(  # noqa: PLR0917 a test's parameters
    server: Serving, redis: Connection, method: str, path: str, length: int, status: int
) -> None:
    for _ in range(20):
        with contextlib.closing(server.connect()) as connection:
            connection.request(method, path, b" " * length)
            answer = connection.getresponse()
            assert answer.status == status
            answer.read()
            connection.request("POST", "/v1/track", HIT)
            assert connection.getresponse().status == 200
    assert len(queued(redis)) == 20


@pytest.mark.parametrize("announced", [b"Content-Length: 100000000", b"Transfer-Encoding: gzip, chunked"])
def test_a_connection_that_ends_with_the_answer_says_so(server: Serving, announced: bytes) -> None:
    head, _ = server.ask(post(b"", announced, length=-1))
    assert b"\r\nconnection: close\r\n" in head + b"\r\n"


def test_the_last_of_several_address_headers_is_the_proxys(server: Serving, redis: Connection) -> None:
    server.ask(post(HIT, b"X-Forwarded-For: 6.6.6.6", b"X-Forwarded-For: 203.0.113.9"))
    assert queued_hits(redis)[0].ip_address == "203.0.113.0"


def test_headers_keep_their_bytes_beyond_ascii(server: Serving, redis: Connection) -> None:
    cookie = "Cookie: city=東京; other=1".encode()
    agent, language = "User-Agent: Café/1 東京".encode(), "Accept-Language: é".encode("latin-1")
    forwarded = "X-Forwarded-For: é, 203.0.113.5".encode()
    server.ask(post(HIT, cookie, agent, language, forwarded))
    [hit] = queued_hits(redis)
    assert (hit.user_agent, hit.ip_address) == ("Café/1 東京", "203.0.113.0")


def test_a_head_and_a_preflight_have_no_body(server: Serving, redis: Connection) -> None:
    with server.socket() as connection:
        # On one connection a body too much would be taken for the next answer.
        connection.sendall(b"HEAD /pixel.gif?app_id=shop HTTP/1.1\r\nHost: tracker\r\n\r\n")
        head = connection.recv(65_536)
        assert head.startswith(b"HTTP/1.1 200")
        assert head.endswith(b"\r\n\r\n")
        connection.sendall(b"OPTIONS /v1/track HTTP/1.1\r\nHost: tracker\r\n\r\n")
        assert answer_on(connection)[0].startswith(b"http/1.1 204")
        connection.sendall(post(HIT))
        assert answer_on(connection)[0].startswith(b"http/1.1 200")
    assert len(queued(redis)) == 1


def test_odd_bytes_in_headers_never_cost_a_hit(server: Serving, redis: Connection) -> None:
    odd = [b"User-Agent: \xe6\x97\xa5", b"Referer: \xff\xfe", b"X-Forwarded-For: \xe9, 203.0.113.9", b"Origin: \x80"]
    for header in (*odd, b"User-Agent: " + b"u" * 65_000):
        assert server.ask(post(HIT, header))[0].startswith(b"http/1.1 200")
    assert len(queued(redis)) == 5


def test_strange_requests_are_answered_and_harm_nothing(server: Serving) -> None:
    for request in (
        b"GET /%00%ff//.. HTTP/1.1\r\nHost: <x>\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /pixel.gif?%ff&cp.=%00 HTTP/1.1\r\nUser-Agent: \xff\xfe\r\nHost: x\r\n\r\n",
        b"BREW /v1/track HTTP/1.1\r\nHost: x\r\n\r\n",
    ):
        head, _ = server.ask(request)
        assert head.split()[1] < b"500"
    assert server.status("/health") == 200


def test_a_request_that_is_being_answered_is_finished_before_the_end(unshared: Serving, redis: Connection) -> None:
    with unshared.socket() as connection:
        request = post(HIT, b"Expect: 100-continue")
        connection.sendall(request[: -len(HIT)])
        # The server says so when it begins to read the body.
        assert answer_on(connection)[0].startswith(b"http/1.1 100")
        connection.sendall(request[-len(HIT) : -5])
        unshared.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "process stops" in unshared.log)
        connection.sendall(request[-5:])
        assert answer_on(connection)[0].startswith(b"http/1.1 200")
    assert unshared.process.wait(PATIENCE) == 0
    assert len(queued(redis)) == 1


def wait_for_first_byte(server: Serving) -> None:
    """Let the servers take what was sent before: they answer a later request on another connection."""
    for _ in range(4):
        assert server.status("/health/live") == 200


def test_a_process_that_is_killed_is_replaced(unshared: Serving) -> None:
    before = unshared.workers()
    killed = min(before)
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: unshared.started() >= 3)
    after = {pid for pid in unshared.workers() if alive(pid)}
    assert len(after) == 2
    assert after - before
    assert killed not in after
    for _ in range(10):
        assert unshared.ask(post(HIT))[0].startswith(b"http/1.1 200")


def test_the_processes_end_with_their_parent(unshared: Serving) -> None:
    workers = unshared.workers()
    unshared.process.kill()
    unshared.process.wait()
    wait_until(lambda: not any(alive(pid) for pid in workers))


def test_a_receiver_starts_while_everything_else_is_away(environment: dict[str, str], tmp_path: Path) -> None:
    alone = {
        **environment,
        "DATABASE_URL": "postgresql://tracker@/tracker?host=/nowhere",
        "REDIS_URL": "unix:///nowhere/redis.sock",
    }
    with serving(alone, tmp_path) as server:
        assert server.status("/health/live") == 200
        assert server.status("/health/ready") == 503
        assert refused(server.ask(post(HIT))) == (b"503", "SERVICE_UNAVAILABLE")
        assert server.terminate() == 0


def test_any_wsgi_server_may_serve_it(environment: dict[str, str], tmp_path: Path, redis: Connection) -> None:
    command = ["-m", "granian", "--interface", "wsgi", "--workers", "2", "--port", "PORT", "wsgi:app"]
    with serving(environment, tmp_path, command) as server:
        assert server.ask(post(HIT))[0].startswith(b"http/1.1 200")
    assert len(queued(redis)) == 1


@pytest.mark.parametrize(("name", "value"), [("REDIS_URL", ""), ("TRACKER_TRUSTED_PROXIES", "many")])
def test_a_wrong_setting_stops_it_at_start(environment: dict[str, str], tmp_path: Path, name: str, value: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tracker", "serve", "--port", "1"],
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(PROJECT), name: value},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 2
    assert name in done.stderr
    assert "Traceback" not in done.stderr


def test_connections_at_once_are_all_served(server: Serving, redis: Connection) -> None:
    connections = [server.connect() for _ in range(100)]
    for connection in connections:
        connection.request("POST", "/v1/track", HIT)
    assert {connection.getresponse().status for connection in connections} == {http.client.OK}
    for connection in connections:
        connection.close()
    assert len({entry.id for entry in queued(redis)}) == 100
