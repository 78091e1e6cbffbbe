"""The certificate that Redis shows."""

import ssl
from contextlib import suppress
from datetime import datetime
from typing import Any

import redis

from tracker.certificates import end_of
from tracker.queueing.connection import Connection, translated


def certificate_end(client: Connection) -> datetime | None:
    """Return when it ends; None where the connection is not by TLS. Raises QueueUnavailable."""
    pool = client.connection_pool
    if not issubclass(pool.connection_class, redis.SSLConnection):
        return None
    connection: Any = pool.connection_class(**pool.connection_kwargs)
    with translated():
        connection.connect()
    try:
        wire: ssl.SSLSocket = connection._sock  # noqa: SLF001 it has no public name
        shown = wire.getpeercert(binary_form=True)
    finally:
        with suppress(redis.RedisError):
            connection.disconnect()
    return None if shown is None else end_of(shown)
