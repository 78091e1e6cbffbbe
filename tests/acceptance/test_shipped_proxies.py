"""The files of deploy/proxy in front of two receivers: what they keep away, and an upgrade that no visitor notices."""

import http.client
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.support import proxies
from tests.support.command_line import environment as command_environment
from tests.support.needed import need
from tests.support.receiving import queued_hits
from tests.support.serving import Serving, free_port
from tests.support.waiting import PATIENCE, wait_until
from tracker.config import Settings
from tracker.management import applications
from tracker.management import settings as application_settings
from tracker.queueing.connection import Connection
from tracker.store.database import Database

SHIPPED = {"nginx": proxies.nginx(), "caddy": proxies.CADDY, "haproxy": proxies.HAPROXY}
VISITOR = "127.0.0.2"
OPERATOR = "127.0.0.1"
BODY = b'{"app_id":"shop","url":"https://shop.example/"}'
METRICS_TOKEN = "m" * 32


def receiver(settings: Settings, folder: Path, port: int) -> Serving:
    """A receiver at a port of two that are known."""
    given = command_environment(
        settings,
        TRACKER_TRUSTED_PROXIES="127.0.0.1/32",
        TRACKER_METRICS_TOKEN=METRICS_TOKEN,
        TRACKER_SECRET_KEY="s" * 32,
    )
    server = Serving(["-m", "tracker", "serve", "--port", str(port), "--workers", "1"], given, folder, processes=1)
    server.port = port
    return server


class Visits:
    """A visitor who sends one hit after the other, each on a connection of its own, until told to stop."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._enough = threading.Event()
        self.answers: Counter[int | str] = Counter()
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def _send(self) -> None:
        while not self._enough.is_set():
            self.answers[self._one()] += 1

    def _one(self) -> int | str:
        with closing(proxies.connect(self._port, tls=True, visitor=VISITOR)) as connection:
            try:
                connection.request("POST", "/v1/track", BODY, {"User-Agent": "Own/1"})
                return connection.getresponse().status
            except (OSError, http.client.HTTPException) as error:
                return repr(error)

    def stop(self) -> None:
        self._enough.set()
        self._thread.join(PATIENCE)


@pytest.fixture
def standing(
    database: Database, settings: Settings, tmp_path: Path
) -> Iterator[tuple[list[Serving], dict[str, int], Path]]:
    """Two receivers with all three proxies in front of them, and the folder of the receivers' logs."""
    for proxy in SHIPPED.values():
        need(proxy.path, f"{proxy.program} is not installed: apt-get install nginx-light caddy haproxy")
    applications.create(database, name="Shop", app_id="shop", rate_limit=1_000_000)
    application_settings.set_(database, "shop", "ip_anonymization", "none")
    servers = [receiver(settings, tmp_path, free_port()) for _ in range(2)]
    with ExitStack() as stack:
        # Whatever the list holds in the end.
        stack.callback(lambda: [_end(server.process) for server in servers])
        for server in servers:
            server.wait_until_live()
        ports = {}
        for name, proxy in SHIPPED.items():
            folder = tmp_path / name
            folder.mkdir()
            ports[name] = stack.enter_context(proxy.running(servers[0].port, folder, servers[1].port))
        yield servers, ports, tmp_path


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        process.wait(PATIENCE)


def status(port: int, path: str, visitor: str) -> int:
    with closing(proxies.connect(port, tls=True, visitor=visitor)) as connection:
        connection.request("GET", path, headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
        return connection.getresponse().status


def test_the_files_keep_away_what_is_for_operators_and_upgrade_without_a_failed_request(
    settings: Settings, redis: Connection, standing: tuple[list[Serving], dict[str, int], Path]
) -> None:
    servers, ports, folder = standing
    for name, port in ports.items():
        for path in ("/dashboard", "/dashboard/", "/%64ashboard", "/metrics", "/%6detrics", "/dashboard/x"):
            assert status(port, path, VISITOR) == 403, f"{name}: {path}"
        assert status(port, "/metrics", OPERATOR) == 200, name
        assert status(port, "/dashboard", OPERATOR) in {200, 302, 303}, name
        assert_half_a_body_stays_at_the_proxy(name, port, [server.port for server in servers])
    visits = {name: Visits(port) for name, port in ports.items()}
    try:
        for index, old in enumerate(servers):
            before = {name: visit.answers.total() for name, visit in visits.items()}
            assert old.terminate() == 0, old.log
            servers[index] = receiver(settings, folder, old.port)
            servers[index].wait_until_live()
            wait_until(lambda before=before: all(visits[n].answers.total() > before[n] + 20 for n in visits))
    finally:
        for visit in visits.values():
            visit.stop()
    assert {name: set(visit.answers) for name, visit in visits.items()} == {name: {200} for name in visits}
    hits = queued_hits(redis)
    of_half_bodies = len(ports)
    assert len(hits) == sum(visit.answers.total() for visit in visits.values()) + of_half_bodies
    assert {hit.ip_address for hit in hits} == {VISITOR}


def assert_half_a_body_stays_at_the_proxy(name: str, port: int, receivers: list[int]) -> None:
    with closing(proxies.connect(port, tls=True, visitor=VISITOR)) as client:
        client.connect()
        head = b"POST /v1/track HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(BODY)
        client.sock.sendall(head + BODY[:10])
        client.sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.sock.recv(1)
        assert not connected_to(receivers), name
        client.sock.settimeout(PATIENCE)
        client.sock.sendall(BODY[10:])
        assert client.sock.recv(64).startswith(b"HTTP/1.1 200"), name


def connected_to(ports: list[int]) -> set[int]:
    """Which of these ports of the loopback have an established connection that somebody opened to them."""
    ends = [line.split()[2:4] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    established = [int(address.split(":")[1], 16) for address, state in ends if state == "01"]
    return set(ports) & set(established)


def test_each_listens_for_plain_http_only_to_lead_to_tls() -> None:
    texts = {name: proxy.configuration for name, proxy in SHIPPED.items()}
    assert "return 308 https://" in texts["nginx"]
    assert "redirect scheme https code 308" in texts["haproxy"]
    # Caddy does so by itself, as long as nobody turns it off.
    assert "auto_https off" not in texts["caddy"]
