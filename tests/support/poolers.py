"""PgBouncer in transaction mode in front of a server."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.support.debian_postgres import as_nobody
from tests.support.needed import need
from tests.support.waiting import wait_until


class Pooler:
    """One that runs; `door` is its unix socket."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self._folder, self._process = folder, process
        self.door = folder / ".s.PGSQL.6432"

    def has_served(self) -> bool:
        """Whether it has carried transactions."""
        console = f"host={self._folder} port=6432 dbname=pgbouncer user=postgres"
        with psycopg.connect(console, autocommit=True, cursor_factory=psycopg.ClientCursor) as admin:
            stats = admin.execute("SHOW STATS_TOTALS").fetchall()
        return any(row[0] == "tracker" and int(row[1]) > 20 for row in stats)

    def is_open(self) -> bool:
        """Whether it takes connections: its socket is there a moment before that."""
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.door)) == 0

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def pooler(database: str, *, connections: int = 5) -> Iterator[Pooler]:
    """One in front of a `database` (`host=… user=…`), with so many connections to it, until the block ends."""
    program = shutil.which("pgbouncer", path=f"{os.defpath}:/usr/sbin")
    need(program, "PgBouncer is not installed: apt-get install pgbouncer")
    assert program is not None
    folder = Path(tempfile.mkdtemp(prefix="pgbouncer-"))
    (folder / "pgbouncer.ini").write_text(
        f"""
[databases]
tracker = {database}
[pgbouncer]
pool_mode = transaction
default_pool_size = {connections}
auth_type = any
admin_users = postgres
listen_addr =
unix_socket_dir = {folder}
"""
    )
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody", "nogroup")
    command = [*as_nobody(), program, str(folder / "pgbouncer.ini")]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        opened = Pooler(folder, process)
        try:
            wait_until(lambda: opened.is_open() or process.poll() is not None)
            assert process.poll() is None, (folder / "log").read_text()
            yield opened
        finally:
            opened.kill()
            shutil.rmtree(folder)
