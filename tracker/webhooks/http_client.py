"""Connections to one endpoint: they lead to checked addresses only, whatever the name's answer is a moment later.

Everything that requests and urllib3 could do besides is off: proxies and passwords from the environment, redirects,
cookies, retries, decompression. TLS verifies the name of the URL, not the address.
"""

import logging
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from tracker.ssrf_guard.urls import check_url
from tracker.webhooks.client_settings import CONNECT_SECONDS, ClientSettings
from tracker.webhooks.endpoint import EndpointAnswer, NoResponse
from tracker.webhooks.error_messages import reason
from tracker.webhooks.response import BoundedResponse

ANSWER_BYTES = 4096
"""Read of an answer's body, and thrown away: what stands in it is nothing that this process keeps or shows."""

_TOO_LONG = "It took too long altogether."

# Their lines quote URLs, whose paths are as good as passwords at some services.
logging.getLogger("urllib3").setLevel(logging.CRITICAL)


class WebhookClient:
    """Keep-alive connections to the URL of one webhook, for several threads at a time."""

    def __init__(self, settings: ClientSettings, *, connections: int) -> None:
        self._settings = settings
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, _Adapter(settings, connections))

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> EndpointAnswer:
        """POST once. Raises NoResponse or DestinationRefused, each with a sentence for the endpoint's owner."""
        destination = check_url(url, self._settings.policy)
        request = requests.Request("POST", destination.url, headers=dict(headers), data=body).prepare()
        with self._settings.deadlines.limit() as limited:
            self._settings.in_flight.limited = limited
            try:
                timeouts = self._settings.timeouts
                response = self._session.send(request, stream=True, allow_redirects=False, timeout=timeouts)
            except (NoResponse, requests.RequestException, HTTPError, OSError, ValueError) as error:
                raise NoResponse(_TOO_LONG if limited.expired else reason(error)) from error
            with response:
                return self._answer(response)

    def _answer(self, response: requests.Response) -> EndpointAnswer:
        # A connection whose answer was read to its end is used again; any other is closed by the caller. Whatever
        # becomes of the body, the status has been said.
        with suppress(HTTPError, HTTPException, OSError, ValueError):
            response.raw.read(ANSWER_BYTES, decode_content=False)
        return EndpointAnswer(response.status_code, response.headers.get("Retry-After"))

    def close(self) -> None:
        self._session.close()


class _Adapter(HTTPAdapter):
    """The way of requests to urllib3, with connections of ours."""

    def __init__(self, settings: ClientSettings, connections: int) -> None:
        self._settings = settings
        super().__init__(pool_connections=1, pool_maxsize=connections)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **more: Any) -> None:  # noqa: ANN401, FBT001, FBT002 - the signature of requests
        super().init_poolmanager(connections, maxsize, block, ssl_context=self._settings.tls, **more)
        self.poolmanager.pool_classes_by_scheme = {
            "http": partial(_pool, HTTPConnectionPool, _Http, self._settings),
            "https": partial(_pool, HTTPSConnectionPool, _Https, self._settings),
        }

    def cert_verify(self, *_: object, **__: object) -> None:
        """Do nothing: the shared context verifies, and requests would load the authorities for every connection."""


def _pool(
    pool_class: type[HTTPConnectionPool],
    connection_class: Callable[..., HTTPConnection],
    settings: ClientSettings,
    host: str,
    port: int,
    **more: Any,  # noqa: ANN401 - handed on to urllib3
) -> HTTPConnectionPool:
    pool = pool_class(host, port, **more)
    pool.ConnectionCls = partial(connection_class, settings=settings)  # type: ignore[assignment] # called, never subclassed
    return pool


class _Checked(HTTPConnection):
    """A connection that opens its socket to a checked address, and says to the deadline what it reads from."""

    response_class = BoundedResponse

    def __init__(self, *args: Any, settings: ClientSettings, **more: Any) -> None:  # noqa: ANN401 - handed on to urllib3
        super().__init__(*args, **more)
        self._settings = settings
        self._unsent: list[bytes] = []

    def _new_conn(self) -> socket.socket:
        now = self._settings.clock.monotonic
        until = now() + CONNECT_SECONDS
        addresses = self._settings.resolver.addresses(self.host, self.port, seconds=CONNECT_SECONDS)
        for number, address in enumerate(addresses):
            # Each of those that are left has an equal share of the time.
            seconds = max(0.1, until - now()) / (len(addresses) - number)
            try:
                sock = socket.create_connection((str(address), self.port), seconds)
                break
            except OSError as error:
                if number + 1 == len(addresses):
                    raise NoResponse(_unreached(error)) from error
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(CONNECT_SECONDS)  # For the handshake of TLS.
        return sock

    def connect(self) -> None:
        super().connect()
        self._limit()

    def request(self, *args: Any, **more: Any) -> None:  # noqa: ANN401 - handed on to urllib3
        """Send head and body by one write.

        A consumer that answers by the head alone and closes resets the connection under the second of two. Its answer
        is then lost where TLS is spoken: OpenSSL reads nothing more after a write has failed.
        """
        self._limit()
        self._unsent.clear()
        super().request(*args, **more)
        super().send(b"".join(self._unsent))

    def send(self, data: Any) -> None:  # noqa: ANN401 - as http.client says
        self._unsent.append(data)

    def _limit(self) -> None:
        if self.sock is not None:
            self._settings.in_flight.limited.reads_from(self.sock)


class _Http(_Checked):
    pass


class _Https(_Checked, HTTPSConnection):
    pass


def _unreached(error: OSError) -> str:
    return "It cannot be connected to in time." if isinstance(error, TimeoutError) else reason(error)
