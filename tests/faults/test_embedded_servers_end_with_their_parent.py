"""However the process ends that started them: both servers are gone within two seconds, and the data are whole."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from redis import Redis

from tests.support.embedded_parent import REPOSITORY, Parent, alive, left_over
from tests.support.made_data import copy_data
from tests.support.waiting import wait_until
from tracker.embedded import Postgres, Valkey


@pytest.fixture(autouse=True)
def _wheels(postgres: Postgres, valkey: Valkey) -> None:
    """Skip where the wheels are missing; the servers of the session themselves are not used."""


Start = Callable[..., Parent]


@pytest.fixture
def start(tmp_path: Path, migrated_data: Path) -> Iterator[Start]:
    started: list[Parent] = []
    copy_data(migrated_data, tmp_path / "servers")

    def start_parent(*options: str, **popen: object) -> Parent:
        started.append(Parent.start(tmp_path / "servers", *options, **popen))
        return started[-1]

    yield start_parent
    for parent in started:
        parent.close()


def kill(parent: Parent) -> None:
    parent.process.kill()


def terminate(parent: Parent) -> None:
    parent.process.terminate()


def press_ctrl_c(parent: Parent) -> None:
    os.killpg(parent.process.pid, signal.SIGINT)


def kill_its_group(parent: Parent) -> None:
    os.killpg(parent.process.pid, signal.SIGKILL)


def close_its_terminal(parent: Parent) -> None:
    os.killpg(parent.process.pid, signal.SIGHUP)


@pytest.mark.parametrize("end", [kill, terminate, press_ctrl_c, kill_its_group, close_its_terminal])
def test_the_servers_are_gone_within_two_seconds_whatever_ends_their_parent(
    start: Start, end: Callable[[Parent], None], tmp_path: Path
) -> None:
    parent = start(start_new_session=True)
    processes = parent.descendants()
    assert len(processes) > 4

    end(parent)
    parent.process.wait()

    # A machine that is slow to start them is slow to end them.
    assert left_over(processes, within=max(2.0, 3 * parent.start_seconds)) == set()
    assert "database system is shut down" in (tmp_path / "servers" / "postgres.log").read_text()
    assert "ready to exit" in (tmp_path / "servers" / "valkey.log").read_text()


def test_the_servers_go_when_their_parent_exits_without_a_word(start: Start) -> None:
    parent = start("exit")
    processes = parent.descendants()
    parent.tell_to_end()
    assert parent.process.returncode == 3
    assert left_over(processes) == set()


def test_the_servers_stay_when_only_the_thread_ends_that_started_them(start: Start) -> None:
    parent = start("thread")
    processes = parent.descendants()
    with psycopg.connect(parent.postgres) as connection, Redis.from_url(parent.valkey) as redis:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert redis.ping()
    kill(parent)
    parent.process.wait()
    assert left_over(processes) == set()


def test_their_socket_folders_go_with_them(start: Start) -> None:
    parent = start()
    sockets = [Path(urlsplit(parent.postgres).query.removeprefix("host=")), Path(urlsplit(parent.valkey).path).parent]
    assert [folder.is_dir() for folder in sockets] == [True, True]
    processes = parent.descendants()
    kill(parent)
    parent.process.wait()
    assert left_over(processes) == set()
    assert [folder.exists() for folder in sockets] == [False, False]


def test_a_server_in_the_middle_of_work_goes_too_and_keeps_what_was_committed(start: Start, tmp_path: Path) -> None:
    parent = start()
    processes = parent.descendants()
    with psycopg.connect(parent.postgres, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (n bigint)")
        connection.execute("INSERT INTO kept SELECT generate_series(1, 300000)")
    with Redis.from_url(parent.valkey) as redis:
        redis.set("kept", "yes")
    busy = threading.Thread(target=_count_for_ever, args=(parent.postgres,))
    busy.start()
    _wait_until_busy(parent.postgres)

    kill(parent)
    parent.process.wait()
    assert left_over(processes) == set()
    busy.join()

    with Postgres(tmp_path / "servers") as postgres, Valkey(tmp_path / "servers") as valkey:
        with psycopg.connect(postgres.url) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (300000,)
        with Redis.from_url(valkey.url) as redis:
            assert redis.get("kept") == b"yes"


def _count_for_ever(url: str) -> None:
    with pytest.raises(psycopg.OperationalError), psycopg.connect(url, application_name="busy") as connection:
        connection.execute("SELECT count(*) FROM generate_series(1, 1000000000000) AS n WHERE n % 7 = 3")


def _wait_until_busy(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        look = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'busy' AND state = 'active'"
        wait_until(lambda: connection.execute(look).fetchone())


def test_the_folder_is_usable_at_once_after_its_parent_was_killed(start: Start, tmp_path: Path) -> None:
    parent = start()
    kill(parent)
    parent.process.wait()
    with Postgres(tmp_path / "servers") as postgres, psycopg.connect(postgres.url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_parent_killed_during_the_very_first_start_leaves_nothing_half_done(tmp_path: Path) -> None:
    folder = tmp_path / "servers"
    script = f"from pathlib import Path; from tracker.embedded import Postgres; Postgres(Path({str(folder)!r})).start()"
    with subprocess.Popen([sys.executable, "-c", script], cwd=REPOSITORY) as process:
        while not (folder / "postgres.new" / "base").exists():
            assert process.poll() is None
        processes = set(Parent(process, "", "").descendants())
        assert processes
        process.kill()
    assert left_over(processes) == set()
    assert not (folder / "postgres").exists()
    with Postgres(folder) as postgres, psycopg.connect(postgres.url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_killed_keeper_takes_its_server_along(start: Start) -> None:
    parent = start()
    processes = parent.descendants()
    for keeper in Path(f"/proc/{parent.process.pid}/task/{parent.process.pid}/children").read_text().split():
        os.kill(int(keeper), signal.SIGKILL)
    assert left_over(processes) == set()
    assert alive({parent.process.pid})
    parent.tell_to_end()
    assert parent.process.returncode == 0


def test_a_killed_postgres_recovers_on_the_same_object_and_address(tmp_path: Path, migrated_data: Path) -> None:
    with Postgres(copy_data(migrated_data, tmp_path / "servers")) as postgres:
        url = postgres.url
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000)")
        os.kill(int((postgres.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        wait_until(lambda: not postgres.running)
        postgres.start()
        assert postgres.url == url
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1000,)
