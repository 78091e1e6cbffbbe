"""Outlets to consumers on loopback, and manners of answering with bytes of any kind."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address, ip_network
from typing import Any

from tests.support.consumers import Consumer, Manner
from tracker.clock import SystemClock
from tracker.ssrf_guard.policy import Policy
from tracker.ssrf_guard.resolver import Resolver
from tracker.webhooks.client_settings import ClientSettings
from tracker.webhooks.endpoint import EndpointAnswer
from tracker.webhooks.http_client import WebhookClient

LOOPBACK = Policy(allow_http=True, networks=(ip_network("127.0.0.0/8"),))
OK = b"HTTP/1.1 200 OK\r\n"
EMPTY = b"Content-Length: 0\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
IN_TIME = 20.0  # Seconds: more than an attempt has, on any machine.
WITHOUT_WAITING = 8.0  # Seconds: less than any deadline of an attempt, on any machine.


@contextmanager
def client_of(
    tls: ssl.SSLContext | None = None, look_up: Callable[[str], Any] | None = None, **seconds: float
) -> Iterator[WebhookClient]:
    clock = SystemClock()
    resolver = Resolver(LOOPBACK, clock, look_up=look_up or (lambda _: [ip_address("127.0.0.1")]))
    opened = WebhookClient(
        ClientSettings(LOOPBACK, resolver, clock=clock, **({"tls": lambda: tls} if tls else {}), **seconds),  # type: ignore[arg-type]
        connections=1,
    )
    try:
        yield opened
    finally:
        opened.close()


def post(client: WebhookClient, one: Consumer) -> EndpointAnswer:
    return client.post(one.url, b"{}", {"webhook-id": "hit_1"})


def says(*pieces: bytes, closes: bool = False) -> Manner:
    """A manner of answering with these bytes."""
    return lambda sock, _: sock.sendall(b"".join(pieces)) or closes or None


def floods(beginning: bytes, piece: bytes) -> Manner:
    """A manner of answering with a beginning and then one piece for ever, as fast as it is taken."""

    def flooding(sock: socket.socket, _: Any) -> object:
        sock.sendall(beginning)
        pieces = piece * (100_000 // len(piece) + 1)
        while True:
            sock.sendall(pieces)

    return flooding
