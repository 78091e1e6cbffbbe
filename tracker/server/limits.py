"""How long a client may take, and how much it may bring."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """All times in seconds, all sizes in bytes.

    `request_seconds` is for a request's way in, from its first byte to its last, and for each piece of an answer to be
    taken. `idle_seconds` is how long a connection may wait for its next request. Of `max_connections` and
    `max_buffered` (bodies that are not whole yet) the longest waiting make room for new ones.
    """

    request_seconds: float = 20.0
    idle_seconds: float = 75.0
    shutdown_seconds: float = 20.0
    max_connections: int = 10_000
    max_buffered: int = 64 * 1024 * 1024
    max_head: int = 98_304
    max_headers: int = 200
