"""The whole of it on one machine, for the demo and for development: servers, migration, receiver, workers, scheduler.

The servers are private (tracker.embedded). Our own processes are started by the commands that an operator uses, as
processes of their own, so that what the demo shows is what runs elsewhere.
"""

import http.client
import os
import secrets
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tracker.clock import SystemClock
from tracker.demo.child_process import ChildProcess
from tracker.embedded import Postgres, Valkey
from tracker.errors import EmbeddedServerFailed
from tracker.store.migrations import migrate

PLACE = Path(__file__).resolve().parents[2]
"""Where the package `tracker` lies: the checkout, or the packages of the environment."""
HOST = "127.0.0.1"
_DATABASE = "tracker"
_SECRET_KEY_FILE = "secret-key"  # noqa: S105 the file's name
_ADMIN_TOKEN_FILE = "admin-token"  # noqa: S105 the file's name
WEBHOOK_NETWORK = "127.0.0.0/8"
"""Where webhooks may go, beside the internet."""
FACTS = "facts"
"""The folder of the columnar copy, beside the data of the servers."""
_START_SECONDS = 60.0
_POLL_SECONDS = 0.05
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")
"""All that the children see of our environment: settings meant for another deployment must not reach this one."""


@dataclass(frozen=True, slots=True)
class Stack:
    """Everything that runs, and where it is reached."""

    port: int
    database_url: str
    redis_url: str
    secret_key: str
    """TRACKER_SECRET_KEY of the processes."""
    admin_token: str
    """TRACKER_ADMIN_TOKEN of the receiver."""
    processes: tuple[ChildProcess, ...]

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def check(self) -> None:
        """Raise EmbeddedServerFailed where one of the processes has ended."""
        for process in self.processes:
            process.check()


@contextmanager
def running(
    folder: Path,
    *,
    workers: int,
    port: int | None = None,
    test_page: str | None = None,
    on_step: Callable[[str], None] = lambda _: None,
) -> Iterator[Stack]:
    """Start everything in `folder` and stop it in the end, in the order of a hit's way.

    `port` is a free one of the loopback unless given. `test_page` is the application of `/test-page`, if it is to be
    there. `on_step` is told in a few words what comes next.
    Raises EmbeddedServerFailed where a part does not start.
    """
    on_step("starting PostgreSQL and Valkey")
    with Postgres(folder) as postgres, Valkey(folder) as valkey:
        postgres.create_database(_DATABASE)
        database_url = postgres.url_of(_DATABASE)
        on_step("migrating")
        migrate(database_url, today=SystemClock().now().date())
        secret_key, admin_token = _kept(folder, _SECRET_KEY_FILE), _kept(folder, _ADMIN_TOKEN_FILE)
        environment = _environment(database_url, valkey.url, secret_key, admin_token)
        environment["TRACKER_FACTS_URL"] = str(folder / FACTS)
        on_step("starting receiver, workers and scheduler")
        chosen = port or free_port()
        started: list[ChildProcess] = []
        try:
            serve = ["serve", "--host", HOST, "--port", str(chosen), "--workers", "1"]
            if test_page:
                serve += ["--test-page", test_page]
            for name, arguments in (
                ("receiver", serve),
                ("workers", ["worker", "--workers", str(workers)]),
                ("scheduler", ["scheduler"]),
            ):
                command = [sys.executable, "-m", "tracker", *arguments]
                started.append(ChildProcess(name, command, environment, folder))
            stack = Stack(chosen, database_url, valkey.url, secret_key, admin_token, tuple(started))
            _wait_until_ready(stack)
            yield stack
            on_step("stopping")
        finally:
            for process in started:
                process.ask_to_stop()
            for process in started:
                process.wait()


def _kept(folder: Path, name: str) -> str:
    """Return a secret that stays with the folder's data, made at its first start."""
    file = folder / name
    if not file.exists():
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as writing:  # noqa: PTH123 private from its first byte
            writing.write(secrets.token_urlsafe(32))
    return file.read_text()


def _environment(database_url: str, redis_url: str, secret_key: str, admin_token: str) -> dict[str, str]:
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {
        **passed_on,
        # The children work in the stack's folder, where no `.env` of a developer lies.
        "PYTHONPATH": str(PLACE),
        "PYTHONUNBUFFERED": "1",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "TRACKER_LOG_FORMAT": "json",
        "TRACKER_SECRET_KEY": secret_key,
        "TRACKER_ADMIN_TOKEN": admin_token,
        # Consumers of webhooks are on this machine, too.
        "TRACKER_WEBHOOK_ALLOW_HTTP": "true",
        "TRACKER_WEBHOOK_ALLOWED_NETWORKS": WEBHOOK_NETWORK,
    }


def free_port(*, preferred: int = 0) -> int:
    """Return the preferred port where it is free now, else any free one.

    Another may take it before the receiver does: it then fails to start and says so.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, preferred))
        except OSError:
            probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(stack: Stack) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _is_ready(stack.port):
        stack.check()
        if time.monotonic() > deadline:
            raise EmbeddedServerFailed(f"The receiver at {stack.url} was not ready within {_START_SECONDS:.0f} s.")
        time.sleep(_POLL_SECONDS)


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
