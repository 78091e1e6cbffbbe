"""The operator's command line as a real process, for tests that enter by the front door."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tracker.config import Settings

PROJECT = Path(__file__).resolve().parents[1]


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
        "PYTHONPATH": str(PROJECT),
    }
    return {**kept, **servers, **more}


def tracker(settings: Settings, *arguments: str, given: bytes = b"", **more: str) -> Finished:
    """Run `python -m tracker ...` to its end; `given` is its standard input, `more` further variables."""
    return run(environment(settings, **more), "-m", "tracker", *arguments, given=given)


def work_until_dry(settings: Settings) -> None:
    """Run the workers until nothing waits."""
    finished = run(environment(settings), "worker.py", "--burst")
    assert finished.status == 0, finished.errors


def run(variables: dict[str, str], *arguments: str, given: bytes = b"", folder: Path = PROJECT) -> Finished:
    finished = subprocess.run(
        [sys.executable, *arguments],
        input=given,
        capture_output=True,
        env=variables,
        cwd=folder,
        timeout=240,
        check=False,
    )
    return Finished(finished.returncode, finished.stdout.decode(), finished.stderr.decode())
