"""Behind each real proxy the visitor's address is the one that the proxy saw, whatever headers the visitor forges."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.support import proxies
from tests.support.command_line import environment as command_environment
from tests.support.needed import need
from tests.support.proxies import Proxy
from tests.support.receiving import queued_hits
from tests.support.serving import Serving, answer_on, serving
from tracker.config import Settings
from tracker.management import applications
from tracker.management import settings as application_settings
from tracker.queueing.connection import Connection
from tracker.store.database import Database

VISITOR = "127.0.0.2"
"""The proxy itself is 127.0.0.1 for the receiver."""
FORGED = "6.6.6.6"
PROXIES = {
    "nginx": proxies.nginx(),
    "nginx that lets underscores through": proxies.nginx(more="underscores_in_headers on;"),
    "apache": proxies.APACHE,
    "caddy": proxies.CADDY,
    "haproxy": proxies.HAPROXY,
    "traefik": proxies.TRAEFIK,
}
SPELLINGS = (
    "X-Forwarded-For",
    "X_Forwarded_For",
    "X-Forwarded_For",
    "X_Forwarded-For",
    "x_forwarded_for",
    "Forwarded",
    "Forwarded_",
    "X-Real-IP",
)
FORGERIES = [f"{name}: {'for=' if name.startswith('Forwarded') else ''}{FORGED}".encode() for name in SPELLINGS]
OTHER_FORGERIES = [b"X_API_Key: alt_wrong", b"X-API_Key: alt_wrong", b"Sec_GPC: 1", b"X_Forwarded_Proto: https"]
BODY = b'{"app_id":"shop","url":"https://shop.example/"}'


@pytest.fixture
def shop(database: Database) -> None:
    """An application that keeps whole addresses."""
    applications.create(database, name="Shop", app_id="shop", rate_limit=1_000_000)
    application_settings.set_(database, "shop", "ip_anonymization", "none")


@contextmanager
def behind(proxy: Proxy, settings: Settings, folder: Path, **trusted: str) -> Iterator[tuple[Serving, int]]:
    """A receiver and the port of the proxy in front of it."""
    for name in ("receiver", "proxy"):
        (folder / name).mkdir()
    given = command_environment(settings, **{f"TRACKER_{name}": value for name, value in trusted.items()})
    with (
        serving(given, folder / "receiver", processes=1) as server,
        proxy.running(server.port, folder / "proxy") as port,
    ):
        yield server, port


def ask(proxy: Proxy, port: int, *headers: bytes) -> bytes:
    """The head of the answer to a hit that the visitor sends with these headers."""
    lines = [b"POST /v1/track HTTP/1.1", b"Host: tracker", b"User-Agent: Own/1", *headers]
    with closing(proxies.connect(port, tls=proxy.tls, visitor=VISITOR)) as client:
        client.connect()
        connection = client.sock
        connection.sendall(b"\r\n".join([*lines, b"Content-Length: %d" % len(BODY), b"", BODY]))
        return answer_on(connection)[0]


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("name", "trusted"),
    [
        *((name, "1") for name in PROXIES),
        # By its address a proxy is known whatever its make: one shows it.
        *(pytest.param(name, "127.0.0.1/32", marks=() if name == "nginx" else pytest.mark.long) for name in PROXIES),
    ],
)
def test_no_forged_header_wins_behind(
    settings: Settings, redis: Connection, tmp_path: Path, name: str, trusted: str
) -> None:
    proxy = PROXIES[name]
    if name == "traefik" and proxy.path is None:
        pytest.skip("Debian has no traefik: with one on the PATH it is tried too")
    need(proxy.path, f"{proxy.program} is not installed: apt-get install nginx-light apache2 caddy haproxy")
    with behind(proxy, settings, tmp_path, TRUSTED_PROXIES=trusted) as (_, port):
        requests = [(), *((forgery,) for forgery in (*FORGERIES, *OTHER_FORGERIES)), tuple(FORGERIES)]
        statuses = {headers: ask(proxy, port, *headers).split()[1] for headers in requests}
    # A proxy may refuse a spelling itself; what it passes on is a hit of the visitor.
    taken = [headers for headers, status in statuses.items() if status == b"200"]
    assert () in taken
    assert set(statuses.values()) <= {b"200", b"400"}
    hits = queued_hits(redis)
    assert len(hits) == len(taken) >= len(requests) // 2
    assert {hit.ip_address for hit in hits} == {VISITOR}


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("trusted", ["1", "127.0.0.1/32"])
def test_the_standards_header_of_a_real_proxy_is_read_where_the_operator_says_so(
    settings: Settings, redis: Connection, tmp_path: Path, trusted: str
) -> None:
    proxy = proxies.nginx(proxies.NGINX_FORWARDED)
    need(proxy.path, "nginx is not installed: apt-get install nginx-light")
    with behind(proxy, settings, tmp_path, TRUSTED_PROXIES=trusted, PROXY_HEADER="forwarded") as (_, port):
        forged = [
            b"Forwarded: for=6.6.6.6",
            b'Forwarded: for="6.6.6.6',
            b'Forwarded: for=6.6.6.6;x="',
            b"Forwarded: for=unknown, for=_hidden",
            b"X-Forwarded-For: 6.6.6.6",
            b"Forwarded: for=127.0.0.1",
        ]
        for headers in ((), *((header,) for header in forged), tuple(forged)):
            assert ask(proxy, port, *headers).startswith(b"http/1.1 200")
    assert {hit.ip_address for hit in queued_hits(redis)} == {VISITOR}


@pytest.mark.usefixtures("shop")
def test_bytes_beyond_ascii_take_neither_the_address_nor_the_agent_away(
    settings: Settings, redis: Connection, tmp_path: Path
) -> None:
    need(proxies.HAPROXY.path, "haproxy is not installed: apt-get install haproxy")
    with behind(proxies.HAPROXY, settings, tmp_path, TRUSTED_PROXIES="1") as (server, port):
        assert ask(proxies.HAPROXY, port, b"X-Forwarded-For: \xe6\x97\xa5", b"Cookie: city=\xe6\x97\xa5").startswith(
            b"http/1.1 200"
        )
        odd = b"User-Agent: \xe6\x97\xa5\r\nX-Forwarded-For: \xff, 203.0.113.9\r\nContent-Length: %d" % len(BODY)
        sent = b"POST /v1/track HTTP/1.1\r\nHost: x\r\n%b\r\n\r\n%b" % (odd, BODY)
        assert server.ask(sent)[0].startswith(b"http/1.1 200")
    behind_proxy, direct = queued_hits(redis)
    assert behind_proxy.ip_address == VISITOR
    assert (direct.ip_address, direct.user_agent) == ("203.0.113.9", "日")
