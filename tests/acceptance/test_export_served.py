"""Exports by the front door: how much memory one takes, and what a client sees of one that breaks off."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from http.client import IncompleteRead
from pathlib import Path

import psycopg
import pytest

from tests.support.command_line import PROJECT, environment
from tests.support.raw_hits import execute, fill, make_months
from tests.support.serving import Serving
from tests.support.waiting import PATIENCE
from tracker.application import Application
from tracker.config import Settings
from tracker.store.database import Database
from tracker.store.partitions import Month

DAYS = "start_date=2024-01-01&end_date=2024-01-31"
MOST_MEGABYTES = 130
"""Of a whole process; the libraries take some fifty. All hits at once would take several hundred."""
MEASURED = (
    "import pathlib, re, sys\n"
    "from tracker.cli.main import main\n"
    "try:\n"
    "    main()\n"
    "finally:\n"
    "    status = pathlib.Path('/proc/self/status').read_text()\n"
    "    print('peak', re.search('VmHWM:\\\\s+([0-9]+) kB', status)[1], file=sys.stderr)\n"
)
"""The command, and at its end the most memory it had, which unlike `ru_maxrss` is that of this program alone."""


LONG_HITS = 3000
"""Each has 41,600 bytes."""
AT_ONCE = 250_000
"""Hits that one statement writes: as many as are sure to be written within a connection's patience."""
AS_MANY_AS_ONE_LIKES = "EXPORTED_HITS" in os.environ


def fill_january(database: Database, application: Application, hits: int) -> None:
    make_months(database, Month(2024, 1))
    columns = {
        "client_sub_id": "'visitor ' || n % 50000",
        "user_agent": "'=cmd|''/C calc''!A0 ' || repeat('Mozilla/5.0 ', 10)",
        "custom_params": "jsonb_build_object('page_type', 'p' || n % 10, 'product_id', n)",
    }
    every = min(timedelta(seconds=1.5), timedelta(days=31) / hits)
    for first in range(0, hits, AT_ONCE):
        fill(
            database,
            application,
            min(AT_ONCE, hits - first),
            first=first + 1,
            start=datetime(2024, 1, 1, tzinfo=UTC),
            every=f"{every.total_seconds()} seconds",
            **columns,
        )


@pytest.fixture
def january(database: Database, application: Application) -> int:
    """How many hits there are: 100,000, or as many as EXPORTED_HITS says."""
    hits = int(os.environ.get("EXPORTED_HITS", "100000"))
    fill_january(database, application, hits)
    return hits


@pytest.mark.slow
@pytest.mark.timeout(0 if AS_MANY_AS_ONE_LIKES else 300)
@pytest.mark.parametrize(
    "options",
    [
        pytest.param(["--format", "csv"], id="csv"),
        pytest.param(["--format", "jsonl", "--gzip"], id="jsonl.gz", marks=pytest.mark.long),
    ],
)
@pytest.mark.long
def test_the_memory_of_an_export_does_not_grow_with_it(
    settings: Settings, january: int, tmp_path: Path, options: list[str]
) -> None:
    hits = january
    output = tmp_path / "hits"
    command = ["export", "--app-id", "shop", "--from", "2024-01-01", "--to", "2024-01-31", "--output", str(output)]
    started = time.monotonic()
    finished = subprocess.run(
        [sys.executable, "-c", MEASURED, *command, *options],
        env=environment(settings),
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=None if AS_MANY_AS_ONE_LIKES else 240,
        check=True,
    )
    print(f"{hits} hits in {time.monotonic() - started:.1f} s;", finished.stderr.splitlines()[-1], "kB")  # noqa: T201 for -s
    assert f"{hits} hits exported." in finished.stderr
    assert int(finished.stderr.rpartition("peak ")[2]) < MOST_MEGABYTES * 1024, finished.stderr
    assert output.stat().st_size > hits * 10
    assert not output.with_name("hits.part").exists()


@pytest.fixture
def serving(settings: Settings, tmp_path: Path) -> Iterator[Serving]:
    # Not `-m tracker`, which is a fork of the warm process: that one's memory would count as the server's.
    program = "from tracker.cli.main import main; main()"
    command = ["-c", program, "serve", "--port", "PORT", "--workers", "1"]
    given = environment(settings, TRACKER_ADMIN_TOKEN=str(settings.admin_token), TRACKER_LOG_FORMAT="console")
    server = Serving(command, given, tmp_path, processes=1)
    try:
        server.wait_until_live()
        yield server
    finally:
        server.process.terminate()
        server.process.wait(timeout=PATIENCE)


@pytest.mark.long
def test_an_export_that_breaks_off_is_broken_for_the_client_and_one_that_nobody_reads_ends(
    serving: Serving, settings: Settings, database: Database, application: Application
) -> None:
    fill_january(database, application, 60_000)
    headers = {"Authorization": f"Bearer {settings.admin_token}"}
    request = ("GET", f"/v1/export?app_id=shop&{DAYS}", None, headers)
    with closing(serving.connect()) as whole:
        whole.request(*request)
        assert len(whole.getresponse().read().splitlines()) == 60_001
    with closing(serving.connect()) as broken:
        broken.request(*request)
        answer = broken.getresponse()
        assert answer.status == 200
        assert answer.read(1000).startswith(b"tracking_id,")
        execute(database, "ALTER TABLE access_logs RENAME TO access_logs_elsewhere")
        with pytest.raises(IncompleteRead) as broken_off:
            answer.read()
        assert broken_off.value.partial.endswith(b'\r\n"INCOMPLETE: the export broke off here."\r\n')
    execute(database, "ALTER TABLE access_logs_elsewhere RENAME TO access_logs")
    for _ in range(5):
        with closing(serving.connect()) as left:
            left.request(*request)
            assert left.getresponse().read(10) == b"tracking_i"
        wait_until_nobody_reads(settings)


@pytest.mark.slow
@pytest.mark.long
def test_exports_of_the_longest_hits_that_nobody_reads_take_no_more_memory_than_others(
    serving: Serving, settings: Settings, database: Database, application: Application
) -> None:
    make_months(database, Month(2024, 1))
    start = datetime(2024, 1, 1, tzinfo=UTC)
    for first in range(0, LONG_HITS, 500):
        fill(database, application, 500, first=first + 1, start=start, url="repeat(md5(n::text), 1300)")
    headers = {"Authorization": f"Bearer {settings.admin_token}"}
    for form in ("csv", "jsonl"):
        with closing(serving.connect()) as whole:
            whole.request("GET", f"/v1/export?app_id=shop&{DAYS}&format={form}", None, headers)
            assert whole.getresponse().read().count(b"\n") == LONG_HITS + (form == "csv")
        with ExitStack() as unread:
            for _ in range(2):
                connection = unread.enter_context(closing(serving.connect()))
                connection.request("GET", f"/v1/export?app_id=shop&{DAYS}&format={form}", None, headers)
                assert connection.getresponse().read(10)
            time.sleep(2)  # As long as a server needs to read on where nothing holds it.
        wait_until_nobody_reads(settings)
    assert peak_megabytes(serving) < MOST_MEGABYTES, "all of it has 120 MB"


def peak_megabytes(serving: Serving) -> int:
    """The most memory that a process of the server had."""
    pids = [str(serving.process.pid)]
    for pid in pids:
        pids += Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    statuses = [Path(f"/proc/{pid}/status").read_text() for pid in pids]
    return max(int(line.split()[1]) // 1024 for text in statuses for line in text.splitlines() if "VmHWM" in line)


def test_an_export_begins_within_seconds_also_where_its_first_page_takes_long(
    serving: Serving, settings: Settings, database: Database, application: Application
) -> None:
    fill_january(database, application, 5_000)
    headers = {"Authorization": f"Bearer {settings.admin_token}"}
    with (
        closing(serving.connect()) as lines,
        closing(serving.connect()) as table,
        psycopg.connect(settings.database_url) as locking,
    ):
        locking.execute("LOCK TABLE ONLY access_logs IN ACCESS EXCLUSIVE MODE")
        lines.request("GET", f"/v1/export?app_id=shop&{DAYS}&format=jsonl", None, headers)
        table.request("GET", f"/v1/export?app_id=shop&{DAYS}", None, headers)
        assert (jsonl := lines.getresponse()).status == 200
        assert (csv := table.getresponse()).status == 200
        assert csv.readline().startswith(b"tracking_id,")
        locking.rollback()
        assert len(jsonl.read().splitlines()) == len(csv.read().splitlines()) == 5_000


def wait_until_nobody_reads(settings: Settings) -> None:
    """Until the server has no transaction of an export open, and its places are free."""
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        for _ in range(5000):
            [busy] = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tracker-export' AND state <> 'idle'"
            ).fetchone() or [1]
            if not busy:
                return
            connection.execute("SELECT pg_sleep(0.01)")
    pytest.fail("an export goes on that nobody reads")
