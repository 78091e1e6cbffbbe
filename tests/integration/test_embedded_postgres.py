import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support.made_data import copy_data
from tracker.embedded import Postgres
from tracker.errors import EmbeddedServerFailed


@pytest.fixture(autouse=True)
def _wheel(postgres: Postgres) -> None:
    """Skip where the wheel is missing. Most tests here start a server of their own."""


@pytest.fixture
def new_server(tmp_path: Path) -> Iterator[Postgres]:
    """A server that has no data yet."""
    server = Postgres(tmp_path / "own", durable=False)
    yield server
    server.stop()


@pytest.fixture
def server(new_server: Postgres, migrated_data: Path) -> Postgres:
    """A server that has data."""
    copy_data(migrated_data, new_server.folder)
    return new_server


def value(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def listening_sockets(pid: int) -> set[str]:
    """The protocols on which a process listens, by the inodes of its open files."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        target = str(descriptor.readlink())
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    protocols = set()
    for protocol, state, inode in (("tcp", 3, 9), ("tcp6", 3, 9), ("udp", 3, 9), ("udp6", 3, 9), ("unix", 5, 6)):
        for line in Path(f"/proc/{pid}/net/{protocol}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[inode] in inodes and (protocol != "unix" or fields[state] == "01"):
                protocols.add(protocol)
    return protocols


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("timezone", "UTC"),
        ("log_timezone", "UTC"),
        ("server_encoding", "UTF8"),
        ("listen_addresses", ""),
        ("unix_socket_permissions", "0700"),
        ("data_checksums", "on"),
        ("is_superuser", "on"),
    ],
)
def test_its_settings_do_not_depend_on_the_machine(postgres: Postgres, setting: str, expected: str) -> None:
    assert value(postgres.url, f"SELECT current_setting('{setting}')") == expected


def test_text_sorts_by_code_point_and_knows_all_letters(postgres: Postgres) -> None:
    assert value(postgres.url, "SELECT upper('straße, ägypten, 東京')") == "STRASSE, ÄGYPTEN, 東京".replace("SS", "ß")
    assert value(postgres.url, "SELECT string_agg(t, '' ORDER BY t) FROM unnest('{a,B,ä,Z}'::text[]) t") == "BZaä"


def test_it_writes_to_disk_unless_told_otherwise(tmp_path: Path, postgres: Postgres) -> None:
    assert value(postgres.url, "SHOW fsync") == "off"
    with Postgres(tmp_path / "durable") as durable:
        assert value(durable.url, "SHOW fsync") == "on"
        assert value(durable.url, "SHOW synchronous_commit") == "on"


def test_it_listens_on_one_unix_socket_and_nowhere_else(postgres: Postgres) -> None:
    pid = int((postgres.data / "postmaster.pid").read_text().split()[0])
    assert listening_sockets(pid) == {"unix"}


def test_its_folders_are_private_and_the_socket_path_is_short(new_server: Postgres) -> None:
    new_server.start()
    assert [mode(path) for path in (new_server.folder, new_server.data, new_server.socket_folder)] == [0o700] * 3
    assert mode(new_server.log_file) == 0o600
    assert len(str(new_server.socket_folder / ".s.PGSQL.5432")) < 107
    assert new_server.socket_folder.stat().st_uid == os.geteuid()


def test_a_folder_that_exists_keeps_its_permissions(tmp_path: Path) -> None:
    folder = tmp_path / "there"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    with Postgres(folder, durable=False) as server:
        assert mode(folder) == 0o755
        assert mode(server.data) == 0o700


def test_a_folder_with_spaces_quotes_and_other_marks_serves(tmp_path: Path) -> None:
    with Postgres(tmp_path / """it's a "folder", with $HOME `x`; 東京 \\ and more""", durable=False) as server:
        assert value(server.url, "SELECT 1") == 1


def test_the_data_are_still_there_after_a_restart_and_the_address_stays(server: Postgres) -> None:
    server.start()
    url = server.url
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    server.stop()
    server.start()
    assert server.url == url
    assert value(url, "SELECT answer FROM kept") == 42

    server.stop()
    with Postgres(server.folder, durable=False) as another:
        assert value(another.url, "SELECT answer FROM kept") == 42


def test_starting_and_stopping_twice_changes_nothing(server: Postgres) -> None:
    server.start()
    server.start()
    assert server.running
    server.stop()
    server.stop()
    assert not server.running


def test_two_run_side_by_side(new_server: Postgres, postgres: Postgres) -> None:
    new_server.start()
    assert value(new_server.url, "SELECT system_identifier FROM pg_control_system()") != value(
        postgres.url, "SELECT system_identifier FROM pg_control_system()"
    )


def test_two_cannot_share_a_folder(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker.embedded.server.LOCK_SECONDS", 0.1)
    server.start()
    with pytest.raises(EmbeddedServerFailed, match="in use by another running postgres"):
        Postgres(server.folder, durable=False).start()
    assert value(server.url, "SELECT 1") == 1


def test_data_of_another_version_are_refused_and_left_alone(server: Postgres) -> None:
    server.start()
    server.stop()
    version = server.data / "PG_VERSION"
    version.write_text("9.6\n")
    with pytest.raises(EmbeddedServerFailed, match=r"was made by PostgreSQL 9\.6, and this is PostgreSQL \d+"):
        server.start()
    assert version.read_text() == "9.6\n"


def test_a_folder_with_something_else_in_it_is_refused_and_left_alone(new_server: Postgres) -> None:
    new_server.data.mkdir(parents=True)
    (new_server.data / "letter.txt").write_text("dear diary")
    with pytest.raises(EmbeddedServerFailed, match="is not a PostgreSQL data folder"):
        new_server.start()
    assert [path.name for path in new_server.data.iterdir()] == ["letter.txt"]


def test_what_a_killed_initdb_left_is_made_anew(new_server: Postgres) -> None:
    (new_server.folder / "postgres.new" / "base").mkdir(parents=True)
    new_server.start()
    assert value(new_server.url, "SELECT 1") == 1
    assert not (new_server.folder / "postgres.new").exists()


def test_a_stale_pid_file_does_not_stop_it_even_when_the_number_lives_again(server: Postgres) -> None:
    server.start()
    left = (server.data / "postmaster.pid").read_text().splitlines()
    server.stop()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as somebody_else:
        left[0] = str(somebody_else.pid)
        (server.data / "postmaster.pid").write_text("\n".join(left) + "\n")
        server.start()
        assert value(server.url, "SELECT 1") == 1
        assert somebody_else.poll() is None
        somebody_else.communicate(b"\n")


def test_a_server_that_another_tool_runs_on_the_data_is_not_disturbed(server: Postgres) -> None:
    server.start()
    server.stop()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, cwd=server.data) as another_tool:
        (server.data / "postmaster.pid").write_text(f"{another_tool.pid}\n{server.data}\n0\n5432\n/tmp\n\n\n")
        with pytest.raises(EmbeddedServerFailed, match=f"process {another_tool.pid}, which is not ours"):
            server.start()
        assert another_tool.poll() is None
        another_tool.communicate(b"\n")


def test_a_failed_start_quotes_the_end_of_the_log_and_leaves_nothing_running(server: Postgres) -> None:
    server.start()
    server.stop()
    (server.data / "postgresql.auto.conf").write_text("shared_buffers = 'plenty'\n")
    with pytest.raises(EmbeddedServerFailed, match="invalid value for parameter") as raised:
        server.start()
    assert str(server.log_file) in str(raised.value)
    assert not server.running
    assert not server.socket_folder.exists()


def test_the_callers_environment_does_not_reach_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, set_to in {
        "PGDATA": "/nowhere",
        "PGPORT": "1",
        "PGOPTIONS": "-c x",
        "TZ": "Asia/Tokyo",
        "LC_ALL": "x",
    }.items():
        monkeypatch.setenv(name, set_to)
    with Postgres(tmp_path / "own", durable=False) as server:
        monkeypatch.delenv("PGOPTIONS")
        monkeypatch.delenv("PGPORT")
        assert value(server.url, "SHOW timezone") == "UTC"


@pytest.mark.parametrize("temporary", ["long" * 30, "with space", "with,comma"])
def test_an_unsuitable_temporary_folder_is_not_used_for_sockets(
    server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, temporary: str
) -> None:
    unsuitable = tmp_path / temporary
    unsuitable.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(unsuitable))
    server.start()
    assert value(server.url, "SELECT 1") == 1
    assert list(unsuitable.iterdir()) == []


def test_databases_are_created_once_whatever_their_name(postgres: Postgres) -> None:
    name = """o'dd "name" %/?é"""
    postgres.create_database(name)
    postgres.create_database(name)
    assert value(postgres.url_of(name), "SELECT current_database()") == name
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(b'DROP DATABASE "' + name.replace('"', '""').encode() + b'"')


def test_it_has_no_address_before_its_first_start(new_server: Postgres) -> None:
    with pytest.raises(EmbeddedServerFailed, match="no address before its first start"):
        _ = new_server.url
