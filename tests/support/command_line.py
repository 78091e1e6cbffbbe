"""The operator's command line as a real process, for tests that enter by the front door."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import orjson

from tests.support.started import PATIENCE, PROJECT, Streams, start
from tests.support.with_constants import program_with
from tracker.config import Settings


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
    with TemporaryFile() as output, TemporaryFile() as errors, TemporaryFile() as standard_input:
        standard_input.write(given)
        standard_input.seek(0)
        status = run_on((standard_input, output, errors), variables, *arguments, folder=folder)
        output.seek(0)
        errors.seek(0)
        return Finished(status, output.read().decode(), errors.read().decode())


def run_on(streams: Streams, variables: dict[str, str], *arguments: str, folder: Path = PROJECT) -> int:
    """Run a Python program of ours to its end, with these as its standard streams; the status with which it ends."""
    process = start(streams, variables, *arguments, folder=folder)
    try:
        return process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
