"""Log shippers themselves: what a web server logs is stored once, also after a time without servers.

`make test-clients` runs this.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.client_packages import CLIENTS, collector
from tests.support.needed import need
from tests.support.queued_hits import rows
from tests.support.receiving import queued_hits
from tests.support.servers_away import postgres_away, redis_away
from tests.support.serving import serving
from tests.support.waiting import wait_until
from tracker.embedded import Postgres, Valkey
from tracker.hit import Hit
from tracker.management import settings
from tracker.queueing.connection import Connection
from tracker.store.database import Database

pytestmark = [pytest.mark.clients, pytest.mark.usefixtures("application")]


@contextmanager
def shipping(folder: Path, port: int, key: str) -> Iterator[Path]:
    """syslog-ng as docs/shippers.md configures it; its log."""
    program = shutil.which("syslog-ng") or "/usr/sbin/syslog-ng"
    need(Path(program).exists(), "syslog-ng is missing: apt-get install syslog-ng-core syslog-ng-mod-http")
    options = (f"--{name}={folder / name}" for name in ("persist-file", "pidfile", "control"))
    configuration = configured("syslog-ng.conf", folder, port, key)
    with ending(
        [program, "--foreground", "--stderr", "--no-caps", f"--cfgfile={configuration}", *options], folder
    ) as log:
        yield log


@contextmanager
def collecting(folder: Path, port: int, key: str) -> Iterator[Path]:
    """The OpenTelemetry Collector as docs/shippers.md configures it; its log."""
    with ending([str(collector()), f"--config={configured('otelcol.yaml', folder, port, key)}"], folder) as log:
        yield log


def configured(name: str, folder: Path, port: int, key: str) -> Path:
    written = (CLIENTS / name).read_text()
    for word, value in {"FOLDER": str(folder), "PORT": str(port), "KEY": key}.items():
        written = written.replace(word, value)
    configuration = folder / name
    configuration.write_text(written)
    return configuration


@contextmanager
def ending(command: list[str], folder: Path) -> Iterator[Path]:
    """Run a program and end it with the block; its log."""
    log = folder / "shipper.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        yield log
    finally:
        process.terminate()
        process.wait(60)


def line(number: int) -> str:
    """What nginx writes with the `log_format` of docs/shippers.md, some days ago."""
    request = {
        "timestamp": (datetime.now(UTC) - timedelta(days=3)).isoformat(timespec="seconds"),
        "url": f"https://shop.example/{number}",
        "referrer": "https://search.example/",
        "user_agent": "Mozilla/5.0 Browser/1",
        "ip_address": "198.51.100.7",
        "event_id": uuid4().hex,
    }
    return json.dumps(request)


def log_with_a_broken_line(folder: Path, lines: list[str]) -> Path:
    log = folder / "access.json"
    log.write_text("\n".join([*lines[:300], '{"broken', *lines[300:], ""]))
    return log


def assert_each_once(hits: list[Hit], count: int) -> None:
    assert sorted(str(hit.url) for hit in hits) == sorted(f"https://shop.example/{number}" for number in range(count))


def test_syslog_ng_ships_what_nginx_logs(
    environment: dict[str, str],
    redis: Connection,
    application_key: str,
    tmp_path: Path,
    servers: tuple[Postgres, Valkey, Database],
) -> None:
    postgres, valkey, database = servers
    lines = [line(number) for number in range(700)]
    with serving(environment, tmp_path) as server:
        with redis_away(valkey), postgres_away(postgres):
            access_log = log_with_a_broken_line(tmp_path, lines)
            with shipping(tmp_path, server.port, application_key) as log:
                wait_until(lambda: "503" in log.read_text())
        # It ends and begins anew, with the rest still to be sent.
        with shipping(tmp_path, server.port, application_key):
            wait_until(lambda: len(arrived(redis, database)) >= 700)
            with access_log.open("a") as more:
                more.write(f"{lines[0]}\n{line(700)}\n")
            wait_until(lambda: len(arrived(redis, database)) >= 701)
    hits = arrived(redis, database)
    assert_each_once(hits, 701)
    assert {(hit.ip_address, hit.user_agent) for hit in hits} == {("198.51.100.0", "Mozilla/5.0 Browser/1")}
    assert all(datetime.now(UTC) - hit.created_at > timedelta(days=2) for hit in hits)


def test_the_opentelemetry_collector_ships_what_nginx_logs(
    environment: dict[str, str],
    redis: Connection,
    otlp_key: str,
    tmp_path: Path,
    servers: tuple[Postgres, Valkey, Database],
) -> None:
    postgres, valkey, database = servers
    lines = [line(number) for number in range(700)]
    log_with_a_broken_line(tmp_path, lines)
    with serving(environment, tmp_path) as server, ExitStack() as shipper:
        with redis_away(valkey), postgres_away(postgres):
            log = shipper.enter_context(collecting(tmp_path, server.port, otlp_key))
            wait_until(lambda: "503" in log.read_text())
        wait_until(lambda: len(arrived(redis, database)) >= 700)
    hits = arrived(redis, database)
    assert_each_once(hits, 700)
    assert {(hit.ip_address, hit.user_agent) for hit in hits} == {("198.51.100.0", "Mozilla/5.0 Browser/1")}
    assert all(datetime.now(UTC) - hit.created_at > timedelta(days=2) for hit in hits)


@pytest.fixture
def otlp_key(database: Database, application_key: str) -> str:
    settings.set_(database, "shop", "dialects", "otlp")
    return application_key


@pytest.fixture
def servers(postgres: Postgres, valkey: Valkey, database: Database) -> tuple[Postgres, Valkey, Database]:
    return postgres, valkey, database


def arrived(redis: Connection, database: Database) -> list[Hit]:
    """What was accepted: into `batch_queue` where the receiver had not seen yet that Redis is back."""
    kept = rows(database, "SELECT tracking_data::text FROM batch_queue")
    return [*queued_hits(redis), *(Hit.decode(text.encode()) for (text,) in kept)]
