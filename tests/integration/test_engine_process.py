"""The engine in a process of its own: killed, hanging, free, unused, and without the one that started it."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest

from tests.support.waiting import wait_until
from tracker.errors import FactsUnavailable
from tracker.facts import engine_process
from tracker.facts.engine import Connect, Engine, FactsChanged, FactsDamaged, FactsTookTooLong, FactsTooLarge
from tracker.facts.engine_process import ProcessConnection

ENDLESS = "SELECT sum(hash(n)) FROM range(1000000000000) AS made(n)"
KILLED_IN_THE_MIDDLE = f"""
import sys
from pathlib import Path
from tracker.facts.engine import Engine
from tracker.facts.engine_process import ProcessConnection

engine = Engine(Path(sys.argv[1]), memory_megabytes=64, connect=ProcessConnection)
with engine.cursor(seconds=600) as cursor:
    print("working", flush=True)
    cursor.run("{ENDLESS}")
"""


@pytest.fixture(autouse=True)
def free(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """Give the processes that wait for an engine: those of tests before are gone, and none is left."""
    for process in engine_process._free:
        process.kill()
    wait_until(lambda: not hosts())
    processes: list[engine_process._Process] = []
    monkeypatch.setattr(engine_process, "_free", processes)
    yield processes
    for process in processes:
        process.kill()


def engine_in(folder: Path, connect: Connect | None = ProcessConnection) -> Engine:
    return Engine(folder, memory_megabytes=64, connect=connect)


def hosts(parent: int | str = "self") -> list[int]:
    """Return the processes below one that are there for an engine."""
    threads = list(Path(f"/proc/{parent}/task").iterdir())
    try:
        children = {child for thread in threads for child in (thread / "children").read_text().split()}
    except OSError:
        return hosts(parent)  # A thread has just ended, and another one has its children.
    pids = []
    for child in children:
        with suppress(OSError):
            if b"tracker.facts.engine_host" in Path(f"/proc/{child}/cmdline").read_bytes():
                pids.append(int(child))
    return pids


def is_gone(pid: int) -> bool:
    try:
        return " Z " in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True


@pytest.mark.parametrize("connect", [ProcessConnection, None])
def test_an_engine_loads_nothing_from_elsewhere_wherever_it_is_opened(tmp_path: Path, connect: Connect | None) -> None:
    """`tracker.facts.duckdb_connection` alone imports it (a contract in pyproject.toml): nobody opens another."""
    asked = (
        *("autoinstall_known_extensions", "autoload_known_extensions", "enable_external_access"),
        "lock_configuration",
    )
    with closing(engine_in(tmp_path, connect)) as engine, engine.cursor(seconds=10) as cursor:
        told = {name: cursor.rows("SELECT current_setting(?)", [name])[0][0] for name in asked}
        assert told == {name: name == "lock_configuration" for name in asked}
        for statement in (
            *("INSTALL httpfs", "LOAD httpfs", "SET autoinstall_known_extensions = true", "RESET lock_configuration"),
            *("SELECT * FROM 'https://127.0.0.1:9/a.parquet'", "SELECT * FROM read_csv('/etc/passwd')"),
        ):
            with pytest.raises(FactsUnavailable):
                cursor.rows(statement)


@pytest.mark.parametrize("connect", [ProcessConnection, None])
@pytest.mark.parametrize("threads", [1, 2])
def test_an_engine_has_the_threads_that_it_is_given(tmp_path: Path, connect: Connect | None, threads: int) -> None:
    engine = Engine(tmp_path, memory_megabytes=64, threads=threads, connect=connect)
    with closing(engine), engine.cursor(seconds=10) as cursor:
        assert cursor.rows("SELECT current_setting('threads')") == [(threads,)]


@pytest.mark.parametrize("connect", [ProcessConnection, None])
def test_values_and_errors_are_those_of_an_engine_in_this_process(tmp_path: Path, connect: Connect | None) -> None:
    (tmp_path / "damaged.parquet").write_bytes(b"PAR1, or something like it")
    values = ["ä\0", 2**63, None, True, 1.5, date(2026, 10, 1), datetime(2026, 10, 1, tzinfo=UTC), UUID(int=7), ["a"]]
    with closing(engine_in(tmp_path, connect)) as engine, engine.cursor(seconds=30) as cursor:
        assert cursor.rows(f"SELECT {', '.join('?' * len(values))}", values) == [tuple(values)]
        assert cursor.rows("SELECT $a, $b", {"a": 1, "b": "x"}) == [(1, "x")]
        with pytest.raises(FactsDamaged):
            cursor.rows(f"FROM read_parquet('{tmp_path}/damaged.parquet')")
        with pytest.raises(FactsChanged):
            cursor.rows(f"FROM read_parquet('{tmp_path}/gone.parquet')")
        with pytest.raises(FactsDamaged):
            cursor.rows("FROM read_csv('/etc/passwd')")
        with pytest.raises(FactsTooLarge):
            cursor.run("CREATE TEMP TABLE large AS SELECT hash(n), n::VARCHAR FROM range(20000000) AS made(n)")
        assert cursor.rows("SELECT 1") == [(1,)]


def test_the_process_of_an_engine_loads_nothing_that_makes_hashes(tmp_path: Path) -> None:
    """OpenSSL, which takes 3.6 MB of it."""
    with closing(engine_in(tmp_path)) as engine, engine.cursor(seconds=30) as cursor:
        cursor.rows("SELECT 1")
        (host,) = hosts()
        loaded = Path(f"/proc/{host}/maps").read_text()
    assert "/_duckdb." in loaded
    assert "libcrypto" not in loaded


def test_cursors_of_one_engine_see_its_tables_and_their_own(tmp_path: Path) -> None:
    with closing(engine_in(tmp_path)) as engine, engine.cursor(seconds=30) as one, engine.cursor(seconds=30) as other:
        one.run("CREATE TABLE common AS SELECT 1 AS n")
        one.run("CREATE TEMP TABLE own AS SELECT 2 AS n")
        assert other.rows("FROM common") == [(1,)]
        with pytest.raises(FactsDamaged):
            other.rows("FROM own")
    assert len(hosts()) == 1


def test_one_that_is_killed_fails_what_it_works_on_and_the_next_engine_works(tmp_path: Path) -> None:
    with closing(engine_in(tmp_path)) as engine, engine.cursor(seconds=600) as cursor:
        [host] = hosts()
        killing = threading.Timer(0.2, os.kill, [host, signal.SIGKILL])
        killing.start()
        with pytest.raises(FactsUnavailable, match="want of memory") as said:
            cursor.run(ENDLESS)
        assert not isinstance(said.value, FactsDamaged)
        with pytest.raises(FactsUnavailable, match="want of memory"):
            cursor.rows("SELECT 1")
        killing.join()
    wait_until(lambda: not hosts())
    with closing(engine_in(tmp_path)) as engine, engine.cursor(seconds=30) as cursor:
        assert cursor.rows("SELECT 1") == [(1,)]


def test_what_takes_too_long_is_ended_with_its_process(tmp_path: Path) -> None:
    with closing(engine_in(tmp_path)) as engine, engine.cursor(seconds=0.3) as cursor, pytest.raises(FactsTookTooLong):
        cursor.run(ENDLESS)
    wait_until(lambda: not hosts())


def test_a_cursor_that_is_closed_ends_no_process(tmp_path: Path) -> None:
    connection = ProcessConnection(str(tmp_path), 64, "")
    late, other = connection.cursor(), connection.cursor()
    late.close()
    late.interrupt()  # A timer that was just about to.
    assert other.rows("SELECT 1", ()) == [(1,)]
    connection.close()


def test_after_ctrl_c_nobody_gets_the_answer_that_was_still_to_come(tmp_path: Path, free: list[object]) -> None:
    before = signal.signal(signal.SIGUSR1, signal.default_int_handler)
    pressing = threading.Timer(0.2, signal.pthread_kill, [threading.get_ident(), signal.SIGUSR1])
    try:
        with closing(engine_in(tmp_path)) as engine, engine.cursor(seconds=600) as cursor:
            pressing.start()
            with pytest.raises(KeyboardInterrupt):
                cursor.run(ENDLESS)
            with pytest.raises(FactsUnavailable, match="was ended"):
                cursor.rows("SELECT 1")
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert free == []
    wait_until(lambda: not hosts())


def test_one_that_cannot_be_started_is_no_defect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = engine_in(tmp_path)
    with monkeypatch.context() as replaced:
        replaced.setattr(sys, "executable", str(tmp_path / "gone"))
        with pytest.raises(FactsUnavailable, match="could not be started"), engine.cursor(seconds=30):
            pass
    with closing(engine), engine.cursor(seconds=30) as cursor:
        assert cursor.rows("SELECT 1") == [(1,)]


def test_a_free_process_has_the_next_engine_which_knows_nothing_of_the_one_before(
    tmp_path: Path, free: list[object]
) -> None:
    seen = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        with closing(engine_in(tmp_path / name)) as engine, engine.cursor(seconds=30) as cursor:
            cursor.run("CREATE TABLE only_here AS SELECT 1")
            cursor.run(f"COPY (SELECT 1) TO '{tmp_path}/{name}/made.parquet' (FORMAT parquet)")
            seen += hosts()
    assert len(seen) == 2
    assert len(set(seen)) == len(free) == 1


def test_a_free_process_that_was_killed_is_replaced(tmp_path: Path, free: list[object]) -> None:
    with closing(engine_in(tmp_path)) as engine, engine.cursor(seconds=30):
        [host] = hosts()
    os.kill(host, signal.SIGKILL)
    wait_until(lambda: not hosts())
    assert len(free) == 1
    with closing(engine_in(tmp_path)) as engine, engine.cursor(seconds=30) as cursor:
        assert cursor.rows("SELECT 1") == [(1,)]
        assert host not in hosts()


def test_a_free_process_ends_and_nothing_of_it_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_process, "_IDLE_SECONDS", 0.3)
    with closing(engine_in(tmp_path)) as engine, engine.cursor(seconds=30) as cursor:
        cursor.run("SELECT sum(hash(n)) FROM range(200000000) AS made(n)")
        assert len(hosts()) == 1
    wait_until(lambda: not hosts())


def test_signals_to_a_whole_service_leave_it_to_the_one_that_started_it(tmp_path: Path) -> None:
    with closing(engine_in(tmp_path)) as engine, engine.cursor(seconds=30) as cursor:
        cursor.rows("SELECT 1")
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(hosts()[0], number)
        assert cursor.rows("SELECT 1") == [(1,)]


def test_it_ends_with_the_process_that_started_it_in_the_middle_of_a_statement(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED_IN_THE_MIDDLE, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"working\n"
        [host] = hosts(starter.pid)
        assert not is_gone(host)
        starter.kill()
    wait_until(lambda: is_gone(host))


def test_it_knows_none_of_the_secrets_of_the_one_that_started_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "TRACKER_SECRET_KEY", "PGPASSWORD", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "a-secret-of-ours")
    with closing(engine_in(tmp_path)) as engine, engine.cursor(seconds=30) as cursor:
        assert cursor.rows("SELECT 1") == [(1,)]
        assert b"a-secret-of-ours" not in Path(f"/proc/{hosts()[0]}/environ").read_bytes()
