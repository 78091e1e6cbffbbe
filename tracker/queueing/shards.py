"""The shards of the queue: in a cluster there are sixteen, one server has all of it.

A shard is a queue of its own, with every key that belongs to its applications under one hash tag, and is asked by a
client of its own: whatever asks one server asks a shard in the same way. An application is in one shard for ever.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID
from zlib import crc32

from tracker.queueing.connection import ClusterClient, Connection, primary_of


def shards_of(redis: Connection) -> Sequence[Connection]:
    """Return the clients of all shards."""
    return redis.shards if isinstance(redis, ClusterClient) else (redis,)


def shard_number(application_id: UUID | None, shards: int) -> int:
    """Return which of so many shards an application is in; what names no application is in the first."""
    return 0 if application_id is None or shards == 1 else crc32(application_id.bytes) % shards


def shard_of(redis: Connection, application_id: UUID | None) -> Connection:
    """Return the client of the application's shard."""
    shards = shards_of(redis)
    return shards[shard_number(application_id, len(shards))]


def primaries_of(redis: Connection) -> Iterable[Connection]:
    """Return a client of each server that takes hits: of each node that has a shard. Raises redis.RedisError."""
    owners = [(redis, primary_of(redis)), *((shard, primary_of(shard)) for shard in shards_of(redis))]
    return {owner.address() if owner else None: client for client, owner in owners}.values()
