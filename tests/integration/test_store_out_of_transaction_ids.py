"""A real server that takes no writes since its transaction ids are nearly used up: no row's fault."""

import subprocess
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from tests.support.memory_folder import memory_folder
from tracker.embedded import Postgres, wheel
from tracker.errors import DatabaseUnavailable
from tracker.store.database import Database

KEPT_BACK = 3_000_000
"""Ids that PostgreSQL keeps for an administrator."""
IDS_A_SEGMENT = 32 * 8192 * 4
SEGMENT_BYTES = 32 * 8192


@pytest.fixture
def exhausted() -> Iterator[Postgres]:
    """A server with two thousand million transactions behind it, and no ids for new ones."""
    with memory_folder() as folder:
        with Postgres(folder, durable=False) as server, psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE numbers (number BIGINT)")
            # It comes to the rescue all the same, one database after the other, and takes seconds for each.
            connection.execute("ALTER SYSTEM SET autovacuum = off")
            row = connection.execute("SELECT min(datfrozenxid::text::bigint) FROM pg_database").fetchone()
            assert row is not None
        beyond = int(row[0]) + 2**31 - KEPT_BACK + 1000
        segment = server.data / "pg_xact" / f"{beyond // IDS_A_SEGMENT:04X}"
        segment.write_bytes(bytes(SEGMENT_BYTES))
        folder.chmod(0o711)  # the account of the server is another where a superuser runs this
        owner = server.data.stat()
        segment.chmod(0o600)
        subprocess.run(["chown", f"{owner.st_uid}:{owner.st_gid}", str(segment)], check=True)
        command = [str(wheel.postgres_bin() / "pg_resetwal"), "--next-transaction-id", str(beyond), str(server.data)]
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, user=owner.st_uid, group=owner.st_gid
        )
        assert done.returncode == 0, done.stderr
        with Postgres(folder, durable=False) as server:
            yield server


def test_a_server_without_transaction_ids_is_an_outage_and_reads_on(exhausted: Postgres) -> None:
    with closing(Database(exhausted.url, name="tests")) as database:
        with (
            pytest.raises(
                DatabaseUnavailable, match=r"takes no writes until VACUUM has freed transaction ids: .*54000"
            ),
            database.transaction() as tx,
        ):
            tx.execute("INSERT INTO numbers VALUES (2)")
        with database.transaction() as tx:
            assert tx.execute("SELECT count(*) FROM numbers").fetchone() == (0,)
