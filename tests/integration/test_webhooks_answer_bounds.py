"""What reading an endpoint's answer may cost, whatever the endpoint does, against real consumers on loopback."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from tests.support.certificates import certificate, serving, trusting
from tests.support.consumers import Manner, answer, consumer, drip
from tests.support.waiting import wait_until
from tests.support.webhook_clients import (
    CHUNKED,
    CONTINUE,
    EMPTY,
    IN_TIME,
    OK,
    WITHOUT_WAITING,
    client_of,
    floods,
    post,
    says,
)
from tracker.errors import DestinationRefused
from tracker.webhooks.client_settings import CONNECT_SECONDS
from tracker.webhooks.endpoint import NoResponse
from tracker.webhooks.http_client import WebhookClient

CPU_SECONDS = 3.0  # An answer that is read as fast as it comes until the deadline costs more than ten.


@pytest.fixture
def client() -> Iterator[WebhookClient]:
    with client_of() as opened:
        yield opened


@pytest.mark.parametrize(
    ("manner", "status"),
    [
        (floods(b"", CONTINUE), None),
        (floods(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n"), None),
        (floods(b"HTTP/1.1 100 Continue\r\n", b"X: 1\r\n"), None),
        (floods(b"", b"\r\n"), None),
        (floods(b"", b"x"), None),
        (floods(OK, b"X: 1\r\n"), 200),
        (floods(OK + b"Retry-After: 1\r\n", b" 1\r\n"), 200),
        (floods(OK, b"x"), 200),
        (floods(b"HTTP/1.1 200 ", b"x"), 200),
        (floods(OK + CHUNKED, b"1\r\nx\r\n"), 200),
        (floods(OK + CHUNKED, b"1;" + b"x" * 60_000 + b"\r\nx\r\n"), 200),
        (floods(OK + CHUNKED, b"0"), 200),
        (floods(OK + CHUNKED + b"0\r\n", b"X: 1\r\n"), 200),
        (floods(OK + CHUNKED + b"0\r\n", b"x"), 200),
        (floods(OK + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n", b"\x1f\x8b"), 200),
        (floods(OK + EMPTY, OK + EMPTY), 200),
    ],
    ids=[
        "continue",
        "early hints",
        "headers of an informational answer",
        "empty lines",
        "no line",
        "headers",
        "a folded header",
        "a header",
        "a reason",
        "chunks",
        "extensions of chunks",
        "a chunk's size",
        "trailers",
        "a trailer",
        "a body",
        "answers",
    ],
)
def test_what_never_ends_costs_no_time_at_all(client: WebhookClient, manner: Manner, status: int | None) -> None:
    with consumer(manner) as one:
        began, cpu = time.monotonic(), time.thread_time()
        if status is None:
            with pytest.raises(NoResponse):
                post(client, one)
        else:
            assert post(client, one).status == status
        assert time.monotonic() - began < WITHOUT_WAITING
        assert time.thread_time() - cpu < CPU_SECONDS
        one.manner = answer(204)
        # Nobody can tell an answer that comes unasked, just after the look at a kept connection, from the right one.
        wait_until(lambda: post(client, one).status == 204)


def test_a_connection_on_which_more_than_the_answer_came_is_not_used_again(client: WebhookClient) -> None:
    with consumer(says(OK + EMPTY + OK + EMPTY)) as one:
        assert post(client, one).status == 200
        one.manner = answer(204)
        assert post(client, one).status == 204
        assert one.connections == 2
        assert post(client, one).status == 204
        assert one.connections == 2


@pytest.mark.parametrize(
    ("manner", "status"),
    [
        (drip(b"HTTP/1.1 100 Continue\r\n", b"X: 1\r\n"), None),
        (drip(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", every=0.2), None),
        (drip(OK, b"X: 1\r\n"), 200),
        (drip(OK + CHUNKED + b"0\r\n", b"X: 1\r\n"), 200),
    ],
    ids=["an informational answer", "informational answers", "headers", "trailers"],
)
def test_what_drips_ends_with_the_time_for_the_whole(manner: Manner, status: int | None) -> None:
    with consumer(manner) as one, client_of(whole_seconds=2.0) as client:
        began = time.monotonic()
        if status is None:
            with pytest.raises(NoResponse, match="too long altogether"):
                post(client, one)
        else:
            assert post(client, one).status == status
        assert 1.9 < time.monotonic() - began < IN_TIME


def test_bounds_hold_below_tls(tmp_path: Path) -> None:
    path = certificate(tmp_path, "127.0.0.1")
    with consumer(floods(b"", CONTINUE), tls=serving(path)) as one, client_of(trusting(path)) as client:
        with pytest.raises(NoResponse, match="informational"):
            post(client, one)
        for manner in (floods(OK, b"X: 1\r\n"), says(b"HTTP/1.1 103 Early Hints\r\n\r\n", OK, EMPTY)):
            one.manner = manner
            assert post(client, one).status == 200


def test_a_handshake_of_tls_that_drips_ends_in_time(tmp_path: Path) -> None:
    """Each byte comes long before a socket's own timeout."""
    listener = socket.create_server(("127.0.0.1", 0))

    def drip_handshake() -> None:
        sock, _ = listener.accept()
        with sock, suppress(OSError):
            sock.sendall(b"\x16\x03\x03\x40\x00\x02")
            while True:
                sock.sendall(b"\x00")
                time.sleep(0.1)

    threading.Thread(target=drip_handshake, daemon=True).start()
    with client_of(trusting(certificate(tmp_path, "127.0.0.1"))) as client, listener:
        began = time.monotonic()
        with pytest.raises(NoResponse):
            client.post(f"https://127.0.0.1:{listener.getsockname()[1]}/", b"{}", {})
        assert CONNECT_SECONDS - 0.5 < time.monotonic() - began < IN_TIME


def test_a_name_server_that_hangs_ends_in_time() -> None:
    ended = threading.Event()

    def hang(_: str) -> list[Any]:
        ended.wait(60)
        return []

    with client_of(look_up=hang) as client:
        began = time.monotonic()
        with pytest.raises(DestinationRefused, match="could not be looked up in time"):
            client.post("http://hooks.example.com/", b"{}", {})
        assert time.monotonic() - began < IN_TIME
        ended.set()


def test_a_name_with_very_many_addresses_that_nobody_answers_at_ends_in_time() -> None:
    # Whoever listens with a full backlog answers no further connection.
    with socket.create_server(("127.0.0.1", 0), backlog=1) as full, ExitStack() as waiting:
        for sock in [waiting.enter_context(socket.socket()) for _ in range(8)]:
            sock.setblocking(False)
            sock.connect_ex(full.getsockname())
        wait_until(lambda: _is_full(full))
        with client_of(look_up=lambda _: [ip_address("127.0.0.1")] * 2000) as client:
            began = time.monotonic()
            with pytest.raises(NoResponse, match="cannot be connected to in time"):
                client.post(f"http://hooks.example.com:{full.getsockname()[1]}/", b"{}", {})
            assert time.monotonic() - began < IN_TIME


def _is_full(listener: socket.socket) -> bool:
    with socket.socket() as sock:
        sock.settimeout(0.2)
        try:
            sock.connect(listener.getsockname())
        except TimeoutError:
            return True
        return False
