"""What the Redis server says about itself, for health checks."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from tracker.errors import QueueUnavailable, SettingsInvalid
from tracker.queueing.connection import Connection, connect, translated
from tracker.queueing.shards import primaries_of

AOF_WRITE = "aof_last_write_status"
"""The persistence error of a full disk: Redis refuses writes, and keeps in memory what it answered just before."""
NO_EVICTION = "noeviction"
_WRITTEN = "tracker:health"
_WRITTEN_MILLISECONDS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """The server at one moment; sizes in bytes. A Valkey says which Redis it is compatible with in `version`."""

    name: str
    version: tuple[int, ...]
    clock: datetime
    is_replica: bool
    eviction_policy: str
    used_memory: int
    memory_limit: int
    """0 where there is none."""
    machine_memory: int
    append_only: bool
    persistence_errors: tuple[str, ...]


def server_facts(redis: Connection) -> ServerFacts:
    """Raises QueueUnavailable."""
    clock = server_time(redis)
    with translated():
        info = cast(Mapping[str, Any], redis.info())
    return ServerFacts(
        name=f"Valkey {info['valkey_version']}" if "valkey_version" in info else f"Redis {info['redis_version']}",
        version=tuple(int(part) for part in str(info["redis_version"]).split(".")[:3]),
        clock=clock,
        is_replica=info.get("role") == "slave",
        eviction_policy=str(info.get("maxmemory_policy", "")),
        used_memory=int(info.get("used_memory", 0)),
        memory_limit=int(info.get("maxmemory", 0)),
        machine_memory=int(info.get("total_system_memory", 0)),
        append_only=bool(info.get("aof_enabled")),
        persistence_errors=tuple(
            name
            for name in (AOF_WRITE, "aof_last_bgrewrite_status", "rdb_last_bgsave_status")
            if info.get(name, "ok") != "ok"
        ),
    )


def refuse_evicting(redis_url: str) -> None:
    """Raise SettingsInvalid where Redis would throw accepted hits away when its memory is full.

    One that does not answer now is not asked: a process starts without it, and `doctor` sees it later.
    """
    with closing(connect(redis_url, name="tracker-start")) as redis:
        try:
            with translated():
                policies = {server_facts(node).eviction_policy for node in primaries_of(redis)}
        except QueueUnavailable:
            return
    for policy in policies - {"", NO_EVICTION}:
        raise SettingsInvalid(
            f"The Redis of REDIS_URL has the maxmemory-policy {policy}, which throws accepted hits away: "
            f"set it to {NO_EVICTION} (`CONFIG SET maxmemory-policy {NO_EVICTION}`, and in its configuration)."
        )


def server_time(redis: Connection) -> datetime:
    """Return the server's time. Raises QueueUnavailable."""
    with translated():
        seconds, microseconds = redis.time()
    return datetime.fromtimestamp(seconds + microseconds / 1_000_000, UTC)


def write(redis: Connection) -> None:
    """Write a key of no meaning to each node, which only one that takes writes allows. Raises QueueUnavailable."""
    with translated():
        for node in primaries_of(redis):
            node.set(_WRITTEN, "1", px=_WRITTEN_MILLISECONDS)
