"""Requests to the provider, which is no more trusted than any server: bounded in time and in bytes, never redirected.

Proxies and passwords from the environment are off, and nothing is sent unencrypted, except to this machine itself.
"""

import ssl
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, partial
from socket import SHUT_RDWR, socket
from typing import Any, Final

import certifi
import requests
from authlib.integrations.requests_client import OAuth2Session
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from tracker.server_urls import is_private_on_the_way

CONNECT_SECONDS: Final = 3.0
READ_SECONDS: Final = 5.0
WHOLE_SECONDS: Final = 8.0
MAX_ANSWER_BYTES: Final = 256 * 1024
_CHUNK: Final = 16 * 1024


class _NotAccepted(requests.RequestException):
    """The provider answered in a way that is not read any further."""


def session(**options: Any) -> OAuth2Session:  # noqa: ANN401 - handed on to Authlib
    """Return a session of Authlib's for a few requests; to be closed by whoever uses it."""
    made = OAuth2Session(**options)
    made.trust_env = False
    for scheme in ("https://", "http://"):
        made.mount(scheme, _BoundedAdapter())
    return made


@cache
def _trusted() -> ssl.SSLContext:
    """Return who is believed: the machine's authorities and those that certifi carries."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


class _Opened(threading.local):
    """The sockets that the thread which asks has opened for the request under way."""

    def __init__(self) -> None:
        self.sockets: list[socket] = []


_OPENED: Final = _Opened()


class _Watched(HTTPConnection):
    def connect(self) -> None:
        super().connect()
        if self.sock is not None:
            _OPENED.sockets.append(self.sock)


class _WatchedHttps(_Watched, HTTPSConnection):
    pass


def _pool(pool_class: type[HTTPConnectionPool], connection: Callable[..., Any], *args: Any, **more: Any) -> Any:  # noqa: ANN401 - handed on to urllib3
    pool = pool_class(*args, **more)
    pool.ConnectionCls = connection  # type: ignore[assignment] # called, never subclassed
    return pool


class _BoundedAdapter(HTTPAdapter):
    """Reads an answer whole, within its bounds, before anybody else looks at it."""

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **more: Any) -> None:  # noqa: ANN401, FBT001, FBT002 - the signature of requests
        super().init_poolmanager(connections, maxsize, block, ssl_context=_trusted(), **more)
        self.poolmanager.pool_classes_by_scheme = {
            "http": partial(_pool, HTTPConnectionPool, _Watched),
            "https": partial(_pool, HTTPSConnectionPool, _WatchedHttps),
        }

    def cert_verify(self, *_: object, **__: object) -> None:
        """Do nothing: the shared context verifies, and requests would load the authorities for every connection."""

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        """Send once. Raises requests.RequestException, also for an answer that is too large, too slow or a redirect."""
        if not is_private_on_the_way(request.url or ""):
            raise _NotAccepted("it names an address without HTTPS")
        until = time.monotonic() + WHOLE_SECONDS
        sockets: list[socket] = []
        _OPENED.sockets = sockets
        # The timeouts of sockets begin anew with every byte: at the end the socket is shut under whoever reads from it.
        timer = threading.Timer(WHOLE_SECONDS, _shut, [sockets])
        timer.daemon = True
        timer.start()
        try:
            response = super().send(request, stream=True, timeout=(CONNECT_SECONDS, READ_SECONDS))
            with response:
                if response.is_redirect:
                    raise _NotAccepted("it answers with a redirect")
                response._content = _read(response, until)  # noqa: SLF001 - where requests keeps a body
            return response
        finally:
            timer.cancel()


def _shut(sockets: Sequence[socket]) -> None:
    for sock in sockets:
        with suppress(OSError):
            socket.shutdown(sock, SHUT_RDWR)


def _read(response: requests.Response, until: float) -> bytes:
    content = b""
    for chunk in response.iter_content(_CHUNK):
        content += chunk
        if len(content) > MAX_ANSWER_BYTES:
            raise _NotAccepted(f"it answers with more than {MAX_ANSWER_BYTES} bytes")
        if time.monotonic() > until:
            raise _NotAccepted("it takes too long altogether")
    return content
