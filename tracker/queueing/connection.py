"""How this project reaches Redis: one way to connect, and to leave a server that is not the right one any more."""

import time
from importlib.resources import files
from typing import Any, Final

import redis
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.connection import AbstractConnection
from redis.retry import Retry

from tracker.errors import SettingsInvalid
from tracker.queueing.failures import as_lost_connection, translated
from tracker.queueing.sentinel import SENTINEL_SECONDS, Primary
from tracker.server_urls import of_sentinels

__all__ = ["ANSWER_SECONDS", "CONNECT_SECONDS", "Connection", "connect", "lua", "primary_of", "script", "translated"]

Connection = redis.Redis
"""A client of Redis with its pool. It is safe to share between threads, and after a fork it connects anew."""

CONNECT_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 2.0
"""What a request may lose to a Redis that does not answer, before the hit goes another way."""
MAX_CONNECTION_SECONDS: Final = 60.0
"""How long one connection is used. A replica that was the primary goes on answering what is only read: after this long
everybody has asked anew which server the name leads to."""


class FollowingConnection(AbstractConnection):
    """What is added to the connections of `redis`, so that they follow a name that has moved.

    After a failover the old server keeps connections open and answers READONLY and the like. Such a reply ends the
    connection (`WrongServer`), and whoever tries again connects anew.
    """

    _sock: Any
    _opened_at = 0.0

    def connect(self) -> None:
        """Connect unless there is a connection that is young enough; the pool does so whenever it lends one."""
        if self._sock is not None and time.monotonic() - self._opened_at > MAX_CONNECTION_SECONDS:
            self.disconnect()  # type: ignore[no-untyped-call]
        super().connect()  # type: ignore[no-untyped-call]

    def read_response(self, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 as the client declares it
        """Read a reply. Raises WrongServer, after closing, for one that asks for another server."""
        try:
            return super().read_response(*arguments, **named)
        except redis.ResponseError as error:
            lost = as_lost_connection(error)
            if lost is None:
                raise
            self.disconnect()  # type: ignore[no-untyped-call]
            raise lost from error

    def _connect(self) -> Any:  # noqa: ANN401 as the client declares it
        self._opened_at = time.monotonic()
        return super()._connect()  # type: ignore[no-untyped-call,safe-super]


class _Tcp(FollowingConnection, redis.Connection):
    pass


class _Tls(FollowingConnection, redis.SSLConnection):
    pass


class _Unix(FollowingConnection, redis.UnixDomainSocketConnection):
    pass


class _BySentinels(FollowingConnection):
    """What is added where Sentinels say which server is the primary: they are asked again, and believed at once.

    After SENTINEL FAILOVER the former primary goes on taking writes for ten seconds, which are lost.
    """

    host: str
    port: int

    def __init__(self, *, primary: Primary, **named: Any) -> None:  # noqa: ANN401 as the client declares it
        self._primary = primary
        super().__init__(**named)

    def connect(self) -> None:
        if self._sock is not None and self._primary.address() != (self.host, self.port):
            self.disconnect()  # type: ignore[no-untyped-call]
        super().connect()

    def _connect(self) -> Any:  # noqa: ANN401 as the client declares it
        self.host, self.port = self._primary.address()
        return super()._connect()


class _TcpBySentinels(_BySentinels, redis.Connection):
    pass


class _TlsBySentinels(_BySentinels, redis.SSLConnection):
    pass


_FOLLOWING: Final = {redis.Connection: _Tcp, redis.SSLConnection: _Tls, redis.UnixDomainSocketConnection: _Unix}
_BY_SENTINELS: Final = {redis.Connection: _TcpBySentinels, redis.SSLConnection: _TlsBySentinels}


def connect(url: str, *, name: str, retry: Retry | None = None) -> Connection:
    """Return a client for `url`; nothing connects before the first command. `name` shows in Redis's CLIENT LIST.

    A command waits at most `CONNECT_SECONDS` to connect and `ANSWER_SECONDS` for each answer. A connection that
    turned out to be closed, or to lead to the wrong server, is opened once more; beyond that nothing is repeated,
    unless `retry` says so: the caller has better things to do.
    With the URL of Sentinels it leads to whichever server they call the primary.
    Raises SettingsInvalid for a URL that the client does not take.
    """
    found = of_sentinels(url)
    client = _client(url if found is None else found.server, name=name, retry=retry)
    pool = client.connection_pool
    if found is None:
        pool.connection_class = _FOLLOWING[pool.connection_class]
        return client
    sentinels = [_sentinel(found.sentinel, host, port) for host, port in found.sentinels]
    pool.connection_class = _BY_SENTINELS[pool.connection_class]
    pool.connection_kwargs["primary"] = Primary(found.service, sentinels)
    return client


def primary_of(client: Connection) -> Primary | None:
    """Return what follows the primary of a client that asks Sentinels; None where it asks none."""
    primary: Primary | None = client.connection_pool.connection_kwargs.get("primary")
    return primary


def _sentinel(url: str, host: str, port: int) -> Connection:
    client = _client(url, name="tracker-sentinel", retry=None)
    client.connection_pool.connection_kwargs.update(
        host=host, port=port, socket_connect_timeout=SENTINEL_SECONDS, socket_timeout=SENTINEL_SECONDS
    )
    return client


def _client(url: str, *, name: str, retry: Retry | None) -> Connection:
    try:
        client = redis.Redis.from_url(
            url,
            client_name=name,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            retry=retry or Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
            # RESP2 and no driver information: nothing here needs more, and a new connection is ready at once.
            protocol=2,
            driver_info=None,
        )
        # What the pool cannot make a connection of shows with the first command otherwise.
        client.connection_pool.connection_class(**client.connection_pool.connection_kwargs)
    except (TypeError, ValueError, AttributeError, redis.RedisError) as error:
        # The error may quote the URL, and with it a password.
        raise SettingsInvalid(f"REDIS_URL is not accepted by the Redis client ({type(error).__name__}).") from None
    return client


def lua(name: str) -> str:
    """Return the text of `scripts/<name>.lua`."""
    return files("tracker.queueing").joinpath("scripts", f"{name}.lua").read_text()


def script(connection: Connection, name: str) -> Script:
    """`scripts/<name>.lua`, callable; a Redis that has forgotten it is told again."""
    loaded: Any = connection.register_script(lua(name))
    return loaded  # type: ignore[no-any-return]
