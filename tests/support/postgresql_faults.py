"""What becomes of PostgreSQL while hits come (`under_load`)."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from tests.support.queued_hits import rows
from tests.support.under_load import FAULT_SECONDS, Fault
from tests.support.waiting import wait_until
from tests.support.world import World, door
from tracker.embedded import Postgres, wheel


@contextmanager
def stalled(world: World) -> Iterator[None]:
    """Nothing is stored until the block ends, whose fault bites thereby."""
    time.sleep(0.5)
    before = world.stored
    yield
    assert world.stored <= before + 300, "hits were stored all the same"


def takes_no_writes(world: World) -> str:
    world.sql("ALTER DATABASE tracker SET default_transaction_read_only = on")
    world.end_connections()
    try:
        with stalled(world):
            time.sleep(FAULT_SECONDS)
    finally:
        world.sql(
            "SET default_transaction_read_only = off", "ALTER DATABASE tracker RESET default_transaction_read_only"
        )
        world.end_connections()
    return "nothing was stored meanwhile"


def statements_time_out(world: World) -> str:
    before = _times_logged(world, "due to statement timeout")
    world.sql("ALTER DATABASE tracker SET statement_timeout = '1ms'")
    world.end_connections()
    try:
        time.sleep(FAULT_SECONDS)
    finally:
        world.sql("ALTER DATABASE tracker RESET statement_timeout")
        world.end_connections()
    cut_off = _times_logged(world, "due to statement timeout") - before
    assert cut_off, "no statement was cut off"
    return f"{cut_off} statements cut off"


def _times_logged(world: World, words: str) -> int:
    return world.postgres.log_file.read_text(errors="replace").count(words)


def no_connection_left(world: World) -> str:
    """All that the server allows are taken, the ones that are reserved too."""
    before = _times_logged(world, "too many clients")
    held: list[psycopg.Connection[Any]] = []
    world.end_connections()
    try:
        with pytest.raises(psycopg.OperationalError, match="too many clients"):
            held.extend(psycopg.connect(world.postgres.url) for _ in range(1000))
        time.sleep(FAULT_SECONDS)
    finally:
        for connection in held:
            connection.close()
    assert len(held) > 30
    refused = _times_logged(world, "too many clients") - before - 1
    assert refused, "nobody else asked for a connection"
    return f"{len(held)} taken, {refused} refused"


def deadlocked(world: World) -> str:
    """A worker waits for a session, and who has it wants the table into which that worker is writing."""
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = 'tracker'"
    before = rows(world.database, deadlocks)
    with psycopg.connect(world.postgres.url_of("tracker")) as other, psycopg.connect(world.postgres.url) as watching:
        theirs = "SELECT 1 FROM sessions WHERE session_id = 's' FOR UPDATE"
        wait_until(lambda: other.execute(theirs).fetchone())
        watching.autocommit = True
        blocked = "SELECT 1 FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))"
        wait_until(lambda: watching.execute(blocked, [other.info.backend_pid]).fetchone())
        try:
            other.execute("LOCK TABLE access_logs IN SHARE ROW EXCLUSIVE MODE")
        except psycopg.errors.DeadlockDetected:
            other.rollback()
    wait_until(lambda: rows(world.database, deadlocks) > before)
    return "PostgreSQL counted the deadlock"


def killed(world: World) -> str:
    _kill(world.postgres)
    time.sleep(FAULT_SECONDS / 2)
    world.postgres.stop()
    world.postgres.start()
    assert _times_logged(world, "automatic recovery in progress") > 0, "it had been shut down"
    return "it recovered from its log"


def _kill(server: Postgres) -> None:
    os.kill(int((server.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    wait_until(lambda: not server.running)


def standby_promoted(world: World) -> str:
    """The primary is killed, and its synchronous standby becomes the primary; the name moves to it."""
    old = world.postgres
    new = Postgres(world.folder / f"postgres-{world.number()}")
    new.folder.mkdir(mode=0o700)
    copy = ["-h", str(door(old).parent), "-U", "postgres", "-D", str(new.data), "-R", "-c", "fast"]
    subprocess.run([str(wheel.postgres_bin() / "pg_basebackup"), *copy], check=True, capture_output=True)
    world.stack.enter_context(new)
    synchronous = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
    with psycopg.connect(old.url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        connection.execute("SELECT pg_reload_conf()")
        wait_until(lambda: connection.execute(synchronous).fetchone() == (1,))
    _kill(old)
    time.sleep(FAULT_SECONDS / 2)
    with psycopg.connect(new.url, autocommit=True) as connection:
        assert connection.execute("SELECT pg_promote()").fetchone() == (True,)
        segment = connection.execute("SELECT pg_walfile_name(pg_current_wal_lsn())").fetchone()
    old.stop()
    world.use_postgres(new)
    assert segment is not None
    return f"the standby is the primary, timeline {int(segment[0][:8], 16)}"


POSTGRESQL_FAULTS: dict[str, Fault] = {
    "postgresql takes no writes": takes_no_writes,
    "postgresql ends statements after 1 ms": statements_time_out,
    "postgresql has no connection left": no_connection_left,
    "a deadlock": deadlocked,
    "postgresql killed": killed,
    "postgresql killed, its synchronous standby promoted": standby_promoted,
}
