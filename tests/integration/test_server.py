"""The web server with a small application: its answers, streamed or not, and what it does with odd clients."""

import http.client
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress

import pytest

from tests.support.plain_site import PIECE
from tests.support.serving import Serving, alive, answer_on
from tests.support.waiting import wait_until

SECONDS = 2.0
"""What this server gives a client for a request, and for a piece of an answer."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    running = Serving(
        ["-m", "tests.support.plain_site", "PORT", str(SECONDS)], {}, tmp_path_factory.mktemp("server"), processes=1
    )
    try:
        wait_until(lambda: running.started() == 1)
        yield running
        [worker] = running.workers()
    finally:
        running.process.terminate()
    assert running.process.wait(30) == 0, running.log
    assert not alive(worker)
    assert running.log.count("Traceback") == running.log.count("RuntimeError: raised on purpose"), running.log


def get(path: str, version: str = "1.1", *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/{version}", "Host: x", *headers, "", ""]).encode()


def read_to_end(connection: socket.socket) -> bytes:
    read = b""
    while piece := connection.recv(1 << 20):
        read += piece
    return read


def test_a_stream_of_unknown_length_is_chunked_and_the_connection_goes_on(server: Serving) -> None:
    with closing(server.connect()) as connection:
        for _ in range(2):
            connection.request("GET", "/three")
            answer = connection.getresponse()
            assert answer.headers["Transfer-Encoding"] == "chunked"
            assert answer.read() == PIECE * 3
        connection.request("GET", "/echo")
        assert connection.getresponse().status == 200


def test_a_client_of_http_1_0_gets_a_stream_that_ends_with_the_connection(server: Serving) -> None:
    with server.socket() as connection:
        connection.sendall(get("/three", "1.0"))
        head, _, body = read_to_end(connection).partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head.lower()
    assert body == PIECE * 3


@pytest.mark.parametrize("path", ["/broken", "/short"])
def test_a_stream_that_breaks_off_cannot_be_taken_for_a_whole_one(server: Serving, path: str) -> None:
    with closing(server.connect()) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
            answer.read()
    wait_until(lambda: f"name={path[1:]}" in server.log and "stream closed" in server.log)


def test_an_application_that_fails_is_answered_for(server: Serving) -> None:
    head, body = server.ask(get("/raises"))
    assert head.startswith(b"http/1.1 500")
    assert b'"INTERNAL_ERROR"' in body


def test_an_answer_that_nobody_reads_is_not_made_and_ends_in_time(server: Serving) -> None:
    taken = server.log.count("piece taken")
    closed = server.log.count("stream closed")
    with server.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        began = time.monotonic()
        connection.sendall(get("/endless"))
        wait_until(lambda: server.log.count("stream closed") == closed + 1)
    assert time.monotonic() - began >= SECONDS - 0.5
    # What the kernel and the server hold of it, and not much more.
    assert server.log.count("piece taken") - taken < 200


def test_a_client_that_goes_ends_its_stream(server: Serving) -> None:
    closed = server.log.count("stream closed")
    with server.socket() as connection:
        connection.sendall(get("/endless"))
        assert connection.recv(100)
    wait_until(lambda: server.log.count("stream closed") == closed + 1)


def test_requests_that_come_ahead_are_answered_in_their_order(server: Serving) -> None:
    sent = [b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n%04d" % number for number in range(300)]
    with server.socket() as connection:
        connection.sendall(get("/waits") + b"".join(sent))
        assert answer_on_chunked(connection) == b"whole"
        read = b""
        while read.count(b"\r\n\r\n") < 300 or not read.endswith(b"0299"):
            read += connection.recv(1 << 20)
    bodies = [part.partition(b"\r\n\r\n")[2] for part in read.split(b"HTTP/1.1 200 OK\r\n")[1:]]
    assert bodies == [b"%04d" % number for number in range(300)]


def answer_on_chunked(connection: socket.socket) -> bytes:
    """The body of a chunked answer of one piece; not a byte more is read."""
    read = b""
    while not read.endswith(b"\r\n0\r\n\r\n"):
        piece = connection.recv(1)
        assert piece
        read += piece
    return read.partition(b"\r\n\r\n")[2].split(b"\r\n")[1]


def test_a_client_that_has_said_all_still_gets_its_answers(server: Serving) -> None:
    with server.socket() as connection:
        connection.sendall(get("/waits") + get("/echo"))
        connection.shutdown(socket.SHUT_WR)
        assert read_to_end(connection).count(b"HTTP/1.1 200 OK") == 2


def test_a_head_answer_has_no_body(server: Serving) -> None:
    with server.socket() as connection:
        connection.sendall(get("/three").replace(b"GET", b"HEAD") + get("/echo", "1.1", "Connection: close"))
        read = read_to_end(connection)
    assert read.count(b"HTTP/1.1 200 OK") == 2
    assert b"xxx" not in read


def test_what_is_no_request_is_refused(server: Serving) -> None:
    head, body = server.ask(b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n")
    assert head.startswith(b"http/1.1 400")
    assert b"connection: close" in head
    assert b'"VALIDATION_ERROR"' in body


@pytest.mark.parametrize("piece", [b"P", b"x"], ids=["head", "body"])
def test_a_drip_ends_with_the_deadline_however_steady_it_is(server: Serving, piece: bytes) -> None:
    begun = b"" if piece == b"P" else b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
    with server.socket() as connection:
        connection.settimeout(0.1)
        connection.sendall(begun or b"GET /")
        began = time.monotonic()
        answer = b""
        while not answer and time.monotonic() - began < 30:
            try:
                answer = connection.recv(4096)
            except TimeoutError:
                connection.sendall(piece)
    assert answer.startswith(b"HTTP/1.1 408")
    assert SECONDS - 0.5 <= time.monotonic() - began < 20


def test_who_comes_last_finds_a_place_and_the_longest_waiting_makes_room(server: Serving) -> None:
    with ExitStack() as stack:
        idle = [stack.enter_context(server.socket()) for _ in range(49)]
        assert server.ask(get("/echo"))[0].startswith(b"http/1.1 200")
        more = [stack.enter_context(server.socket()) for _ in range(30)]
        assert server.ask(get("/echo"))[0].startswith(b"http/1.1 200")
        first = idle[0]
        first.settimeout(10)
        with suppress(ConnectionResetError):
            assert first.recv(1) == b""
        more[-1].sendall(get("/echo", "1.1", "Connection: close"))
        assert read_to_end(more[-1]).startswith(b"HTTP/1.1 200")


def test_of_a_crowd_that_comes_in_one_moment_the_first_make_room(server: Serving) -> None:
    [worker] = server.workers()
    with ExitStack() as stack:
        os.kill(worker, signal.SIGSTOP)
        crowd = [stack.enter_context(server.socket()) for _ in range(80)]
        os.kill(worker, signal.SIGCONT)
        assert server.ask(get("/echo"))[0].startswith(b"http/1.1 200")
        is_open = [_is_open(connection) for connection in crowd]
    assert is_open == sorted(is_open)
    assert 45 <= sum(is_open) <= 50  # Room is made for two at a time where fifty wait.


def _is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionResetError:
        return False


def test_bodies_that_are_not_whole_have_a_bound_together(server: Serving) -> None:
    """Of 2,000,000 bytes here: five times 900,000 do not fit, the last one does."""
    body = b"x" * 900_000
    with ExitStack() as stack:
        for _ in range(5):
            connection = stack.enter_context(server.socket())
            connection.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 900001\r\n\r\n")
            connection.sendall(body)
        whole = stack.enter_context(server.socket())
        whole.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n" + body)
        assert answer_on(whole)[1] == body
