"""`import undo` and `import --replace` killed by SIGKILL at random moments, again and again: every count is right.

Each run is repeatable as far as the machine is: `FAULT_SEED=7 FAULT_COUNT=40 make faults ARGS="-k put_right"`.
"""

import os
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.command_line import tracker, work_until_dry
from tests.support.counted import assert_exact, fold_everything, statistics
from tests.support.facts import facts, make_facts
from tests.support.queued_hits import enqueue, hit_of, rows
from tests.support.running import running
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.config import Settings
from tracker.maintenance.requeue_waiting import requeue_waiting
from tracker.queueing.connection import Connection
from tracker.queueing.entry import Entry
from tracker.stats.verify import verify
from tracker.store import imports
from tracker.store.database import Database

SEED = int(os.environ.get("FAULT_SEED", "1"))
KILLS = int(os.environ.get("FAULT_COUNT", "1"))
LINES = 1_000 + 250 * min(KILLS, 6)
YESTERDAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
SLOWLY = {
    "tracker.store.erasures:LEASE_SECONDS": 0.3,
    "tracker.erasure.imported:AT_ONCE": 1,
    "tracker.erasure.imported:_QUEUED_AT_ONCE": 20,
    "tracker.erasure.imported:_PAUSE_SECONDS": 0.05,
    "tracker.erasure.imported:RETRY_SECONDS": 0.1,
    "tracker.importing.batch:BLOCK": 50,
    "tracker.store.imports:NOTED_TOGETHER": 50,
    "tracker.importing.batch:_LOOKED_AT": 50,
}
"""A transaction for few hits at a time, so that there are many moments to be killed at."""
AHEAD = {"unique_visitors", "unique_sessions"}
"""In the middle of a day a visitor may have gone whose other hits are still there."""
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("application")]


def write(path: Path, lines: int, *, first: int = 0) -> str:
    with path.open("a") as log:
        for n in range(first, first + lines):
            at = YESTERDAY - timedelta(minutes=n)
            log.write(
                f'10.0.0.1 - - [{at:%d/%b/%Y:%H:%M:%S} +0000] "GET /{path.stem}/{n} HTTP/1.1" 200 5 "-" "Test"'
                f' "192.0.2.{n % 200}"\n'
            )
    return str(path)


def kill_again_and_again(
    settings: Settings, folder: Path, left: Callable[[], int], *options: str, after: Callable[[], None]
) -> list[int]:
    """Run a command and kill it when some of its work is done, or in the middle of that; what was left each time."""
    chance = random.Random(SEED)
    killed, counts = 0, []
    for kill in range(KILLS):
        enough = left() * (1 - chance.uniform(0.1, 0.7) / (KILLS - kill))
        with running(settings, folder, "-m", "tracker", *options, constants=SLOWLY) as process:
            while left() > enough and process.process.poll() is None:
                pass  # A pause would let it run far beyond the moment.
            time.sleep(chance.random() * 0.01)
            killed += process.process.poll() is None
            process.kill()
        counts.append(left())
        after()
    assert killed == KILLS
    return counts


def wait_in_the_queue(redis: Connection, database: Database, application: Application, source: str, hits: int) -> None:
    """Hits of a log that could not be stored at once, and that nothing takes."""
    with database.transaction() as tx:
        import_id = imports.place(tx, application.id, source)
    now = datetime.now(UTC)
    urls = (f"/{source.removesuffix('.log')}/late/{n}" for n in range(hits))
    made = [hit_of(application, n, created_at=YESTERDAY, url=url) for n, url in enumerate(urls, 1)]
    enqueue(redis, [Entry.imported(hit, import_id, max_retries=3, now=now) for hit in made])


def count(database: Database, condition: str) -> int:
    [(number,)] = rows(database, f"SELECT count(*) FROM access_logs WHERE {condition}")
    return int(number)


def numbers_agree(database: Database, but: set[str]) -> None:
    assert {day.difference.name for day in verify(database, SystemClock()).differences} <= but


def everything_agrees(settings: Settings, database: Database) -> None:
    """Rows, statistics, facts and what `import list` says, counted each in its own way."""
    fold_everything(database)
    make_facts(database, settings.facts_url)
    verified = tracker(settings, "stats", "verify", "--json")
    assert (verified.status, verified.json["differences"]) == (0, []), verified.errors
    assert_exact(database)
    stored = rows(database, "SELECT regexp_replace(url, '^[^/]*(//[^/]*)?', '') FROM access_logs ORDER BY 1")
    assert sorted(facts(database, settings.facts_url, "page")) == stored
    listed = tracker(settings, "import", "list", "--app-id", "shop", "--json").json
    assert sum(log["stored"] for log in listed) == len(stored)


def test_an_undoing_that_is_killed_takes_its_log_out_and_nothing_else(
    settings: Settings, redis: Connection, database: Database, application: Application, tmp_path: Path
) -> None:
    kept = write(tmp_path / "kept.log", 200)
    tracker(settings, "import", kept, "--app-id", "shop")
    work_until_dry(settings)
    fold_everything(database)
    before = statistics(database)
    gone = write(tmp_path / "gone.log", LINES)
    tracker(settings, "import", gone, "--app-id", "shop", constants=SLOWLY)
    work_until_dry(settings)
    everything_agrees(settings, database)
    wait_in_the_queue(redis, database, application, "gone.log", 300)

    undo = "import", "undo", "--source", "gone.log", "--app-id", "shop", "--yes"
    left = kill_again_and_again(
        settings,
        tmp_path,
        lambda: count(database, "url LIKE '%/gone/%'"),
        *undo,
        after=lambda: numbers_agree(database, AHEAD),
    )
    assert 0 < left[0] < LINES
    with running(settings, tmp_path, "-m", "tracker", *undo) as process:
        while process.process.poll() is None:
            make_facts(database, settings.facts_url)  # As the scheduler does; the undoing waits for it.
        assert process.process.returncode == 0, process.output
    work_until_dry(settings)
    assert (count(database, "true"), count(database, "url LIKE '%/kept/%'")) == (200, 200)
    everything_agrees(settings, database)
    assert statistics(database) == before


def test_a_replacing_that_is_killed_writes_each_line_anew_once(
    settings: Settings, redis: Connection, database: Database, tmp_path: Path
) -> None:
    log = write(tmp_path / "access.log", LINES)
    tracker(settings, "import", write(tmp_path / "other.log", 200), "--app-id", "shop")
    tracker(settings, "import", log, "--app-id", "shop", constants=SLOWLY)
    work_until_dry(settings)
    everything_agrees(settings, database)
    replace = "import", "--replace", log, "--app-id", "shop", "--address-from", "forwarded"
    wrong = "url LIKE '%/access/%' AND ip_address = '10.0.0.1'"
    with running(settings, tmp_path, "worker.py") as worker:
        left = kill_again_and_again(
            settings, tmp_path, lambda: count(database, wrong), *replace, after=lambda: numbers_agree(database, AHEAD)
        )
        assert 0 < left[0] < LINES
        finished = tracker(settings, *replace, "--wait", "--json")
        assert finished.status == 0, finished.errors
        worker.stop()
    # What a run had taken out and not queued again when it was killed, the scheduler takes in.
    requeue_waiting(
        database, redis, SystemClock(), queue=settings.rq_queue, drain_seconds=5, queue_limit=settings.queue_limit
    )
    work_until_dry(settings)
    assert rows(database, "SELECT count(*) FROM batch_queue WHERE status <> 'completed'") == [(0,)]
    assert (count(database, "true"), count(database, wrong)) == (LINES + 200, 0)
    [(lines, addresses)] = rows(
        database, "SELECT count(DISTINCT url), count(DISTINCT ip_address) FROM access_logs WHERE url LIKE '%/access/%'"
    )
    assert (lines, addresses) == (LINES, 200)
    everything_agrees(settings, database)
