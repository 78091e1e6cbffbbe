"""The operator's command line as a real process, for tests that enter by the front door."""

import atexit
import functools
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import orjson

from tests.support import own_network
from tests.support.with_constants import program_with
from tracker.config import Settings

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE = 240
_NETWORK = own_network.here()
Streams = tuple[IO[bytes], IO[bytes], IO[bytes]]


@dataclass(frozen=True)
class Finished:
    """How a command ended."""

    status: int
    output: str
    errors: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON document that it must be."""
        return orjson.loads(self.output)


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """The environment of a process that uses the servers of `settings`, and nothing else of ours."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("TRACKER_", "DATABASE_", "REDIS_"))
    }
    servers = {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "TRACKER_RETENTION_MONTHS": str(settings.retention_months),
        "TRACKER_FACTS_URL": str(settings.facts_url),
        "TRACKER_QUEUE_MAX_BYTES": str(settings.queue_max_bytes),
        "PYTHONPATH": str(PROJECT),
    }
    return {**kept, **servers, **more}


def tracker(
    settings: Settings, *arguments: str, given: bytes = b"", constants: Mapping[str, float] | None = None, **more: str
) -> Finished:
    """Run `python -m tracker ...` to its end.

    `given` is its standard input, `more` further variables; of `constants` tests/support/with_constants.py tells.
    """
    command = program_with(constants or {}, "-m", "tracker", *arguments)
    return run(environment(settings, **more), *command, given=given)


def work_until_dry(settings: Settings) -> None:
    """Run the workers until nothing waits."""
    finished = run(environment(settings), "worker.py", "--burst")
    assert finished.status == 0, finished.errors


def run(variables: dict[str, str], *arguments: str, given: bytes = b"", folder: Path = PROJECT) -> Finished:
    """Run a Python program of ours to its end."""
    warm = arguments[0] in ("-m", "worker.py", "scheduler.py") and variables["PYTHONPATH"] == str(PROJECT)
    warm = warm and "RQ_KEY_PREFIX" not in variables  # RQ reads it when it is imported, and there it is already.
    warm = warm and own_network.here() == _NETWORK  # The warm process would see, or keep, another test's network.
    with TemporaryFile() as output, TemporaryFile() as errors, TemporaryFile() as standard_input:
        standard_input.write(given)
        standard_input.seek(0)
        streams = standard_input, output, errors
        status = (_run_warm if warm else _run_cold)(variables, arguments, folder, streams)
        output.seek(0)
        errors.seek(0)
        return Finished(status, output.read().decode(), errors.read().decode())


def _run_cold(variables: dict[str, str], arguments: tuple[str, ...], folder: Path, streams: Streams) -> int:
    given, output, errors = streams
    command = [sys.executable, *arguments]
    finished = subprocess.run(
        command, stdin=given, stdout=output, stderr=errors, env=variables, cwd=folder, timeout=PATIENCE, check=False
    )
    return finished.returncode


def _run_warm(variables: dict[str, str], arguments: tuple[str, ...], folder: Path, streams: Streams) -> int:
    orders = _warm_commands()
    order = {"variables": variables, "arguments": arguments, "folder": str(folder)}
    socket.send_fds(orders, [json.dumps(order).encode()], [stream.fileno() for stream in streams])
    child = int(orders.recv(100))
    try:
        return int(orders.recv(100))
    except TimeoutError:
        os.kill(child, signal.SIGKILL)
        orders.recv(100)
        raise


@functools.cache
def _warm_commands() -> socket.socket:
    """The process that runs commands sooner than a shell (`tests.support.warm_commands`); it ends with this one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(PATIENCE)
    with theirs:
        command = [sys.executable, "-m", "tests.support.warm_commands"]
        process = subprocess.Popen(command, stdin=theirs, cwd=PROJECT, env={"PATH": os.defpath})

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours
