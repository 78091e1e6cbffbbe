"""From bytes to requests: whole, refused, or answered by their head alone."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.server.environ import base
from tracker.server.limits import Limits
from tracker.server.request import Request
from tracker.server.request_reader import RequestReader
from tracker.server.site import Endpoint, Site
from tracker.web.body import BODY_UNREAD

SITE = Site(
    endpoints={b"/hit": Endpoint(lambda _environ, _respond: True, 100), b"/pixel": Endpoint(lambda _e, _r: True)},
    wsgi=lambda _environ, _start: [],
    max_body_of=lambda environ: 50 if environ["PATH_INFO"] == "/api" else 0,
    close=lambda: None,
)


class Reading:
    """A reader, and what it told its connection."""

    def __init__(self, **limits: Any) -> None:
        self.buffered = self.went_on = 0
        self.reader = RequestReader(
            base(("203.0.113.9", 4711), ("127.0.0.1", 8000)),
            SITE,
            Limits(**limits),
            buffer=self._buffer,
            go_on=self._go_on,
        )

    def feed(self, *pieces: bytes) -> list[Request]:
        for piece in pieces:
            self.reader.feed(piece)
        return list(self.reader.ready)

    def _buffer(self, size: int) -> None:
        self.buffered += size

    def _go_on(self) -> None:
        self.went_on += 1


def request(target: bytes = b"/hit", *headers: bytes, method: bytes = b"POST", body: bytes = b"") -> bytes:
    lines = [method + b" " + target + b" HTTP/1.1", b"Host: tracker", *headers]
    if body:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([*lines, b"", body])


def refusal(received: Request) -> tuple[int, str]:
    assert received.refusal is not None
    assert not received.keep_alive
    return received.refusal.status, orjson.loads(received.refusal.body)["error"]["code"]


def test_a_request_becomes_an_environ_of_wsgi() -> None:
    sent = request(b"/h%69t%E6%97?a=%31&\xc3\xa4", b"User-Agent: \xe6\x97\xa5", b"Content-Type: text/plain")
    [received] = Reading().feed(sent)
    environ = received.environ
    assert (environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["SERVER_PROTOCOL"]) == (
        "POST",
        "/hit\xe6\x97",
        "HTTP/1.1",
    )
    assert environ["QUERY_STRING"] == "a=%31&%C3%A4", "what a client forgot to escape is escaped"
    assert environ["HTTP_USER_AGENT"].encode("latin-1").decode() == "日"
    assert environ["CONTENT_TYPE"] == "text/plain"
    assert (environ["REMOTE_ADDR"], environ["HTTP_HOST"]) == ("203.0.113.9", "tracker")
    assert received.endpoint is None, "a path is an endpoint's as it is spelled"
    assert received.keep_alive


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_the_pieces_in_which_requests_arrive_do_not_matter(size: int) -> None:
    sent = request(b"/hit", body=b"first") + request(b"/pixel?x=1", method=b"GET") + request(b"/api", body=b"x" * 50)
    reading = Reading()
    requests = reading.feed(*[sent[at : at + size] for at in range(0, len(sent), size)])
    bodies = [received.environ["wsgi.input"].read() for received in requests]
    assert bodies == [b"first", b"", b"x" * 50]
    assert [received.endpoint is not None for received in requests] == [True, True, False]
    assert requests[1].environ["QUERY_STRING"] == "x=1"
    assert reading.buffered == 0
    assert not reading.reader.is_within


@pytest.mark.parametrize(
    "name", ["X_Forwarded_For", "X-Forwarded_For", "x_forwarded-for", "X_API_Key", "X-API_Key", "Sec_GPC", "A_"]
)
def test_a_header_with_an_underscore_in_its_name_is_nobodys(name: str) -> None:
    key = f"HTTP_{name.upper().replace('-', '_')}"
    [received] = Reading().feed(request(b"/hit", f"{name}: 6.6.6.6".encode()))
    assert key not in received.environ
    right = name.replace("_", "-").encode()
    [received] = Reading().feed(request(b"/hit", f"{name}: 6.6.6.6".encode(), right + b": 203.0.113.9"))
    assert received.environ[key] == "203.0.113.9"


def test_several_headers_of_one_name_are_a_list() -> None:
    headers = [b"X-Forwarded-For: 6.6.6.6", b"x-forwarded-for: 203.0.113.9", b"Cookie: a=1", b"Cookie: b=2"]
    [received] = Reading().feed(request(b"/hit", *headers))
    assert received.environ["HTTP_X_FORWARDED_FOR"] == "6.6.6.6, 203.0.113.9"
    assert received.environ["HTTP_COOKIE"] == "a=1; b=2"


@pytest.mark.parametrize(
    ("target", "length"), [(b"/hit", 101), (b"/api", 51), (b"/nowhere", 1), (b"/pixel", 1), (b"/hit", 10**18)]
)
def test_a_body_that_is_not_wanted_is_not_waited_for(target: bytes, length: int) -> None:
    reading = Reading()
    [received] = reading.feed(request(target, b"Content-Length: %d" % length, b"Expect: 100-continue"))
    assert received.environ[BODY_UNREAD]
    assert not received.keep_alive
    assert reading.reader.has_ended
    assert reading.feed(b"x" * 1000) == [received]
    assert (reading.buffered, reading.went_on) == (0, 0)


@pytest.mark.parametrize("header", [b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked"])
@pytest.mark.parametrize("target", [b"/nowhere", b"/pixel"])
def test_a_chunked_body_that_is_not_wanted_is_not_waited_for(header: bytes, target: bytes) -> None:
    [received] = Reading().feed(request(target, header))
    assert received.environ[BODY_UNREAD]


def test_a_chunked_body_comes_with_its_length_and_without_what_stands_behind_it() -> None:
    reading = Reading()
    head = request(b"/hit", b"Transfer-Encoding: Chunked", b"Expect: 100-continue", b"X-Forwarded-For: 203.0.113.9")
    assert reading.feed(head + b"2\r\nab\r\n") == []
    assert reading.went_on == 1
    rest = b"1;x=y\r\nc\r\n0\r\nX-Forwarded-For: 6.6.6.6\r\nX-Late: 1\r\n\r\n"
    received, following = reading.feed(rest + request(b"/hit", body=b"d"))
    assert received.environ["wsgi.input"].read() == b"abc"
    assert received.environ["CONTENT_LENGTH"] == "3"
    assert received.environ["HTTP_X_FORWARDED_FOR"] == "203.0.113.9"
    assert not {"HTTP_TRANSFER_ENCODING", "HTTP_X_LATE"} & received.environ.keys()
    assert following.environ["wsgi.input"].read() == b"d"
    assert reading.buffered == 0


def test_a_chunked_body_is_read_no_further_than_it_may_be() -> None:
    reading = Reading()
    assert reading.feed(request(b"/hit", b"Transfer-Encoding: chunked") + b"64\r\n" + b"x" * 100) == []
    [received] = reading.feed(b"\r\n1\r\nx")
    assert received.environ[BODY_UNREAD]
    assert int(received.environ["CONTENT_LENGTH"]) == 101
    assert (reading.buffered, reading.reader.has_ended) == (0, True)


def test_a_client_that_asks_is_told_to_go_on_where_its_body_is_wanted() -> None:
    reading = Reading()
    assert reading.feed(request(b"/hit", b"Content-Length: 3", b"Expect: 100-Continue")) == []
    assert reading.went_on == 1
    [received] = reading.feed(b"abc")
    assert received.environ["wsgi.input"].read() == b"abc"


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00", (400, "VALIDATION_ERROR")),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, "VALIDATION_ERROR")),
        (b"GET /hit\r\n\r\n", (400, "VALIDATION_ERROR")),
        (b"GET /hit HTTP/1.1\r\nHost : x\r\n\r\n", (400, "VALIDATION_ERROR")),
        (b"GET /hit HTTP/1.1\r\nA: b\r\n c\r\n\r\n", (400, "VALIDATION_ERROR")),
        (b"GET /hit HTTP/1.1\r\nA: \x00\r\n\r\n", (400, "VALIDATION_ERROR")),
        (b"POST /hit HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", (400, "VALIDATION_ERROR")),
        (b"POST /hit HTTP/1.1\r\nContent-Length: -1\r\n\r\n", (400, "VALIDATION_ERROR")),
        (b"POST /hit HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\na", (400, "VALIDATION_ERROR")),
        (request(b"/hit", b"Content-Length: 5", b"Transfer-Encoding: chunked"), (411, "LENGTH_REQUIRED")),
        (request(b"/hit?" + b"x" * 3000), (431, "REQUEST_HEADER_FIELDS_TOO_LARGE")),
        (request(b"/hit", b"A: " + b"x" * 3000), (431, "REQUEST_HEADER_FIELDS_TOO_LARGE")),
        (request(b"/hit", *[b"A%d: b" % n for n in range(300)]), (431, "REQUEST_HEADER_FIELDS_TOO_LARGE")),
    ],
)
def test_what_is_no_request_is_refused_and_ends_the_connection(sent: bytes, expected: tuple[int, str]) -> None:
    reading = Reading(max_head=2000)
    [received] = reading.feed(sent + request())
    assert refusal(received) == expected
    assert reading.reader.has_ended


def test_a_head_that_never_ends_is_refused_in_time() -> None:
    reading = Reading(max_head=2000)
    requests: list[Request] = []
    sent = 0
    reading.feed(b"GET /hit HTTP/1.1\r\nA: ")
    while not requests and sent < 10_000:
        requests = reading.feed(b"x" * 100)
        sent += 100
    assert refusal(requests[0])[0] == 431
    assert sent <= 2100


def test_a_large_body_does_not_count_as_head() -> None:
    reading = Reading(max_head=200)
    [received] = reading.feed(request(b"/hit", body=b"x" * 100) + b"GET /pixel")
    assert received.refusal is None
    assert [received.refusal for received in reading.feed(b" HTTP/1.1\r\n\r\n")] == [None, None]


def test_an_offer_of_another_protocol_is_declined_and_costs_nothing() -> None:
    upgrade = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA")
    sent = request(b"/hit", *upgrade, body=b"first") + request(b"/hit", *upgrade, method=b"GET") + request(body=b"last")
    for size in (1, 10, 1000):
        reading = Reading()
        requests = reading.feed(*[sent[at : at + size] for at in range(0, len(sent), size)])
        assert [received.environ["wsgi.input"].read() for received in requests] == [b"first", b"", b"last"], size
        assert reading.buffered == 0


def test_thousands_of_offers_in_one_piece_are_read() -> None:
    sent = b"GET /hit HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n" * 3000
    assert len(Reading().feed(sent)) == 3000


def test_a_client_of_http_1_0_gets_one_answer() -> None:
    [received] = Reading().feed(b"GET /pixel HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert not received.keep_alive
    assert received.environ["SERVER_PROTOCOL"] == "HTTP/1.0"


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"http://elsewhere.example/hit?a=1", "/hit"),
        (b"http://elsewhere.example", "/"),
        (b"*", "*"),
        (b"//hit", "//hit"),
    ],
)
def test_a_target_may_be_a_whole_url(target: bytes, path: str) -> None:
    [received] = Reading().feed(request(target, method=b"OPTIONS"))
    assert received.environ["PATH_INFO"] == path


def test_what_is_given_up_is_said_and_forgotten() -> None:
    reading = Reading()
    reading.feed(request(b"/hit", b"Content-Length: 50") + b"x" * 20)
    assert (reading.buffered, reading.reader.holds_body) == (20, True)
    reading.reader.give_up()
    assert refusal(reading.reader.ready[0]) == (408, "REQUEST_TIMEOUT")
    assert (reading.buffered, reading.reader.holds_body) == (0, False)


@given(st.lists(st.one_of(st.binary(max_size=60), st.sampled_from([request(), b"\r\n", b"GET ", b"HTTP/1.1\r\n"]))))
def test_any_bytes_become_requests_or_a_refusal(pieces: list[bytes]) -> None:
    reading = Reading(max_head=500)
    requests = reading.feed(*pieces)
    assert sum(received.refusal is not None for received in requests) <= 1
    assert reading.buffered >= 0
