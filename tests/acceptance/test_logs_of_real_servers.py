"""What is stored of a log that a real server wrote is what was sent to that server, however odd."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import log_servers
from tests.support.command_line import tracker, work_until_dry
from tests.support.needed import need
from tests.support.odd_requests import REQUESTS
from tests.support.waiting import wait_until
from tracker.config import Settings
from tracker.store.database import Database

SERVERS = {
    "nginx": (log_servers.NGINX, "nginx"),
    "nginx-json": (log_servers.NGINX_JSON, None),
    "apache": (log_servers.APACHE, "apache"),
    "caddy": (log_servers.CADDY, None),
    "haproxy": (None, None),
    "lighttpd": (log_servers.LIGHTTPD, "lighttpd"),
    "varnish": (log_servers.VARNISH, "varnish"),
}
"""Each with what `--format` says, where the lines themselves do not say what is escaped."""


def ask(port: int, request: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request)
        while connection.recv(65_536):
            pass


@contextlib.contextmanager
def log_of(name: str, folder: Path) -> Iterator[tuple[int, Path]]:
    """A server, and the log that it writes."""
    folder.mkdir()
    log = folder / "access.log"
    server = SERVERS[name][0]
    if server is not None:
        with server.running(0, folder) as port:
            yield port, log
        return
    with received_datagrams(log) as address, log_servers.haproxy(address).running(0, folder) as port:
        yield port, log


@contextlib.contextmanager
def received_datagrams(log: Path) -> Iterator[str]:
    """What a syslog daemon does: each message becomes a line of a file."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon, log.open("wb", buffering=0) as file:
        daemon.bind(("127.0.0.1", 0))

        def receive() -> None:
            while message := daemon.recv(65_536):
                file.write(message.rstrip(b"\n") + b"\n")

        thread = threading.Thread(target=receive)
        thread.start()
        yield f"127.0.0.1:{daemon.getsockname()[1]}"
        daemon.sendto(b"", daemon.getsockname())
        thread.join()


def rows(database: Database) -> list[tuple[Any, ...]]:
    columns = "event_data ->> 'method', url, user_agent, referrer, host(ip_address), event_data ->> 'status'"
    with database.transaction() as tx:
        return tx.execute(f"SELECT {columns} FROM access_logs ORDER BY id".encode()).fetchall()


@pytest.mark.usefixtures("application")
@pytest.mark.parametrize("name", list(SERVERS))
def test_what_is_stored_is_what_was_sent(settings: Settings, database: Database, tmp_path: Path, name: str) -> None:
    server = SERVERS[name][0] or log_servers.haproxy("")
    need(
        server.path,
        f"{server.program} is not installed: apt-get install nginx-light apache2 caddy haproxy lighttpd varnish",
    )
    with log_of(name, tmp_path / "server") as (port, log):
        for request in REQUESTS:
            ask(port, request.sent())
        wait_until(lambda: log_servers.lines_of_requests(log) >= len(REQUESTS))
    format_ = SERVERS[name][1]
    options = ("--format", format_) if format_ else ()
    finished = tracker(settings, "import", str(log), "--app-id", "shop", "--include-bots", "--json", *options)
    assert finished.status == 0, finished.errors
    assert finished.json["malformed_lines"] == []
    work_until_dry(settings)
    stored = {
        (method, url.removeprefix("https://site.example").removeprefix("http://site.example"), agent, referrer)
        for method, url, agent, referrer, address, status in rows(database)
        if address == "127.0.0.1" and status == "200"
    }
    expected = {request.expected() for request in REQUESTS if name not in request.but}
    assert sorted(expected - stored, key=str) == []
    extra = {url.partition("?")[0].rpartition("/")[2] for _, url, _, _ in stored - expected}
    assert extra == ({"live", "long"} if name in ("haproxy", "varnish") else {"live"})
