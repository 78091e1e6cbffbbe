"""How this project reaches Redis: one way to connect, and to leave a server that is not the right one any more."""

import time
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Final

import redis
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.connection import AbstractConnection
from redis.retry import Retry
from rq.defaults import RQ_KEY_PREFIX

from tracker.errors import SettingsInvalid
from tracker.queueing.cluster import Cluster
from tracker.queueing.failures import WrongServer, as_lost_connection, translated
from tracker.queueing.followed import KNOWING_SECONDS, Followed, ServerAddress
from tracker.queueing.hash_tags import HOME, RQ_PREFIX, TAGS, TaggingPacker, slot_of
from tracker.queueing.sentinel import Primary
from tracker.server_urls import ClusterUrl, of_cluster, of_sentinels

__all__ = [
    "ANSWER_SECONDS",
    "CONNECT_SECONDS",
    "ClusterClient",
    "Connection",
    "connect",
    "lua",
    "primary_of",
    "script",
    "tag_of",
    "translated",
]

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


class _Asking(FollowingConnection):
    """What is added where Sentinels, or the nodes of a cluster, say which server it is: they are believed at once.

    After SENTINEL FAILOVER the former primary goes on taking writes for ten seconds, which are lost.
    """

    host: str
    port: int

    def __init__(self, *, primary: Followed, **named: Any) -> None:  # noqa: ANN401 as the client declares it
        self._primary = primary
        super().__init__(**named)

    def connect(self) -> None:
        if self._sock is not None and self._primary.address() != (self.host, self.port):
            self.disconnect()  # type: ignore[no-untyped-call]
        super().connect()

    def read_response(self, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 as the client declares it
        try:
            return super().read_response(*arguments, **named)
        except WrongServer:
            self._primary.inquiry.doubt()
            raise

    def _connect(self) -> Any:  # noqa: ANN401 as the client declares it
        self.host, self.port = self._primary.address()
        return super()._connect()


class _AskingTcp(_Asking, redis.Connection):
    pass


class _AskingTls(_Asking, redis.SSLConnection):
    pass


class ClusterClient(redis.Redis):
    """A client for the keys of a cluster that are no application's; it has the clients of the shards with it."""

    def __init__(self, topology: Cluster, home: Connection, shards: Sequence[Connection]) -> None:
        super().__init__(connection_pool=home.connection_pool)
        self.topology, self.home, self.shards = topology, home, tuple(shards)

    def close(self) -> None:
        self.topology.close()
        for client in (*self.shards, self.home):
            client.close()


_FOLLOWING: Final = {redis.Connection: _Tcp, redis.SSLConnection: _Tls, redis.UnixDomainSocketConnection: _Unix}
_ASKING: Final = {redis.Connection: _AskingTcp, redis.SSLConnection: _AskingTls}


def connect(url: str, *, name: str, retry: Retry | None = None) -> Connection:
    """Return a client for `url`; nothing connects before the first command. `name` shows in Redis's CLIENT LIST.

    A command waits at most `CONNECT_SECONDS` to connect and `ANSWER_SECONDS` for each answer. A connection that
    turned out to be closed, or to lead to the wrong server, is opened once more; beyond that nothing is repeated,
    unless `retry` says so: the caller has better things to do.
    With the URL of Sentinels it leads to whichever server they call the primary, with that of a cluster to the node
    that has what is no application's (`tracker.queueing.shards` gives the others).
    Raises SettingsInvalid for a URL that the client does not take.
    """
    if (sentinels := of_sentinels(url)) is not None:
        clients = [_knowing(sentinels.sentinel, address, "tracker-sentinel") for address in sentinels.sentinels]
        client = _client(sentinels.server, name=name, retry=retry)
        return _following(client, Primary(sentinels.service, clients))
    if (nodes := of_cluster(url)) is not None:
        return _of_cluster(nodes, name=name, retry=retry)
    client = _client(url, name=name, retry=retry)
    pool = client.connection_pool
    pool.connection_class = _FOLLOWING[pool.connection_class]
    return client


def primary_of(client: Connection) -> Followed | None:
    """Return what follows the server of a client that asks where it is; None where it asks nobody."""
    primary: Followed | None = client.connection_pool.connection_kwargs.get("primary")
    return primary


def tag_of(client: Connection) -> str | None:
    """Return the hash tag that a client gives to keys; None where it is no cluster's."""
    packer: TaggingPacker | None = client.connection_pool.connection_kwargs.get("command_packer")
    return None if packer is None else packer.tag


def _of_cluster(url: ClusterUrl, *, name: str, retry: Retry | None) -> Connection:
    if RQ_KEY_PREFIX != RQ_PREFIX:
        raise SettingsInvalid(
            f"With a cluster in REDIS_URL the environment has to say RQ_KEY_PREFIX={RQ_PREFIX} to each process of the "
            f"tracker and of rq, so that all keys of RQ have one slot; it says {RQ_KEY_PREFIX}."
        )
    tags = HOME, *TAGS
    cluster = Cluster(
        url.nodes,
        [slot_of(tag) for tag in tags],
        lambda address: _knowing(url.server, address, f"{name}-topology"),
    )
    home, *shards = (
        _following(_client(url.server, name=name, retry=retry), owner, command_packer=TaggingPacker(tag))
        for tag, owner in zip(tags, cluster.owners, strict=True)
    )
    return ClusterClient(cluster, home, shards)


def _following(client: Connection, primary: Followed, **of_connections: object) -> Connection:
    pool = client.connection_pool
    pool.connection_class = _ASKING[pool.connection_class]
    pool.connection_kwargs.update(primary=primary, **of_connections)
    return client


def _knowing(url: str, address: ServerAddress, name: str) -> Connection:
    """Return a client of one that knows where servers are."""
    client = _client(url, name=name, retry=None)
    host, port = address
    client.connection_pool.connection_kwargs.update(
        host=host, port=port, socket_connect_timeout=KNOWING_SECONDS, socket_timeout=KNOWING_SECONDS
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
