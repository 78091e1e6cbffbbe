import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.command_line import PROJECT, environment, tracker
from tests.support.counted import assert_exact, fold_everything
from tests.support.waiting import PATIENCE, wait_until
from tracker.config import Settings
from tracker.store.database import Database

LINES = 60_000


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.usefixtures("application")
def test_an_import_that_was_killed_is_completed_by_running_it_again(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0)
    log = tmp_path / "access.log"
    with log.open("w") as lines:
        for number in range(LINES):
            time_of_line = midnight - timedelta(seconds=number // 3)
            # Each second has two lines that are equal and one that is not.
            lines.write(f'::1 - - [{time_of_line:%d/%b/%Y:%H:%M:%S} +0000] "GET /{number % 3 // 2} HTTP/1.1" 200 1\n')

    def stored() -> int:
        with database.transaction() as tx:
            row = tx.execute("SELECT count(*) FROM access_logs").fetchone()
        assert row is not None
        return int(row[0])

    command = [sys.executable, "-m", "tracker", "import", str(log), "--app-id", "shop"]

    def killed_with_more_than(before: int) -> int:
        with subprocess.Popen(command, cwd=PROJECT, env=environment(settings), stderr=subprocess.PIPE) as process:
            wait_until(lambda: stored() > before or process.poll() is not None)
            assert process.poll() is None
            process.kill()
            process.communicate(timeout=PATIENCE)
        return stored()

    before = killed_with_more_than(killed_with_more_than(0))
    assert 0 < before < LINES

    finished = tracker(settings, "import", str(log), "--app-id", "shop", "--json")
    assert finished.status == 0, finished.errors
    assert finished.json["known"] >= before
    assert finished.json["queued"] + finished.json["known"] == LINES
    fold_everything(database)
    assert_exact(database)
    with database.transaction() as tx:
        assert tx.execute("SELECT count(*), count(DISTINCT (id, created_at)) FROM access_logs").fetchone() == (
            LINES,
            LINES,
        )
        assert tx.execute("SELECT count(*) FROM batch_queue").fetchone() == (0,)
