"""`import --follow` as a process: killed and started again while its log is written and rotated; without Redis."""

import itertools
import random
import shutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.command_line import tracker, work_until_dry
from tests.support.running import Running, running
from tests.support.waiting import wait_until
from tracker.config import Settings
from tracker.store.database import Database

MIDNIGHT = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("application")]


def urls(database: Database) -> Counter[str]:
    with database.transaction() as tx:
        return Counter(dict(tx.execute("SELECT url, count(*) FROM access_logs GROUP BY url").fetchall()))


def rotate(log: Path, number: int) -> None:
    """By rename and by copytruncate in turn; names as of logrotate's `dateext`."""
    piece = log.with_name(f"{log.name}-20261128{number:02}")
    if number % 2:
        log.rename(piece)
        log.touch()
        return
    new = log.with_name("copy")
    shutil.copy(log, new)
    new.rename(piece)
    with log.open("r+b") as stream:
        stream.truncate(0)


def test_every_line_is_stored_once_however_often_it_is_killed(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    log, numbers, chance = folder / "access.log", itertools.count(), random.Random(13)
    log.touch()
    options = "import", "--follow", str(log), "--app-id", "shop", "--state", str(tmp_path / "state.json")
    written: Counter[str] = Counter()
    rotations = itertools.count()

    def write(count: int) -> None:
        with log.open("a") as lines:
            for _ in range(count):
                url = f"/{next(numbers) // 3}"  # Of each line there are three.
                lines.write(f'192.0.2.1 - - [{MIDNIGHT:%d/%b/%Y:%H:%M:%S} +0000] "GET {url} HTTP/1.1" 200 5 "-" "T"\n')
                written[url] += 1

    with running(settings, tmp_path, "worker.py") as worker:
        for turn in range(6):
            with running(settings, tmp_path, "-m", "tracker", *options) as follower:
                for _ in range(chance.randrange(4, 8)):
                    write(chance.randrange(50, 250))
                    if turn and chance.random() < 0.3:
                        # Only once something was taken is there a place to go on from.
                        rotate(log, next(rotations))
                        write(10)
                wait_until(lambda: state_has_been_written(tmp_path, follower))
                follower.kill()
            write(100)
        with running(settings, tmp_path, "-m", "tracker", *options) as follower:
            wait_until(lambda: urls(database) == written)
            assert follower.stop() == 0
            assert "lines: " in follower.output
        worker.stop()
    assert urls(database) == written
    # What was followed is known to a plain import.
    tracker(settings, "import", *map(str, folder.iterdir()), "--app-id", "shop")
    work_until_dry(settings)
    assert urls(database) == written


def state_has_been_written(folder: Path, follower: Running) -> bool:
    assert follower.process.poll() is None, follower.output
    return (folder / "state.json").exists()
