"""What a user of Redis may do at least for the whole product to run: its keys, its channels, its commands."""

import hashlib
from typing import Any, Final

from redis import ResponseError

from tracker.queueing.connection import ClusterClient, Connection, translated

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
OF_CLUSTER: Final = ("cluster|nodes",)
"""What is needed beside in a cluster."""


def rules(password: str, *, is_cluster: bool = False) -> list[str]:
    """Return the rules of such a user, as ACL SETUSER takes them; `password` as it does, `>secret` or `#hash`."""
    return [
        *("on", password, "resetkeys", *(f"~{pattern}" for pattern in KEYS)),
        *("resetchannels", *(f"&{pattern}" for pattern in CHANNELS)),
        *("-@all", *(f"+{command}" for command in (*COMMANDS, *(OF_CLUSTER if is_cluster else ())))),
    ]


def set_user(redis: Connection, name: str, password: str) -> bool:
    """Make the user, or make it anew, at each node of a cluster; whether each has written it into its file of users.

    The password goes over as its SHA-256, so that neither MONITOR nor a log shows it. Raises QueueUnavailable.
    """
    is_cluster = isinstance(redis, ClusterClient)
    hashed = "#" + hashlib.sha256(password.encode()).hexdigest()
    with translated():
        servers = redis.topology.clients() if isinstance(redis, ClusterClient) else [redis]
        kept = [_set_user(server, name, rules(hashed, is_cluster=is_cluster)) for server in servers]
    return all(kept)


def _set_user(client: Any, name: str, its_rules: list[str]) -> bool:  # noqa: ANN401 the client declares no types here
    client.execute_command("ACL", "SETUSER", name, "reset", *its_rules)
    try:
        client.execute_command("ACL", "SAVE")
    except ResponseError:
        # There is no such file: whoever keeps users in the configuration has to write this one there.
        return False
    return True
