"""Erasures as tests look at them: run to the end, and the whole database and queue searched for what must be gone."""

from collections.abc import Callable, Iterable
from typing import Any

from tests.support.queued_hits import rows
from tracker.clock import SystemClock
from tracker.erasure import identifiers, requests, run
from tracker.erasure.requests import Receipt
from tracker.queueing.connection import Connection
from tracker.store.database import Database

TABLES = """SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
            WHERE relkind = 'r' AND nspname = 'public' ORDER BY relname"""


def erase(
    database: Database,
    redis: Connection,
    app_id: str = "shop",
    *,
    clients: Iterable[str] = (),
    sessions: Iterable[str] = (),
    addresses: Iterable[str] = (),
    write_facts: Callable[[], object] = lambda: None,
) -> Receipt:
    """An erasure from its request to its receipt."""
    named = identifiers.checked(clients, sessions, addresses)
    clock = SystemClock()
    requested = requests.request_person(database, app_id, named, now=clock.now())
    run.until_done(database, redis, clock, requested.id, owner="test", write_facts=write_facts)
    return requests.receipt(database, app_id, requested.id)


def tables_with(database: Database, *texts: str) -> dict[str, int]:
    """In which tables, partitions too, rows hold one of these texts anywhere; how many rows."""
    counts = {}
    for (table,) in rows(database, TABLES):
        query = f"SELECT count(*) FROM {table} AS any_row WHERE any_row::text LIKE ANY(%s)"
        [(count,)] = rows(database, query, [f"%{text}%" for text in texts])
        if count:
            counts[table] = count
    return counts


def keys_with(redis: Connection, *texts: str) -> list[bytes]:
    """The keys of Redis that hold one of these texts, in whatever type of value."""
    readers: dict[bytes, Any] = {
        b"string": redis.get,
        b"stream": redis.xrange,
        b"zset": lambda key: redis.zrange(key, 0, -1),
        b"hash": redis.hgetall,
        b"list": lambda key: redis.lrange(key, 0, -1),
        b"set": redis.smembers,
    }
    keys = []
    for key in redis.scan_iter():
        value = repr((key, readers[redis.type(key)](key)))
        if any(text in value for text in texts):
            keys.append(key)
    return keys
