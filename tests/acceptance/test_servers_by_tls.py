"""Redis and PostgreSQL by TLS, with certificates of an authority of one's own."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from tests.support.certificates import signed
from tests.support.command_line import tracker
from tests.support.debian_postgres import running_debian_postgres
from tests.support.debian_redis import running_debian_redis
from tests.support.queued_hits import rows
from tests.support.receiving import Receiving, code
from tests.support.running import running
from tests.support.serving import free_port
from tests.support.waiting import wait_until
from tracker.application import Application
from tracker.config import Settings
from tracker.diagnostics.certificate_checks import about_certificate
from tracker.errors import QueueUnavailable
from tracker.queueing import server_facts
from tracker.queueing.connection import connect
from tracker.queueing.hash_tags import RQ_PREFIX
from tracker.queueing.inspection import depths
from tracker.queueing.shards import shards_of
from tracker.store.database import Database

SOON = timedelta(days=9, hours=12)


@pytest.fixture(scope="module")
def tls_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """The port of a Redis whose certificate ends soon, and the authority that signed it."""
    folder = tmp_path_factory.mktemp("tls")
    pem, authority = signed(folder, "localhost", ends=SOON)
    with running_debian_redis(folder, pem, authority) as port:
        yield port, authority


def test_the_product_runs_on_a_redis_that_shows_a_certificate_of_our_own(
    tls_redis: tuple[int, Path], settings: Settings, database: Database, application: Application, tmp_path: Path
) -> None:
    port, authority = tls_redis
    by_tls = replace(settings, redis_url=f"rediss://localhost:{port}/0?ssl_ca_certs={authority}")
    receiving = Receiving(by_tls)
    assert code(receiving.track({"app_id": "shop", "url": "https://shop.example/"})) == (200, None)
    with running(by_tls, tmp_path, "worker.py") as workers, running(by_tls, tmp_path, "scheduler.py"):
        wait_until(lambda: rows(database, "SELECT count(*) FROM access_logs") == [(1,)])
        wait_until(lambda: tracker(by_tls, "scheduler", "--check").status == 0)
        findings = {finding["check"]: finding for finding in tracker(by_tls, "doctor", "--json").json}
        assert workers.stop() == 0
    receiving.close()
    assert findings["Redis"]["seen"].startswith("Redis 7.0")
    assert findings["workers"]["level"] == "ok"
    assert findings["certificate of Redis"]["level"] == "warn"
    assert "in 9 days" in findings["certificate of Redis"]["seen"]


def test_a_cluster_by_tls_is_reached_by_the_names_that_its_nodes_announce(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.queueing.connection.RQ_KEY_PREFIX", RQ_PREFIX)
    pem, authority = signed(tmp_path, "localhost", ends=SOON)
    announced = {"cluster_enabled": "yes", "tls_cluster": "yes", "cluster_announce_hostname": "localhost"}
    with running_debian_redis(tmp_path, pem, authority, **announced) as port:
        node: Any = Redis(host="localhost", port=port, ssl=True, ssl_ca_certs=str(authority))
        node.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        wait_until(lambda: b"cluster_state:ok" in node.execute_command("CLUSTER", "INFO"))
        node.close()
        with closing(connect(f"rediss+cluster://localhost:{port}?ssl_ca_certs={authority}", name="tests")) as client:
            server_facts.write(client)
            assert [depth.waiting for depth in depths(client)] == [0] * 5
            shards = [shard.connection_pool.connection_kwargs["primary"].address() for shard in shards_of(client)]
        with (
            closing(connect(f"rediss+cluster://localhost:{port}", name="tests")) as client,
            pytest.raises(QueueUnavailable, match="certificate verify failed"),
        ):
            server_facts.write(client)
    # Its certificate has no address.
    assert set(shards) == {("localhost", port)}


def test_another_authority_or_another_name_is_refused_in_a_sentence(
    tls_redis: tuple[int, Path], settings: Settings
) -> None:
    port, authority = tls_redis
    for url in (f"rediss://localhost:{port}/0", f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={authority}"):
        with (
            closing(connect(url, name="tests")) as client,
            pytest.raises(QueueUnavailable, match="certificate verify failed"),
        ):
            server_facts.write(client)
    with closing(connect(f"redis://localhost:{port}/0", name="tests")) as client, pytest.raises(QueueUnavailable):
        server_facts.write(client)
    finished = tracker(replace(settings, redis_url=f"rediss://localhost:{port}/0"), "queue", "status")
    assert finished.status == 1
    assert "certificate verify failed" in finished.errors


def test_the_certificate_of_postgresql_is_looked_at_too(settings: Settings, tmp_path: Path) -> None:
    pem, authority = signed(tmp_path, "localhost", ends=SOON)
    port = free_port()
    with running_debian_postgres(port=port, pem=pem):
        url = f"postgresql://postgres@localhost:{port}/postgres?sslmode=verify-full&sslrootcert={authority}"
        findings = {finding["check"]: finding for finding in examined(settings, url)}
        assert "in 9 days" in findings["certificate of PostgreSQL"]["seen"]
        unknown = examined(settings, url.replace(str(authority), str(pem)))
        assert "certificate verify failed" in unknown[2]["seen"]


def examined(settings: Settings, database_url: str) -> Any:
    by_tls = replace(settings, database_url=database_url, database_maintenance_url=database_url)
    return tracker(by_tls, "doctor", "--json").json


@pytest.mark.parametrize(
    ("left", "level"), [(timedelta(days=15), "ok"), (timedelta(days=13), "warn"), (timedelta(seconds=-1), "fail")]
)
def test_a_certificate_is_named_fourteen_days_before_it_ends(left: timedelta, level: str) -> None:
    now = datetime.now(UTC)
    (finding,) = about_certificate("Redis", now + left, now)
    assert finding.level == level
