"""Servers that go away and come back, for tests of outages: their sockets are moved, their connections ended."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
from redis import Redis

from tracker.embedded import Postgres, Valkey


@contextmanager
def postgres_away(server: Postgres) -> Iterator[None]:
    """Nobody reaches PostgreSQL: connections are refused, and those that were open are gone."""
    door = Path(parse_qs(urlsplit(server.url).query)["host"][0]) / ".s.PGSQL.5432"
    with psycopg.connect(server.url, autocommit=True) as connection, _moved(door):
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        yield


@contextmanager
def redis_away(server: Valkey) -> Iterator[None]:
    """Nobody reaches Redis: connections are refused, and those that were open are gone."""
    door = Path(urlsplit(server.url).path)
    with Redis.from_url(server.url) as client:
        client.ping()
        with _moved(door):
            client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            yield


@contextmanager
def _moved(door: Path) -> Iterator[None]:
    aside = door.with_name("moved")
    door.rename(aside)
    try:
        yield
    finally:
        aside.rename(door)


@contextmanager
def silent_server(door: Path) -> Iterator[None]:
    """A server at `door` that takes connections and never answers."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(door))
        listener.listen(100)
        yield
