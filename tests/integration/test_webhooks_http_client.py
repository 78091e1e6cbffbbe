"""The HTTP of webhooks against real consumers of all manners, on loopback."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

from tests.support.certificates import certificate, serving, trusting
from tests.support.consumers import Consumer, answer, consumer, drip, endless, hang, reset
from tests.support.waiting import wait_until
from tracker.clock import SystemClock
from tracker.errors import DestinationRefused
from tracker.ssrf_guard.addresses import IPAddress
from tracker.ssrf_guard.policy import Policy
from tracker.ssrf_guard.resolver import Resolver
from tracker.webhooks.client_settings import ClientSettings
from tracker.webhooks.endpoint import NoResponse
from tracker.webhooks.http_client import WebhookClient

IN_TIME = 20.0  # Seconds: far more than a client has here, and what it is shielded from never ends.
LOOPBACK = Policy(allow_http=True, networks=(ip_network("127.0.0.0/8"),))


class Names:
    """A name server whose answers a test changes."""

    def __init__(self, *addresses: str) -> None:
        self.addresses: Sequence[str] = addresses
        self.asked: list[str] = []

    def __call__(self, host: str) -> list[IPAddress]:
        self.asked.append(host)
        return [ip_address(address) for address in self.addresses]


@pytest.fixture
def make() -> Iterator[Any]:
    """Makes outlets, closed when the test is over."""
    made: list[WebhookClient] = []

    def client(
        policy: Policy = LOOPBACK, names: Names | None = None, tls: ssl.SSLContext | None = None, **seconds: float
    ) -> WebhookClient:
        clock = SystemClock()
        resolver = Resolver(policy, clock, look_up=names or Names("127.0.0.1"))
        settings = ClientSettings(policy, resolver, clock=clock, **({"tls": lambda: tls} if tls else {}), **seconds)  # type: ignore[arg-type]
        made.append(WebhookClient(settings, connections=4))
        return made[-1]

    yield client
    for opened in made:
        opened.close()


def post(client: WebhookClient, url: str) -> int:
    return client.post(url, b'{"a":"\xc3\xa9"}', {"Content-Type": "application/json", "webhook-id": "hit_1"}).status


def refusal(client: WebhookClient, url: str) -> str:
    with pytest.raises((NoResponse, DestinationRefused)) as raised:
        post(client, url)
    return str(raised.value)


def test_a_request_arrives_as_it_was_given(make: Any) -> None:
    with consumer() as one:
        assert post(make(), f"{one.url}?a=%20b") == 200
        (received,) = one.received
        assert received.head.startswith("POST /hook?a=%20b HTTP/1.1\r\n")
        assert received.body == b'{"a":"\xc3\xa9"}'
        assert received.headers["host"] == f"127.0.0.1:{one.port}"
        assert received.headers["content-type"] == "application/json"
        assert received.id == "hit_1"


def test_a_connection_is_used_again(make: Any) -> None:
    with consumer(answer(200, body=b"thank you")) as one:
        client = make()
        for _ in range(5):
            assert post(client, one.url) == 200
        assert one.connections == 1


def test_a_connection_that_the_consumer_closed_meanwhile_is_opened_anew(make: Any) -> None:
    def answer_and_close(sock: socket.socket, _: Any) -> object:
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        return True

    with consumer(answer_and_close) as one:
        client = make()
        for number in range(1, 4):
            assert post(client, one.url) == 200
            assert one.connections == number
            wait_until(lambda: not one.open_connections)


def test_a_redirect_is_an_answer_and_is_not_followed(make: Any) -> None:
    with consumer() as inside, consumer() as outside:
        for status in (301, 302, 303, 307, 308):
            outside.manner = answer(status, f"Location: {inside.url}")
            assert post(make(), outside.url) == status
        assert inside.received == []


def test_retry_after_is_handed_on(make: Any) -> None:
    with consumer(answer(429, "Retry-After: 120")) as one:
        got = make().post(one.url, b"", {})
        assert (got.status, got.retry_after) == (429, "120")


def test_cookies_are_not_kept(make: Any) -> None:
    with consumer(answer(200, "Set-Cookie: a=b; Path=/")) as one:
        client = make()
        post(client, one.url)
        post(client, one.url)
        assert "cookie" not in one.received[1].headers


def test_proxies_and_passwords_of_the_environment_are_ignored(
    make: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with consumer() as one:
        assert post(make(), one.url) == 200
        assert "authorization" not in one.received[0].headers


@pytest.mark.parametrize(
    ("manner", "limit", "words"),
    [
        (hang, {"read_seconds": 0.5}, "did not answer in time"),
        (drip(b"HTTP/1.1 200 ", b"O"), {"whole_seconds": 1.0}, "too long altogether"),
        (drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), {"whole_seconds": 1.0}, "too long altogether"),
        (reset, {}, "reset the connection"),
        (lambda *_: True, {}, "without an answer"),
    ],
    ids=[
        "hangs",
        "drips a line",
        "drips 100",
        "resets",
        "closes",
    ],
)
def test_a_consumer_without_an_answer_ends_in_time_with_a_reason(
    make: Any, manner: Any, limit: dict[str, float], words: str
) -> None:
    with consumer(manner) as one:
        began = time.monotonic()
        with pytest.raises(NoResponse, match=words):
            post(make(**limit), one.url)
        assert time.monotonic() - began < IN_TIME


@pytest.mark.parametrize(
    "manner",
    [
        drip(b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n", b"x"),
        drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        drip(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b"x"),
        endless,
        lambda sock, _: sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx") or True,
        lambda sock, _: sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnone"),
    ],
    ids=["drips", "drips chunks", "drips to the end", "a gigabyte", "ends early", "no gzip"],
)
def test_a_status_counts_whatever_becomes_of_the_body(make: Any, manner: Any) -> None:
    with consumer(manner) as one:
        client, began = make(whole_seconds=2.0), time.monotonic()
        assert post(client, one.url) == 200
        assert time.monotonic() - began < IN_TIME
        one.manner = answer(204)
        assert post(client, one.url) == 204


def test_many_deliveries_end_at_their_own_deadlines(make: Any) -> None:
    with consumer(drip(b"HTTP/1.1 200 ", b"O")) as one:
        client, took = make(whole_seconds=0.5), []

        def deliver() -> None:
            began = time.monotonic()
            with pytest.raises(NoResponse):
                post(client, one.url)
            took.append(time.monotonic() - began)

        threads = [threading.Thread(target=deliver) for _ in range(8)]
        for thread in threads:
            thread.start()
            time.sleep(0.05)
        for thread in threads:
            thread.join(IN_TIME)
        assert len(took) == 8
        assert all(0.4 < seconds < IN_TIME for seconds in took)


def test_nobody_who_listens_is_a_reason(make: Any) -> None:
    one = Consumer()
    one.close()
    assert refusal(make(), one.url) == "It refuses connections."


def test_the_connection_goes_to_the_checked_address_whatever_the_name_says_next(make: Any) -> None:
    class Rebinding(Names):
        def __call__(self, host: str) -> list[IPAddress]:
            addresses = super().__call__(host)
            self.addresses = ["10.0.0.1"]
            return addresses

    names = Rebinding("127.0.0.1")
    with consumer() as one:
        assert post(make(names=names), f"http://hooks.example.com:{one.port}/") == 200
        assert names.asked == ["hooks.example.com"]
        assert one.received[0].headers["host"] == f"hooks.example.com:{one.port}"


def test_a_name_that_leads_inside_is_never_connected_to(make: Any) -> None:
    with consumer() as one:
        policy = Policy(allow_http=True, ports=frozenset({one.port}))
        url = f"http://hooks.example.com:{one.port}/"
        assert "It leads to a loopback address" in refusal(make(policy, names=Names("127.0.0.1")), url)
        assert "Port" in refusal(make(Policy(allow_http=True)), f"http://hooks.example.com:{one.port}/")
        assert one.connections == 0


def test_the_second_address_is_tried_where_the_first_does_not_answer(make: Any) -> None:
    with consumer() as one:
        names = Names("127.0.0.2", "127.0.0.1")
        assert post(make(names=names), f"http://hooks.example.com:{one.port}/") == 200


def test_a_non_ascii_name_is_looked_up_and_asked_for_in_ascii(make: Any) -> None:
    names = Names("127.0.0.1")
    with consumer() as one:
        assert post(make(names=names), f"http://b\u00fccher.example.com:{one.port}/\u00fc?\u00e9=\u65e5") == 200
        assert names.asked == ["xn--bcher-kva.example.com"]
        (received,) = one.received
        assert received.headers["host"] == f"xn--bcher-kva.example.com:{one.port}"
        assert received.head.startswith("POST /%C3%BC?%C3%A9=%E6%97%A5 HTTP/1.1\r\n")


def test_tls_verifies_the_name_of_the_url_and_not_the_address(make: Any, tmp_path: Path) -> None:
    path = certificate(tmp_path, "hooks.example.com")
    asked_for: list[Any] = []
    context = serving(path)
    context.sni_callback = lambda _sock, name, _context: asked_for.append(name)
    with consumer(tls=context) as one:
        client = make(tls=trusting(path))
        assert post(client, f"https://hooks.example.com:{one.port}/") == 200
        assert post(client, f"https://hooks.example.com:{one.port}/") == 200
        assert one.connections == 1
        assert asked_for == ["hooks.example.com"]
        for url in (f"https://other.example.com:{one.port}/", one.url):
            assert "Its certificate is refused: " in refusal(client, url)
        assert len(one.received) == 2


def test_tls_with_an_address_in_the_certificate_works(make: Any, tmp_path: Path) -> None:
    path = certificate(tmp_path, "127.0.0.1")
    with consumer(tls=serving(path)) as one:
        assert post(make(tls=trusting(path)), one.url) == 200


def test_a_certificate_that_nobody_signed_is_refused(make: Any, tmp_path: Path) -> None:
    with consumer(tls=serving(certificate(tmp_path, "127.0.0.1"))) as one:
        assert "certificate is refused: self-signed certificate" in refusal(make(), one.url)
        assert one.received == []


@pytest.mark.parametrize("manner", [hang, drip(b"HTTP/1.1 200 ", b"O")], ids=["hangs", "drips"])
def test_a_tls_consumer_of_bad_manners_ends_in_time(make: Any, tmp_path: Path, manner: Any) -> None:
    path = certificate(tmp_path, "127.0.0.1")
    with consumer(manner, tls=serving(path)) as one:
        began = time.monotonic()
        assert refusal(make(tls=trusting(path), read_seconds=0.5, whole_seconds=1.0), one.url)
        assert time.monotonic() - began < IN_TIME


def test_plain_http_where_tls_is_spoken_and_the_other_way_round_are_reasons(make: Any, tmp_path: Path) -> None:
    with consumer() as plain, consumer(tls=serving(certificate(tmp_path, "127.0.0.1"))) as encrypted:
        assert refusal(make(), plain.url.replace("http:", "https:"))
        assert refusal(make(), encrypted.url.replace("https:", "http:"))
