"""Whether the URL of a server reads as one, before anything connects to it. No answer quotes it for its password."""

import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import parse_qsl, urlsplit

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
_PORT: Final = (
    f"it must read as a URL, with a port from 1 to {_MAX_PORT} and with special characters of a password written as %XX"
)


def wrong_with_postgresql(url: str) -> str | None:
    """Return what is wrong, as what must be; None for one that libpq can be asked to read.

    It may name several hosts.
    """
    hosts = re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0].rpartition("@")[2]
    for host in hosts.split(","):
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


WRONG_WITH: Final[Mapping[str, Callable[[str], str | None]]] = {
    "postgresql": wrong_with_postgresql,
    "postgres": wrong_with_postgresql,
    "redis": wrong_with_redis,
    "rediss": wrong_with_redis,
    "unix": wrong_with_redis,
}
"""By scheme."""
