"""How this project reaches Redis: one way to connect, one way to name what went wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any, Final

import redis
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.retry import Retry

from tracker.errors import QueueAway, QueueFull

Connection = redis.Redis
"""A client of Redis with its pool. It is safe to share between threads, and after a fork it connects anew."""

CONNECT_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 2.0
"""What a request may lose to a Redis that does not answer, before the hit goes another way."""


def connect(url: str, *, name: str) -> Connection:
    """A client for `url`; nothing connects before the first command. `name` shows in Redis's CLIENT LIST.

    A command waits at most `CONNECT_SECONDS` to connect and `ANSWER_SECONDS` for each answer. A connection that
    turned out to be closed is opened once more; beyond that nothing is repeated: the caller has better things to do.
    """
    return redis.Redis.from_url(
        url,
        client_name=name,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=ANSWER_SECONDS,
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        # RESP2 and no driver information: nothing here needs more, and a new connection is ready at once.
        protocol=2,
        driver_info=None,
    )


@contextmanager
def translated() -> Iterator[None]:
    """Errors of the Redis client leave as QueueAway, or as QueueFull where Redis has no memory left.

    A command that Redis refuses (read-only replica, disk full, a key of the wrong type) counts as away too: the
    queue cannot be used now, and the hit must go another way.
    """
    try:
        yield
    except redis.OutOfMemoryError as error:
        raise QueueFull("Redis has used up its memory: raise maxmemory or let the workers catch up.") from error
    except redis.RedisError as error:
        raise QueueAway(f"Redis cannot be used: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def lua(name: str) -> str:
    """The text of `scripts/<name>.lua`."""
    return files("tracker.queueing").joinpath("scripts", f"{name}.lua").read_text()


def script(connection: Connection, name: str) -> Script:
    """`scripts/<name>.lua`, callable; a Redis that has forgotten it is told again."""
    loaded: Any = connection.register_script(lua(name))
    return loaded  # type: ignore[no-any-return]
