"""From an earlier build to this one and back, process by process and under load: nothing is lost or doubled.

Before each change of the workers some hits wait, as the other build's receivers have written them.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.command_line import PROJECT, environment, run, tracker
from tests.support.fault_rows import Record, note
from tests.support.load import Installation, Sender, installation, outcome, seconds_until_back, sending
from tests.support.needed import need
from tests.support.queued_hits import rows
from tests.support.waiting import wait_until
from tracker.config import Settings
from tracker.queueing.connection import Connection
from tracker.store.database import Database

EARLIER = "369ae8d"
"""The build before the ledger got its columns beside the balance."""
BACK_SECONDS = 20.0
"""A worker that ends finishes its job first."""

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(400)]


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """The earlier build, as it was committed."""
    folder = tmp_path / "earlier"
    folder.mkdir()
    git = shutil.which("git") or "git"
    commit = subprocess.run([git, "cat-file", "-e", EARLIER], cwd=PROJECT, capture_output=True, check=False)
    need(commit.returncode == 0, f"The commit {EARLIER} is not here: this is no clone, or a shallow one.")
    archive = subprocess.run([git, "archive", EARLIER], cwd=PROJECT, capture_output=True, check=True)
    subprocess.run(["tar", "x", "-C", str(folder)], input=archive.stdout, check=True)
    return folder


def signal_all(running: Installation, number: signal.Signals) -> None:
    """Send a signal to the workers' processes; a job's may end meanwhile."""
    for pid in running.processes_of("worker.py"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def change_workers(running: Installation, sender: Sender, redis: Connection, checkout: Path) -> None:
    """Workers are replaced while hits wait that the other build's receivers have written."""
    for _ in range(3):  # A job's process that was just being forked is seen by the next look.
        signal_all(running, signal.SIGSTOP)
        time.sleep(0.05)
    known = len(sender.acknowledged)
    wait_until(lambda: len(sender.acknowledged) > known + 50)
    assert sum(redis.xlen(f"tracker:hits:{kind}") for kind in ("urgent", "normal", "bulk")) > 30
    signal_all(running, signal.SIGCONT)
    running.replace("worker.py", checkout)


def test_processes_are_replaced_one_after_the_other_and_back(  # noqa: PLR0917 fixtures
    settings: Settings,
    empty_database_url: str,
    redis: Connection,
    earlier: Path,
    tmp_path: Path,
    record_property: Record,
) -> None:
    url = empty_database_url
    fresh = replace(settings, database_url=url, database_maintenance_url=url, database_read_url=url)
    old = {**environment(fresh), "PYTHONPATH": str(earlier)}
    for command in (["migrate"], ["apps", "create", "--app-id", "shop", "--name", "Shop", "--rate-limit", "1000000"]):
        finished = run(old, "-m", "tracker", *command, folder=earlier)
        assert finished.status == 0, finished.errors
    database = Database(url, name="tests")
    revision = "SELECT version_num FROM alembic_version"
    before = rows(database, revision)
    logs = tmp_path / "logs"
    logs.mkdir()
    backs = []
    with installation(fresh, logs, checkout=earlier) as running:
        with sending(running.port) as sender:
            backs.append(seconds_until_back(sender, database, BACK_SECONDS))
            migrated = tracker(fresh, "migrate")
            assert migrated.status == 0, migrated.errors
            assert rows(database, revision) != before, "this build has a schema of its own"
            for checkout in (PROJECT, earlier):
                change_workers(running, sender, redis, checkout)
                backs.append(seconds_until_back(sender, database, BACK_SECONDS))
                for what in ("scheduler.py", "server"):
                    running.replace(what, checkout)
                    time.sleep(1)
                    backs.append(seconds_until_back(sender, database, BACK_SECONDS))
        result = outcome(f"rolling upgrade from {EARLIER} and back", 2, sender, database, redis)
    bit = f"{len(backs)} processes replaced; the schema went on"
    note(record_property, result, place="4 90", backs=backs, bit=bit)
    result.demand_sound(fresh)
    database.close()
