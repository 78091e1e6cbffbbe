"""`serve --syslog`: what nginx and HAProxy send is stored, each line once; who sends nonsense harms nobody."""

import socket
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support import log_servers
from tests.support.command_line import environment, tracker, work_until_dry
from tests.support.needed import need
from tests.support.receiving import queued_hits
from tests.support.serving import free_port, serving
from tests.support.waiting import wait_until
from tracker.config import Settings
from tracker.management import applications
from tracker.queueing.connection import Connection
from tracker.queueing.entry import BULK
from tracker.store.database import Database

NOW = datetime.now(UTC)
AGENT = r'Own/1 "q" \ b'


def message(url: str, host: str = "") -> bytes:
    line = f'{host}192.0.2.1 - - [{NOW:%d/%b/%Y:00:00:00} +0000] "GET {url} HTTP/1.1" 200 5 "-" "Own/1"'
    return f"<190>1 - - nginx - - - {line}".encode()


def ask(port: int, target: str) -> None:
    lines = (f"GET {target} HTTP/1.1", "Host: site.example", f"User-Agent: {AGENT}", "Connection: close", "", "")
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall("\r\n".join(lines).encode())
        while connection.recv(65_536):
            pass


def stored(database: Database) -> Counter[tuple[str, str, str]]:
    with database.transaction() as tx:
        return Counter(tx.execute("SELECT app_id, url, user_agent FROM access_logs").fetchall())


def requests_waiting(redis: Connection) -> int:
    """How many lines wait, without those of asking whether a server is there: they may be many."""
    return sum(not str(hit.url).endswith("/health/live") for hit in queued_hits(redis, BULK))


def command(syslog: int) -> list[str]:
    return ["-m", "tracker", "serve", "--port", "PORT", "--workers", "1", "--syslog", str(syslog)]


@pytest.mark.usefixtures("application")
def test_what_nginx_and_haproxy_send_is_stored_as_they_were_asked(
    settings: Settings, database: Database, redis: Connection, tmp_path: Path
) -> None:
    nginx, haproxy = (
        log_servers.nginx("syslog:server=127.0.0.1:@UPSTREAM@ combined"),
        log_servers.haproxy("127.0.0.1:@UPSTREAM@"),
    )
    need(nginx.path and haproxy.path, "nginx or haproxy is not installed: apt-get install nginx-light haproxy")
    for name in ("receiver", "nginx", "haproxy"):
        (tmp_path / name).mkdir()
    syslog = free_port()
    variables = environment(settings, TRACKER_SYSLOG_APP_ID="shop")
    with serving(variables, tmp_path / "receiver", command(syslog), processes=2) as server:
        with (
            nginx.running(syslog, tmp_path / "nginx") as nginx_port,
            haproxy.running(syslog, tmp_path / "haproxy") as haproxy_port,
        ):
            for number in range(3):
                ask(nginx_port, f"/nginx/{number}?a=1")
                ask(haproxy_port, f"/haproxy/{number}?a=1")
            ask(nginx_port, "/nginx/long?" + "x" * 3000)
            # HAProxy answers before it logs: one that ends at once says less.
            wait_until(lambda: requests_waiting(redis) == 7)
        with socket.create_connection(("127.0.0.1", syslog)) as tcp:
            tcp.sendall(b"".join(b"%d %b" % (len(frame), frame) for frame in [message("/counted")] * 2))
            tcp.sendall(message("/by-line") + b"\n" + b"\x16\x03\x01 nonsense\n" + b"9" * 200_000 + b"\n")
            tcp.sendall(message("/after") + b"\n" + message("/torn")[:-20])
        wait_until(lambda: requests_waiting(redis) == 11)
        assert server.terminate() == 0
        assert "Traceback" not in server.log
    work_until_dry(settings)
    counts = stored(database)
    asked = {f"/{name}/{number}?a=1" for name in ("nginx", "haproxy") for number in range(3)}
    expected = Counter({("shop", url, AGENT): 1 for url in {*asked, "/nginx/long?" + "x" * 3000}})
    expected += Counter({("shop", url, "Own/1"): 1 for url in ("/by-line", "/after")})
    expected[("shop", "/counted", "Own/1")] = 2  # Two equal lines are two requests.
    assert {key: count for key, count in counts.items() if not key[1].endswith("/health/live")} == expected
    [listed] = tracker(settings, "import", "list", "--app-id", "shop", "--json").json
    assert (listed["source"], listed["stored"]) == ("syslog", counts.total())


def test_a_line_is_of_the_application_whose_domain_its_host_is(
    settings: Settings, database: Database, redis: Connection, tmp_path: Path
) -> None:
    applications.create(database, name="Shop", app_id="shop", domain="shop.example")
    applications.create(database, name="Blog", app_id="blog", domain="blog.shop.example")
    applications.create(database, name="Other", app_id="other")
    syslog = free_port()
    hosts = (
        "elsewhere.example",
        "",
        "shop.example",
        "www.shop.example",
        "blog.shop.example:443",
        "a.blog.shop.example",
    )
    with serving(environment(settings), tmp_path, command(syslog), processes=2) as server:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            for number, host in enumerate(hosts):
                vhost = f"{host if ':' in host else f'{host}:80'} " if host else ""
                udp.sendto(message(f"/{number}", vhost), ("127.0.0.1", syslog))
        wait_until(lambda: requests_waiting(redis) == 4)
        assert server.terminate() == 0
        assert '"of_no_application": 2' in server.log
    work_until_dry(settings)
    assert {(app_id, url.rpartition("/")[2]) for app_id, url, _ in stored(database)} == {
        ("shop", "2"), ("shop", "3"), ("blog", "4"), ("blog", "5"),
    }  # fmt: skip


def test_a_port_that_is_taken_is_said_at_once(settings: Settings, tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        finished = tracker(settings, "serve", "--port", str(free_port()), "--syslog", str(port))
    assert (finished.status, f"port {port} (UDP): Address already in use" in finished.errors) == (1, True)
