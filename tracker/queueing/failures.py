"""What an error reply of Redis means: which connection it ends, and the sentence for whoever reads it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import redis

from tracker.errors import QueueFull, QueueUnavailable

WRONG_SERVER: Final = {"READONLY", "MASTERDOWN", "LOADING", "CLUSTERDOWN", "NOREPLICAS", "UNBLOCKED", "MOVED", "ASK"}
"""What a server says that was demoted, or is not the primary yet or any more: its name may lead to another by now."""
IN_TROUBLE: Final = {"BUSY", "MISCONF", "OOM", "TRYAGAIN", "NOPERM"}
"""What the right server says while it takes no command, or not ours: another connection would hear the same."""

_SENTENCES = {
    "READONLY": "Redis is a replica and takes no writes: REDIS_URL must lead to the primary.",
    "UNBLOCKED": "Redis has become a replica: REDIS_URL must lead to the primary.",
    "MASTERDOWN": "Redis is a replica that has lost its primary: REDIS_URL must lead to the primary.",
    "LOADING": "Redis is reading its data from the disk.",
    "CLUSTERDOWN": "Redis is a node of a cluster that is down.",
    "MOVED": "Redis is a node of a cluster, and this is at another: REDIS_URL must begin with redis+cluster:// there.",
    "ASK": "Redis is a node of a cluster that is moving this to another one.",
    "CROSSSLOT": "Redis is a node of a cluster: REDIS_URL must begin with redis+cluster:// there.",
    "TRYAGAIN": "Redis is a node of a cluster that is moving keys.",
    "NOREPLICAS": "Redis takes no writes while too few replicas follow it (min-replicas-to-write).",
    "MISCONF": "Redis takes no writes since it cannot write to its disk: see its log, and make room.",
    "BUSY": "Redis is busy with a script that runs for too long: SCRIPT KILL or FUNCTION KILL ends it.",
    "NOAUTH": "Redis wants a password: put it into REDIS_URL.",
    "WRONGPASS": "Redis does not take the user and password of REDIS_URL.",
    "NOPERM": "The user of REDIS_URL lacks a right in Redis: {}",
}
_CODE = re.compile(r"(?:.* caused error: )?([A-Z]+) ", re.DOTALL)
"""A pipeline of the client puts its own words before the server's."""
_CODE_IN_SCRIPT = re.compile(r"Error running script.* -([A-Z]+) ", re.DOTALL)
"""Redis before 7 wraps what a command within a script was answered."""


class WrongServer(redis.ConnectionError):
    """An error reply that ends the connection: the client treats it as a lost one, and connects anew."""


def code_of(error: redis.RedisError) -> str:
    """Return the code that an error reply begins with, `READONLY` for instance; "" for what is no reply."""
    if error.status_code not in (None, "ERR"):
        return str(error.status_code)
    text = str(error)
    match = _CODE_IN_SCRIPT.search(text) or _CODE.match(text)
    return match[1] if match else ""


def as_lost_connection(error: redis.ResponseError) -> WrongServer | None:
    """Return what to raise instead of a reply that says that the connection leads to the wrong server."""
    code = code_of(error)
    return WrongServer(str(error), status_code=code) if code in WRONG_SERVER else None


def sentence(error: redis.RedisError) -> str:
    """Say in one sentence what is wrong with Redis."""
    first_line = (str(error).splitlines() or [type(error).__name__])[0]
    known = _SENTENCES.get(code_of(error))
    return known.format(first_line) if known else f"Redis cannot be used: {first_line}"


def queue_error(error: redis.RedisError) -> QueueUnavailable:
    """Return the error of this project that an error of the Redis client, or an error reply, stands for."""
    if code_of(error) == "OOM":
        return QueueFull("Redis has used up its memory: raise maxmemory or let the workers catch up.")
    return QueueUnavailable(sentence(error))


@contextmanager
def translated() -> Iterator[None]:
    """Errors of the Redis client leave as QueueUnavailable, or as QueueFull where Redis has no memory left.

    A command that Redis refuses (read-only replica, disk full, a key of the wrong type) counts as unavailable too: the
    queue cannot be used now, and the hit must go another way.
    """
    try:
        yield
    except redis.RedisError as error:
        raise queue_error(error) from error
