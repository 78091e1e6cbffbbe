"""What is stored of a log that a real server wrote is what was sent to that server, however odd."""

import base64
import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support import log_servers
from tests.support.command_line import tracker, work_until_dry
from tests.support.needed import need
from tests.support.waiting import wait_until
from tracker.config import Settings
from tracker.store.database import Database

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
SERVERS = {
    "nginx": (log_servers.NGINX, "nginx"),
    "nginx-json": (log_servers.NGINX_JSON, None),
    "apache": (log_servers.APACHE, "apache"),
    "caddy": (log_servers.CADDY, None),
    "haproxy": (None, None),
}
"""Each with what `--format` says, where the lines themselves do not say what is escaped."""


@dataclass(frozen=True)
class Request:
    """A request, and what is stored of it; `url` where that is not the target."""

    target: str
    agent: bytes | None = BROWSER.encode()
    referrer: bytes | None = None
    method: str = "GET"
    version: str = "1.1"
    header: bytes = b""
    url: str | None = None
    stored_agent: str | None = None
    but: tuple[str, ...] = ()
    """Servers that refuse it, or do not write it."""

    def sent(self) -> bytes:
        lines = [f"{self.method} {self.target} HTTP/{self.version}".encode(), b"Host: site.example"]
        lines += [b"User-Agent: " + self.agent] if self.agent is not None else []
        lines += [b"Referer: " + self.referrer] if self.referrer is not None else []
        lines += [self.header] if self.header else []
        return b"\r\n".join([*lines, b"Connection: close", b"", b""])

    def expected(self) -> tuple[str, str, str | None, str | None]:
        agent = None if not self.agent else self.stored_agent or self.agent.decode()
        referrer = None if self.referrer is None else self.referrer.decode()
        return self.method, self.url or self.target, agent, referrer


AUTHORIZATION = b"Authorization: Basic " + base64.b64encode(b'john doe"x:secret')
REQUESTS = [
    Request("/plain?a=1", referrer=b"https://ref.example/x?y=1"),
    Request("/quote", agent=rb'A "q" \ b'),
    Request("/utf-8", agent="Agent/日本".encode()),
    Request("/latin-1", agent=b"caf\xe9", stored_agent="caf\ufffd"),
    Request("/tab", agent=b"A\tB"),
    Request("/looks-escaped", agent=rb"\x41 \u00e9 #22 %41 \" \n C:\temp\new"),
    Request("/braces", agent=b"{a} | [b] - (c); d, e"),
    Request("/address", agent=b"192.0.2.1 - - [28/Nov/2026"),
    Request("/no-agent", agent=None),
    Request("/empty-agent", agent=b""),
    Request("/head", method="HEAD"),
    Request("/delete", method="DELETE"),
    Request("/own-method", method="PROPFIND"),
    Request("/p%C3%A9%20x%22?q=%E6%97%A5+b"),
    Request("/semi;a=1?b=[1]|{2}"),
    Request("/quotes'in?x='y'&&==", referrer=b"https://r.example/'q'"),
    Request("/referrer", referrer=rb'https://r.example/"q"\z'),
    Request("/long?" + "x" * 3000, but=("haproxy",)),  # Cut at 1,024 characters (tune.http.logurilen).
    Request("/old", version="1.0"),
    Request("/with-user", header=AUTHORIZATION),
    Request("/forwarded", header=b"X-Forwarded-For: 203.0.113.9, 198.51.100.4"),
    Request("http://site.example/absolute?z=2", url="/absolute?z=2"),
]


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
    need(server.path, f"{server.program} is not installed: apt-get install nginx-light apache2 caddy haproxy")
    with log_of(name, tmp_path / "server") as (port, log):
        for request in REQUESTS:
            ask(port, request.sent())
        # Before the first request it was asked whether it is there.
        wait_until(lambda: log.exists() and log.read_bytes().count(b"\n") > len(REQUESTS))
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
    assert extra == ({"live", "long"} if name == "haproxy" else {"live"})
