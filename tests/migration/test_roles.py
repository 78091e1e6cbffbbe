"""deploy/postgres/roles.sql and the rights that `migrate` gives, with a role that is no superuser, on both servers."""

import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date
from pathlib import Path

import psycopg
import pytest

from tests.support.roles import password_files
from tracker.diagnostics.role_checks import about_owner
from tracker.embedded import wheel
from tracker.store.database import Database
from tracker.store.migrations import migrate
from tracker.store.server_facts import server_facts

TODAY = date(2026, 11, 23)
ROLES = Path(__file__).parents[2] / "deploy/postgres/roles.sql"
OURS = ("tracker_owner", "tracker_app", "tracker_reader")
MEMBERS = "SELECT count(*) FROM pg_auth_members WHERE member = 'master'::regrole AND NOT admin_option"


@pytest.fixture
def master(new_database: str) -> Iterator[psycopg.Connection]:
    """A superuser's connection to a database that belongs to the role `master`, which may make roles, as on RDS."""
    with psycopg.connect(new_database, autocommit=True) as connection:
        connection.execute("CREATE ROLE master LOGIN CREATEROLE")
        connection.execute(f"ALTER DATABASE {connection.info.dbname} OWNER TO master".encode())
        try:
            yield connection
        finally:
            for (role,) in connection.execute(
                "SELECT rolname FROM pg_roles WHERE rolname = ANY (%s)", [list(OURS)]
            ).fetchall():
                connection.execute(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}".encode())
            connection.execute("REASSIGN OWNED BY master TO postgres; DROP OWNED BY master; DROP ROLE master")


def apply_roles(master: psycopg.Connection, folder: Path, *, without: str = "") -> subprocess.CompletedProcess[str]:
    """Run roles.sql as `master`, with a password in a file for each of the roles but one."""
    files = password_files(folder)
    files.pop(f"TRACKER_{without}_PASSWORD_FILE", None)
    url = f"postgresql://master@/{master.info.dbname}?host={master.info.host}"
    command = [str(wheel.postgres_bin() / "psql"), "--no-psqlrc", "--quiet", "--file", str(ROLES), url]
    return subprocess.run(command, env={"PATH": os.defpath, **files}, capture_output=True, text=True, check=False)


def direct_connection(url: str) -> list[str]:
    """What the doctor thinks of a role as the one that migrates, named by DATABASE_MAINTENANCE_URL and by default."""
    with closing(Database(url, name="tests", connections=1)) as database, database.transaction() as tx:
        facts = server_facts(tx)
    return [
        finding.level
        for is_separate in (True, False)
        for finding in about_owner("direct connection", facts, is_separate=is_separate)
    ]


def test_who_may_make_roles_applies_them_and_two_migrations_of_the_owner_grant_the_rest(
    master: psycopg.Connection, tmp_path: Path
) -> None:
    for _ in range(2):
        done = apply_roles(master, tmp_path)
        assert done.returncode == 0, done.stderr
    assert master.execute(MEMBERS).fetchone() == (0,), "who made the roles is a member of none afterwards"
    owner = f"postgresql://tracker_owner@/{master.info.dbname}?host={master.info.host}"
    migrate(owner, today=TODAY)
    master.execute("REVOKE SELECT ON ALL TABLES IN SCHEMA public FROM tracker_reader")
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: migrate(owner, today=TODAY), range(4)))
    assert sorted(runs) == [[], [], [], ["rights of tracker_reader"]]
    can = "SELECT has_table_privilege(%s, 'access_logs', %s)"
    assert master.execute(can, ["tracker_reader", "SELECT"]).fetchone() == (True,)
    assert master.execute(can, ["tracker_app", "INSERT"]).fetchone() == (True,)
    assert master.execute(can, ["tracker_app", "TRUNCATE"]).fetchone() == (False,)
    assert direct_connection(owner) == []
    assert direct_connection(owner.replace("tracker_owner", "tracker_app")) == ["fail", "warn"]


def test_no_role_is_made_without_a_password(master: psycopg.Connection, tmp_path: Path) -> None:
    done = apply_roles(master, tmp_path, without="READER")
    assert done.returncode != 0
    assert "A new role has no password" in done.stderr
    there = "SELECT count(*) FROM pg_roles WHERE rolname = ANY (%s)"
    assert master.execute(there, [list(OURS)]).fetchone() == (0,)
    assert apply_roles(master, tmp_path).returncode == 0
    assert apply_roles(master, tmp_path, without="READER").returncode == 0, "roles that are there need none"
