"""Debian's PostgreSQL 15 in a private folder: for what must hold on an older server, or needs its log."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.memory_folder import memory_folder
from tests.support.needed import need

BINARIES = Path(os.environ.get("POSTGRESQL_15_BIN", "/usr/lib/postgresql/15/bin"))
"""Another minor release is tried by unpacking its package (`dpkg -x`) and naming its folder."""


@dataclass(frozen=True)
class DebianPostgres:
    """A running server; its folder holds the socket, the log and nothing else of anybody's."""

    folder: Path

    def url_of(self, database: str, user: str = "postgres") -> str:
        return f"postgresql://{user}@/{database}?host={self.folder}"

    @property
    def log(self) -> Path:
        return self.folder / "log"


def as_nobody() -> list[str]:
    """What to put before a command that refuses to run as root; it ends with the process that started it."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--pdeathsig=INT"]


@contextmanager
def running_debian_postgres(
    *options: str, pem: Path | None = None, port: int | None = None
) -> Iterator[DebianPostgres]:
    """The server, until the block ends. Its time zone is far from UTC, as a careless host's is.

    `options` are further settings (`name=value`); with `pem`, a key and a certificate, it speaks TLS; with `port` it
    listens on the loopback, too.
    """
    need(BINARIES.is_dir(), "PostgreSQL 15 is not installed: apt-get install postgresql-15")
    with memory_folder() as folder:
        yield from _server_in(folder, [*options, *(() if pem is None else _tls(folder, pem))], port)


def _tls(folder: Path, pem: Path) -> list[str]:
    pem_of_server = folder / "server.pem"
    shutil.copy(pem, pem_of_server)
    pem_of_server.chmod(0o600)
    if os.geteuid() == 0:
        shutil.chown(pem_of_server, "nobody", "nogroup")
    return ["ssl=on", f"ssl_cert_file={pem_of_server}", f"ssl_key_file={pem_of_server}"]


def _server_in(folder: Path, options: Sequence[str], port: int | None) -> Iterator[DebianPostgres]:
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody", "nogroup")
    data = folder / "data"
    make_cluster(BINARIES, data)
    with serving_cluster(BINARIES, data, folder, *options, port=port):
        yield DebianPostgres(folder)


def make_cluster(binaries: Path, data: Path, *options: str) -> None:
    initdb = [*as_nobody(), str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
    subprocess.run(
        [*initdb, "--locale=C.UTF-8", "--no-sync", *options], cwd=data.parent, check=True, capture_output=True
    )


@contextmanager
def serving_cluster(binaries: Path, data: Path, folder: Path, *options: str, port: int | None = None) -> Iterator[None]:
    """A server of these binaries on a cluster; its socket and its log are in `folder`."""
    command = [*as_nobody(), str(binaries / "postgres"), "-D", str(data)]
    for option in (
        f"unix_socket_directories={folder}",
        f"listen_addresses={'' if port is None else '127.0.0.1'}",
        f"port={port or 5432}",
        "fsync=off",
        "timezone=Asia/Tokyo",
        "log_line_prefix=%p %a ",
        *options,
    ):
        command += ["-c", option]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, cwd=folder, stdout=log, stderr=log) as server:
        try:
            ready = [str(binaries / "pg_isready"), "-h", str(folder), "-p", str(port or 5432), "-t", "20", "-q"]
            while subprocess.run(ready, check=False).returncode != 0:
                assert server.poll() is None, (folder / "log").read_text()
            yield
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=120)
