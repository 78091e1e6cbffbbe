"""What counts as an answer of an endpoint, against real consumers on loopback."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.support.certificates import certificate, serving, trusting
from tests.support.consumers import answer, consumer
from tests.support.webhook_clients import CONTINUE, EMPTY, IN_TIME, OK, WITHOUT_WAITING, client_of, post, says
from tests.support.webhook_endpoints import owe, register, sender_of, states, webhook
from tracker.application import Application
from tracker.store.database import Database
from tracker.webhooks.endpoint import EndpointAnswer, NoResponse
from tracker.webhooks.http_client import WebhookClient
from tracker.webhooks.response import MAX_ANSWER_BYTES, MAX_INFORMATIONAL_ANSWERS


@pytest.fixture
def client() -> Iterator[WebhookClient]:
    with client_of() as opened:
        yield opened


@pytest.mark.parametrize("status", [100, 102, 103, 104, 110, 199])
def test_informational_answers_are_passed_over(client: WebhookClient, status: int) -> None:
    informational = b"HTTP/1.1 %d Wait\r\nLink: </a.css>; rel=preload\r\nContent-Length: 5\r\n\r\n" % status
    with consumer(says(informational * 3, OK, EMPTY)) as one:
        for _ in range(2):
            assert post(client, one).status == 200
        assert one.connections == 1
        one.manner = says(informational, b"HTTP/1.1 429 Later\r\nRetry-After: 7\r\n", EMPTY)
        assert post(client, one) == EndpointAnswer(429, "7")


def test_as_many_informational_answers_are_passed_over_as_any_server_sends_and_no_more(client: WebhookClient) -> None:
    with consumer(says(CONTINUE * MAX_INFORMATIONAL_ANSWERS, OK, EMPTY)) as one:
        assert post(client, one).status == 200
        one.manner = says(CONTINUE * (MAX_INFORMATIONAL_ANSWERS + 1), OK, EMPTY)
        with pytest.raises(NoResponse, match="more than 32 informational answers"):
            post(client, one)
        one.manner = answer(204)
        assert post(client, one).status == 204


def test_switching_protocols_is_an_answer_after_which_the_connection_is_not_used_again(client: WebhookClient) -> None:
    with consumer(says(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n")) as one:
        assert post(client, one).status == 101
        one.manner = answer(200)
        assert post(client, one).status == 200
        assert one.connections == 2


@pytest.mark.parametrize(
    "headers",
    [
        b"X: 1\r\n" * 101,
        b"X: 1\r\n" * 5000,
        b"X: " + b"x" * 60_000 + b"\r\n",
        b"Set-Cookie: " + b"\xe9;" * 5000 + b"\r\n",
        b"no colon at all\r\n: no name\r\n folded\r\n\x00\x01\r\n",
    ],
    ids=["over a hundred", "thousands", "a long one", "not ASCII", "none that are headers"],
)
def test_many_and_long_headers_leave_the_answer_and_the_connection_as_they_are(
    client: WebhookClient, headers: bytes
) -> None:
    with consumer(says(OK, headers, b"Content-Length: 3\r\n\r\nyes")) as one:
        for _ in range(2):
            assert post(client, one).status == 200
        assert one.connections == 1
        one.manner = says(b"HTTP/1.1 503 Later\r\n", headers, b"retry-AFTER:90\r\n", EMPTY)
        assert post(client, one) == EndpointAnswer(503, "90")


@pytest.mark.parametrize(
    "rest",
    [
        b"X: " + b"x" * MAX_ANSWER_BYTES + b"\r\n" + EMPTY,
        b"X: 1\r\n" * MAX_ANSWER_BYTES + EMPTY,
        b"Content-Length: 0\r\nX-Cut: o",
        b"",
        b"Transfer-Encoding: chunked\r\n\r\nno chunk\r\n",
        b"Content-Length: 99999999999999999999\r\n\r\nx",
        b"Content-Length: 5\r\nContent-Length: 0\r\n\r\n",
        b"Content-Length: 5, 0\r\n\r\n",
        b"Content-Length: -5\r\n\r\n",
        b"Content-Length: none\r\n\r\n",
    ],
    ids=[
        "a header beyond the bound",
        "headers beyond the bound",
        "cut in a header",
        "cut",
        "no chunk",
        "a long body",
        "two lengths",
        "two lengths in a header",
        "a length below nothing",
        "a length that is none",
    ],
)
def test_a_status_line_that_came_whole_is_the_answer_whatever_follows(client: WebhookClient, rest: bytes) -> None:
    for status in (200, 410, 500):
        with consumer(says(b"HTTP/1.1 %d Said\r\n" % status, rest, closes=True)) as one:
            assert post(client, one).status == status
            one.manner = answer(204)
            assert post(client, one).status == 204
            assert one.connections == 2


@pytest.mark.parametrize("length", [b"-5", b"5\r\n 6", b"5\r\n\tContent-Length: 5"])
def test_an_answer_whose_length_is_not_clear_is_not_waited_for(client: WebhookClient, length: bytes) -> None:
    with consumer(says(OK, b"Content-Length: %b\r\n\r\n" % length)) as one:
        began = time.monotonic()
        assert post(client, one).status == 200
        assert time.monotonic() - began < WITHOUT_WAITING
        one.manner = says(b"HTTP/1.1 503 Later\r\nRetry-After: 90\r\nContent-Length: 1, 2\r\n\r\n")
        assert post(client, one) == EndpointAnswer(503, "90")
        one.manner = says(OK, b"Content-Length: 3\r\ncontent-length:3\r\n\r\nyes")
        for _ in range(2):
            assert post(client, one).status == 200
        assert one.connections == 3


@pytest.mark.parametrize("before", [b"Content-Length : 3", b"Content-Length\t:3", b"Content-Length:\r\n 3"])
def test_headers_that_are_folded_or_have_a_blank_before_the_colon_say_what_they_say(
    client: WebhookClient, before: bytes
) -> None:
    with consumer(says(OK, before, b"\r\n\r\nyes")) as one:
        began = time.monotonic()
        for _ in range(2):
            assert post(client, one).status == 200
        assert time.monotonic() - began < WITHOUT_WAITING
        assert one.connections == 1
        one.manner = says(b"HTTP/1.1 503 Later\r\nRetry-After :\r\n 90\r\n", before, b"\r\n\r\nyes")
        assert post(client, one) == EndpointAnswer(503, "90")


def test_an_event_that_was_taken_with_hints_and_many_headers_is_sent_once(
    database: Database, application: Application, clock: Any
) -> None:
    hints = b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n"
    with consumer(says(hints, OK, b"X: 1\r\n" * 150, b"X: " + b"x" * 70_000 + b"\r\n", EMPTY)) as one:
        webhook_id, _ = register(database, application, one.url, clock.now())
        sent = owe(database, webhook_id, clock.now(), 3)
        sender = sender_of(database, clock)
        assert sender.turn() == 3
        for _ in range(10):
            clock.advance(24 * 3600)
            assert sender.turn() == 0
        assert sorted(one.ids) == sorted(sent)
        assert states(database) == {"delivered": 3}
        assert webhook(database, webhook_id, "is_active", "failure_count") == (True, 0)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"", "closed the connection without an answer"),
        (b"HTTP/1.1 20", "closed the connection without an answer"),
        (b"HTTP/1.1 200 O", "closed the connection without an answer"),
        (CONTINUE, "closed the connection without an answer"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: <", "closed the connection without an answer"),
        (b"<html>it works</html>", "did not answer in HTTP"),
        (b"\r\n\r\n", "did not answer in HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "did not answer in HTTP"),
        (b"HTTP/2 200 OK\r\n" + EMPTY, "did not answer in HTTP"),
        (b"HTTP/1.1 OK\r\n" + EMPTY, "did not answer in HTTP"),
        (b"HTTP/1.1 2_00 OK\r\n" + EMPTY, "did not answer in HTTP"),
        (b"HTTP/1.1 +200 OK\r\n" + EMPTY, "did not answer in HTTP"),
        (b"HTTP/1.1 2000 OK\r\n" + EMPTY, "did not answer in HTTP"),
        (b"HTTP/1.1 020 OK\r\n" + EMPTY, "did not answer in HTTP"),
        (b"x" * 2 * MAX_ANSWER_BYTES, "sent 65536 bytes and no status"),
        (b"HTTP/1.1 102 P\r\nX: " + b"x" * MAX_ANSWER_BYTES + b"\r\n\r\n" + OK, "sent 65536 bytes and no status"),
    ],
)  # fmt: skip
def test_what_holds_no_whole_status_is_no_answer(client: WebhookClient, said: bytes, words: str) -> None:
    with consumer(says(said, closes=True)) as one:
        with pytest.raises(NoResponse, match=words):
            post(client, one)
        one.manner = answer(200)
        assert post(client, one).status == 200


def test_a_consumer_that_says_no_more_after_its_status_has_answered(tmp_path: Path) -> None:
    path = certificate(tmp_path, "127.0.0.1")

    def fall_silent(sock: socket.socket, _: Any) -> object:
        sock.sendall(OK + b"X-Half: ")
        return sock.recv(1) or True

    for tls, context in ((None, None), (serving(path), trusting(path))):
        with consumer(fall_silent, tls=tls) as one, client_of(context, read_seconds=1.0) as client:
            assert post(client, one).status == 200
            one.manner = answer(204)
            assert post(client, one).status == 204


def test_a_consumer_that_answers_what_comes_first_and_closes_has_answered(tmp_path: Path) -> None:
    path = certificate(tmp_path, "127.0.0.1")
    for tls, context in ((None, None), (serving(path), trusting(path))):
        with socket.create_server(("127.0.0.1", 0)) as listener, client_of(context) as client:
            listener.settimeout(IN_TIME)
            first: list[bytes] = []

            def answer_once(listener: socket.socket = listener, tls: Any = tls, first: list[bytes] = first) -> None:
                with listener.accept()[0] as plain, plain if tls is None else tls.wrap_socket(plain, True) as sock:
                    first.append(sock.recv(MAX_ANSWER_BYTES))
                    sock.sendall(b"HTTP/1.1 410 Gone\r\n" + EMPTY)

            thread = Thread(target=answer_once, daemon=True)
            thread.start()
            url = f"http{'s' if tls else ''}://127.0.0.1:{listener.getsockname()[1]}/"
            assert client.post(url, b"the body", {}).status == 410
            thread.join(IN_TIME)
            assert not thread.is_alive()
            assert first[0].startswith(b"POST / HTTP/1.1\r\n")
            assert first[0].endswith(b"\r\n\r\nthe body"), "head and body come by one write"


def test_a_consumer_that_closes_its_half_after_the_answer_has_answered(client: WebhookClient) -> None:
    def half_close(sock: socket.socket, _: Any) -> object:
        sock.sendall(OK + b"\r\n")
        sock.shutdown(socket.SHUT_WR)
        return None

    with consumer(half_close) as one:
        for _ in range(2):
            assert post(client, one).status == 200
