"""Whether the URL of a server reads as one, before anything connects to it. No answer quotes it for its password."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

_MAX_PORT: Final = 65_535
_NUMBER: Final = r"[0-9]{1,9}(\.[0-9]{1,9})?"
_REDIS_OPTIONS: Final[Mapping[str, str]] = {
    "db": r"[0-9]{1,9}",
    "username": r".+",
    "password": r".+",
    "socket_timeout": _NUMBER,
    "socket_connect_timeout": _NUMBER,
    "socket_keepalive": r"(?i:true|false|yes|no|0|1)",
    "health_check_interval": r"[0-9]{1,9}",
    "max_connections": r"[1-9][0-9]{0,8}",
}
"""What REDIS_URL may say behind its question mark, and how. Others would change how the client answers."""
_TLS_OPTIONS: Final[Mapping[str, str]] = {
    "ssl_cert_reqs": r"none|optional|required",
    "ssl_ca_certs": r".+",
    "ssl_ca_path": r".+",
    "ssl_certfile": r".+",
    "ssl_keyfile": r".+",
    "ssl_check_hostname": r"(?i:true|false|yes|no|0|1)",
}
_SENTINEL_OPTIONS: Final[Mapping[str, str]] = {"sentinel_username": r".+", "sentinel_password": r".+"}
_SENTINEL_PORT: Final = 26_379
_SENTINEL_URL: Final = re.compile(
    r"(?P<scheme>rediss?)\+sentinel://(?:(?P<user>[^@/?#]*)@)?(?P<hosts>[^@/?#]+)"
    r"/(?P<service>[^/?#]+)(?:/(?P<database>[0-9]{0,9}))?(?:\?(?P<query>[^#]*))?"
)
_CLUSTER_URL: Final = re.compile(
    r"(?P<scheme>rediss?)\+cluster://(?:(?P<user>[^@/?#]*)@)?(?P<hosts>[^@/?#]+)/?(?:\?(?P<query>[^#]*))?"
)
_REDIS_PORT: Final = 6379
_LOOPBACK: Final = r"127(\.[0-9]{1,3}){3}"
_PORT: Final = (
    f"it must read as a URL, with a port from 1 to {_MAX_PORT} and with special characters of a password written as %XX"
)


def hosts_in(url: str) -> list[str]:
    """Return the hosts that stand in a URL of PostgreSQL, each with its port, as they are written.

    `urlsplit` is no help: newer versions of it refuse several hosts of which one has brackets.
    """
    return re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0].rpartition("@")[2].split(",")


def wrong_with_postgresql(url: str) -> str | None:
    """Return what is wrong, as what must be; None for one that libpq can be asked to read.

    It may name several hosts. libpq ends the password at the first @, and the host at the first /. An @ behind both is
    the database's name's, but where none stands before that /, or another / behind it: then it ends a password.
    """
    authority, _, database = re.split(r"[?#]", url.partition("://")[2], maxsplit=1)[0].partition("/")
    if authority.count("@") > 1 or ("@" in database and ("@" not in authority or "/" in database)):
        return _PORT
    for host in hosts_in(url):
        match = re.fullmatch(r"(?:\[[^\]]*\]|[^:\[\]]*)(?::([0-9]*))?", host)
        if match is None or (match[1] and not 1 <= int(match[1][:6]) <= _MAX_PORT):
            return _PORT
    return None


def wrong_with_redis(url: str) -> str | None:
    """Return what is wrong, as what must be; None for a URL that redis-py takes, and takes for what is written."""
    try:
        split = urlsplit(url)
        port = split.port
    except ValueError:
        return _PORT
    if port == 0:
        return _PORT
    if split.fragment:
        return "it must have no part behind #, which a password writes as %23"
    if split.scheme == "unix":
        if not split.path.strip("/") or split.hostname is not None:
            return "it must name the socket's path, as unix:///run/redis.sock does"
    elif not re.fullmatch(r"/?[0-9]{0,9}", split.path):
        return "behind the host only the database's number may follow, as in redis://host:6379/0"
    options = {**_REDIS_OPTIONS, **(_TLS_OPTIONS if split.scheme == "rediss" else {})}
    return _wrong_with_options(split.query, options)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentinelUrl:
    """What a URL of Sentinels says: where they are, which service they look after, and how its servers are used."""

    sentinels: tuple[tuple[str, int], ...]
    service: str
    server: str
    """The URL of a server of the service, with a host that stands for the one that the Sentinels name."""
    sentinel: str
    """The same for a Sentinel."""


def of_sentinels(url: str) -> SentinelUrl | None:
    """Read `redis+sentinel://host:port,host:port/service/0`; None for any other URL.

    The user and the options are the servers'; `sentinel_username` and `sentinel_password` are for the Sentinels.
    """
    match = _SENTINEL_URL.fullmatch(url)
    if match is None:
        return None
    options = parse_qsl(match["query"] or "", keep_blank_values=True)
    shared = urlencode([(name, value) for name, value in options if name not in _SENTINEL_OPTIONS])
    of_tls = urlencode([(name, value) for name, value in options if name in _TLS_OPTIONS])
    ours = dict(options)
    name, password = ours.get("sentinel_username", ""), ours.get("sentinel_password", "")
    user = urlencode({name: password}).replace("=", ":", 1).replace("+", "%20") if name or password else ""
    return SentinelUrl(
        sentinels=tuple(_host_and_port(place, _SENTINEL_PORT) for place in match["hosts"].split(",")),
        service=unquote(match["service"]),
        server=f"{match['scheme']}://{match['user'] or ''}@host/{match['database'] or 0}?{shared}",
        sentinel=f"{match['scheme']}://{user}@host/0?{of_tls}",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterUrl:
    """What a URL of a cluster says: some of its nodes, who name the others, and how each is used."""

    nodes: tuple[tuple[str, int], ...]
    server: str
    """The URL of a node, with a host that stands for its own."""


def of_cluster(url: str) -> ClusterUrl | None:
    """Read `redis+cluster://host:port,host:port`; None for any other URL. User and options are those of each node."""
    match = _CLUSTER_URL.fullmatch(url)
    if match is None:
        return None
    return ClusterUrl(
        nodes=tuple(_host_and_port(place, _REDIS_PORT) for place in match["hosts"].split(",")),
        server=f"{match['scheme']}://{match['user'] or ''}@host/0?{match['query'] or ''}",
    )


def _host_and_port(text: str, port: int) -> tuple[str, int]:
    split = urlsplit(f"//{text}")
    return split.hostname or "", split.port or port


def wrong_with_sentinels(url: str) -> str | None:
    """Return what is wrong, as what must be; None for a URL of Sentinels."""
    match = _SENTINEL_URL.fullmatch(url)
    if match is None:
        return "it must read as redis+sentinel://host:26379,host:26379/service/0, with the name that Sentinel monitors"
    try:
        sentinels = of_sentinels(url)
    except ValueError:
        return _PORT
    if sentinels is None or not all(host for host, _ in sentinels.sentinels):
        return _PORT
    options = {**_REDIS_OPTIONS, **_SENTINEL_OPTIONS, **(_TLS_OPTIONS if url.startswith("rediss") else {})}
    return _wrong_with_options(match["query"] or "", options)


def wrong_with_cluster(url: str) -> str | None:
    """Return what is wrong, as what must be; None for a URL of a cluster."""
    match = _CLUSTER_URL.fullmatch(url)
    if match is None:
        return "it must read as redis+cluster://host:6379,host:6379, without a database: a cluster has one"
    try:
        cluster = of_cluster(url)
    except ValueError:
        return _PORT
    if cluster is None or not all(host for host, _ in cluster.nodes):
        return _PORT
    options = {name: how for name, how in _REDIS_OPTIONS.items() if name != "db"}
    return _wrong_with_options(match["query"] or "", {**options, **(_TLS_OPTIONS if url.startswith("rediss") else {})})


def wrong_with_issuer(url: str) -> str | None:
    """Return what is wrong, as what must be; None for the URL of an OpenID Connect provider."""
    # What is no URL at all is not private either, and then there is nothing to take apart.
    if not is_private_on_the_way(url) or _has_more_than_a_name(urlsplit(url)):
        return "it must be the provider's name for itself: https, except for this machine, without ?, # and user"
    return None


def _has_more_than_a_name(split: SplitResult) -> bool:
    return bool(split.query or split.fragment or split.username is not None)


def is_private_on_the_way(url: str) -> bool:
    """Return whether what is sent to a URL can be read on the way by nobody: by HTTPS, or within this machine."""
    try:
        split = urlsplit(url)
        host = split.hostname or ""
        split.port  # noqa: B018 it raises for a port that is none
    except ValueError:
        return False
    if split.scheme == "https":
        return bool(host)
    return split.scheme == "http" and (host in {"localhost", "::1"} or re.fullmatch(_LOOPBACK, host) is not None)


def _wrong_with_options(query: str, options: Mapping[str, str]) -> str | None:
    names = ", ".join(options)
    try:
        given = parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
    except ValueError:
        return f"behind ? there must be options as name=value, of {names}"
    for at, (name, value) in enumerate(given):
        if name not in options:
            shown = name if re.fullmatch(r"[a-z_]{1,40}", name) else "one of its options"
            return f"{shown} is none of the options behind ?, which are {names}"
        if not re.fullmatch(options[name], value):
            return f"the option {name} has a value that it does not take"
        if name in dict(given[:at]):
            return f"the option {name} must stand there once"
    return None


REDIS_SCHEMES: Final = (
    *("redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel"),
    *("redis+cluster", "rediss+cluster"),
)
WRONG_WITH: Final[Mapping[str, Callable[[str], str | None]]] = {
    "postgresql": wrong_with_postgresql,
    "postgres": wrong_with_postgresql,
    "redis": wrong_with_redis,
    "rediss": wrong_with_redis,
    "unix": wrong_with_redis,
    "redis+sentinel": wrong_with_sentinels,
    "rediss+sentinel": wrong_with_sentinels,
    "redis+cluster": wrong_with_cluster,
    "rediss+cluster": wrong_with_cluster,
    "https": wrong_with_issuer,
    "http": wrong_with_issuer,
}
"""By scheme."""
