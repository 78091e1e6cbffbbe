import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.command_line import PROJECT, environment, tracker
from tests.support.running import running
from tests.support.waiting import PATIENCE, wait_until
from tracker.config import Settings
from tracker.importing.paced_queue import MAX_WAITING
from tracker.queueing.adding import bulk_waiting
from tracker.queueing.connection import Connection
from tracker.store.database import Database

LINES = MAX_WAITING + 1_000


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.usefixtures("application")
def test_an_import_that_was_killed_is_completed_by_running_it_again(
    settings: Settings, redis: Connection, database: Database, tmp_path: Path
) -> None:
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0)
    log = tmp_path / "access.log"
    with log.open("w") as lines:
        for number in range(LINES):
            time_of_line = midnight - timedelta(seconds=number // 3)
            # Each second has two lines that are equal and one that is not.
            lines.write(f'::1 - - [{time_of_line:%d/%b/%Y:%H:%M:%S} +0000] "GET /{number % 3 // 2} HTTP/1.1" 200 1\n')

    command = [sys.executable, "-m", "tracker", "import", str(log), "--app-id", "shop"]
    with subprocess.Popen(command, cwd=PROJECT, env=environment(settings), stderr=subprocess.PIPE) as first:
        # Without workers it stops where the queue is full, in the middle of the log.
        wait_until(lambda: bulk_waiting(redis) > MAX_WAITING or first.poll() is not None)
        assert first.poll() is None
        first.kill()
        first.communicate(timeout=PATIENCE)

    with running(settings, tmp_path, "worker.py") as worker:
        finished = tracker(settings, "import", str(log), "--app-id", "shop", "--wait", "--json")
        worker.stop()
    assert finished.status == 0, finished.errors
    assert finished.json["queued"] == LINES
    with database.transaction() as tx:
        assert tx.execute("SELECT count(*), count(DISTINCT (id, created_at)) FROM access_logs").fetchone() == (
            LINES,
            LINES,
        )
        assert tx.execute("SELECT count(*) FROM batch_queue").fetchone() == (0,)
