"""Requests for no page of the site, as real servers write them: never a url of it, and no control character."""

import contextlib
import socket
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from tests.support import log_servers
from tests.support.command_line import tracker, work_until_dry
from tests.support.needed import need
from tests.support.waiting import wait_until
from tracker.config import Settings
from tracker.store.database import Database

SERVERS = {"nginx": log_servers.NGINX, "apache": log_servers.APACHE, "lighttpd": log_servers.LIGHTTPD}
REQUESTS = (
    b"OPTIONS * HTTP/1.1\r\nHost: site.example\r\nConnection: close\r\n\r\n",
    b"CONNECT other.example:443 HTTP/1.1\r\nHost: other.example:443\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
    b"GET http://localhost/other HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    b"GET /escape HTTP/1.1\r\nHost: site.example\r\nUser-Agent: A\x1b[31m\x01B\r\nConnection: close\r\n\r\n",
)


def ask(port: int, request: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection, contextlib.suppress(OSError):
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65_536):
            pass


def rows(database: Database) -> list[tuple[Any, ...]]:
    with database.transaction() as tx:
        return tx.execute(
            "SELECT event_data ->> 'method', url, event_name, user_agent, event_data ->> 'status' FROM access_logs"
        ).fetchall()


@pytest.mark.parametrize("name", list(SERVERS))
def test_what_names_no_page_is_stored_without_one(
    settings: Settings, database: Database, tmp_path: Path, name: str
) -> None:
    server = SERVERS[name]
    need(server.path, f"{server.program} is not installed: apt-get install nginx-light apache2 lighttpd")
    tracker(settings, "apps", "create", "--name", "Site", "--app-id", "site", "--domain", "site.example")
    (tmp_path / "server").mkdir()
    log = tmp_path / "server/access.log"
    with server.running(0, tmp_path / "server") as port:
        for request in REQUESTS:
            ask(port, request)
        wait_until(lambda: log_servers.lines_of_requests(log) >= len(REQUESTS))
    options = ("--app-id", "site", "--format", name, "--include-bots", "--json")
    finished = tracker(settings, "import", str(log), *options)
    assert finished.status == 0, finished.errors
    work_until_dry(settings)
    stored = rows(database)
    pages = {(method, url, agent) for method, url, event, agent, _ in stored if event is None}
    # Apache and lighttpd refuse such a user agent.
    accepted = {("GET", "https://site.example/escape", "A[31mB")} if name == "nginx" else set()
    assert {page for page in pages if "/health/" not in page[1]} == accepted
    assert {url for method, url, *_ in stored if method != "GET"} == {None}
    assert {method for method, *_ in stored} >= {"OPTIONS", "CONNECT", "PRI"}
    # The absolute target of another host is left out and counted.
    assert finished.json["other_hosts"] >= 1
    assert not [text for row in stored for text in row if text and any(unicodedata.category(c) == "Cc" for c in text)]
