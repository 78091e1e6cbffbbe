"""What a user of Redis may do at least for the whole product to run: its keys, its channels, its commands."""

import hashlib
from typing import Any, Final

from redis import ResponseError

from tracker.queueing.connection import Connection, translated

KEYS: Final = ("tracker:*", "rq:*")
CHANNELS: Final = ("rq:*",)
COMMANDS: Final = (
    *("auth", "select", "ping", "info", "time", "client|setname", "client|setinfo", "client|info"),
    *("type", "exists", "get", "set", "del", "unlink", "rename", "expire", "persist", "scan", "incrby"),
    *("evalsha", "script|load", "multi", "exec", "watch", "unwatch", "subscribe", "unsubscribe"),
    *("hget", "hset", "hgetall", "hdel", "hexists", "hmget", "hincrby", "hincrbyfloat", "hscan"),
    *("sadd", "smembers", "srem", "scard", "sismember"),
    *("rpush", "lrem", "lrange", "llen", "lpos", "lmove", "blmove"),
    *("zadd", "zcard", "zrange", "zrangebyscore", "zscore", "zrem", "zremrangebyscore", "zscan"),
    *("xadd", "xack", "xdel", "xlen", "xrange", "xpending", "xclaim", "xautoclaim", "xreadgroup"),
    *("xgroup|create", "xgroup|delconsumer", "xinfo|consumers"),
)


def rules(password: str) -> list[str]:
    """Return the rules of such a user, as ACL SETUSER takes them; `password` as it does, `>secret` or `#hash`."""
    return [
        *("on", password, "resetkeys", *(f"~{pattern}" for pattern in KEYS)),
        *("resetchannels", *(f"&{pattern}" for pattern in CHANNELS)),
        *("-@all", *(f"+{command}" for command in COMMANDS)),
    ]


def set_user(redis: Connection, name: str, password: str) -> bool:
    """Make the user, or make it anew; whether Redis has written it into its file of users.

    The password goes over as its SHA-256, so that neither MONITOR nor a log shows it. Raises QueueUnavailable.
    """
    client: Any = redis
    hashed = "#" + hashlib.sha256(password.encode()).hexdigest()
    with translated():
        client.execute_command("ACL", "SETUSER", name, "reset", *rules(hashed))
        try:
            client.execute_command("ACL", "SAVE")
        except ResponseError:
            # There is no such file: whoever keeps users in the configuration has to write this one there.
            return False
    return True
