"""`import --follow`: what is written to a log is stored within two seconds, once, until a signal comes."""

import gzip
import json
import os
import signal
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.command_line import tracker, work_until_dry
from tests.support.running import Running, running
from tests.support.waiting import wait_until
from tracker.config import Settings
from tracker.store.database import Database

NOW = datetime.now(UTC)
pytestmark = pytest.mark.usefixtures("application")


def line(url: str) -> str:
    return f'192.0.2.1 - - [{NOW:%d/%b/%Y}:00:00:00 +0000] "GET {url} HTTP/1.1" 200 5 "-" "Test"\n'


def write(path: Path, *urls: str) -> None:
    with path.open("a") as log:
        log.write("".join(map(line, urls)))


def urls(database: Database) -> Counter[str]:
    with database.transaction() as tx:
        return Counter(dict(tx.execute("SELECT url, count(*) FROM access_logs GROUP BY url").fetchall()))


def processor_seconds(follower: Running) -> float:
    fields = Path(f"/proc/{follower.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    logs = tmp_path / "logs"
    logs.mkdir()
    return logs


def test_lines_of_several_logs_are_stored_within_two_seconds(
    settings: Settings, database: Database, tmp_path: Path, folder: Path
) -> None:
    shop, blog = folder / "shop.log", folder / "blog.log"
    write(shop, "/old", "/old")
    older, oldest = folder / "shop.log.1", folder / "shop.log.2.gz"
    write(older, "/older")
    oldest.write_bytes(gzip.compress(line("/oldest").encode()))
    for age, piece in enumerate((older, oldest), 1):
        os.utime(piece, (NOW.timestamp() - age * 86400,) * 2)
    options = "import", "--follow", f"{folder}/*.log*", "--app-id", "shop", "--json"
    state = {"STATE_DIRECTORY": str(tmp_path / "state")}
    with (
        running(settings, tmp_path, "worker.py") as worker,
        running(settings, tmp_path, "-m", "tracker", *options, **state) as follower,
    ):
        wait_until(lambda: urls(database) == {"/old": 2})
        # A log that is new, one that is rotated, one line at a time.
        write(blog, "/blog")
        wait_until(lambda: "/blog" in urls(database), seconds=20)
        took = []
        for number in range(3):
            shop.rename(folder / f"shop.log-2026112{number}")
            write(shop, f"/{number}", "/old")
            began = time.monotonic()
            wait_until(lambda: f"/{number}" in urls(database))  # noqa: B023 it is called at once
            took.append(time.monotonic() - began)
        assert min(took) < 2  # The machine may be busy twice.
        before = processor_seconds(follower)
        time.sleep(2)
        assert processor_seconds(follower) - before < 0.2
        assert follower.stop(signal.SIGINT) == 0
        worker.stop()
    assert urls(database) == {"/old": 5, "/blog": 1, "/0": 1, "/1": 1, "/2": 1}
    report = json.loads(follower.output[follower.output.index("{") :])
    assert (report["lines"], report["queued"]) == (9, 9)
    # The whole log imported in the plain way: only what nobody followed is new.
    tracker(settings, "import", *map(str, folder.iterdir()), "--app-id", "shop")
    work_until_dry(settings)
    assert urls(database) == {"/old": 5, "/blog": 1, "/0": 1, "/1": 1, "/2": 1, "/older": 1, "/oldest": 1}


def test_a_plain_import_before_and_the_one_after_know_the_same_lines(
    settings: Settings, database: Database, tmp_path: Path, folder: Path
) -> None:
    log = folder / "access.log"
    write(log, "/a", "/a", "/b")
    tracker(settings, "import", str(log), "--app-id", "shop", "--source", "web1")
    options = "import", "--follow", str(log), "--app-id", "shop", "--source", "web1", "--state", str(tmp_path / "state")
    with running(settings, tmp_path, "-m", "tracker", *options) as follower:
        write(log, "/a", "/c")
        wait_until(lambda: (tmp_path / "state").exists() and '"lines": 5' in (tmp_path / "state").read_text())
        second = tracker(settings, *options)
        assert (second.status, "in use by another follower" in second.errors) == (1, True)
        assert follower.stop() == 0
    tracker(settings, "import", str(log), "--app-id", "shop", "--source", "web1")
    work_until_dry(settings)
    assert urls(database) == {"/a": 3, "/b": 1, "/c": 1}


def test_what_cannot_be_followed_is_said_at_once(settings: Settings, tmp_path: Path, folder: Path) -> None:
    state = "--state", str(tmp_path / "state")
    packed = folder / "packed.log.gz"
    packed.write_bytes(gzip.compress(line("/").encode()))
    for arguments, status, words in (
        (("-", "--follow", *state), 2, "standard input (-) is followed without it"),
        (("a.log", *state), 2, "--state belongs to --follow"),
        (("a.log", "--follow", "--wait", *state), 2, "there is no --wait"),
        ((str(packed), "--follow", *state), 1, "import it without --follow"),
        ((str(folder), "--follow", *state), 1, "is no file"),
    ):
        finished = tracker(settings, "import", *arguments, "--app-id", "shop")
        assert (finished.status, words in finished.errors) == (status, True), finished.errors
    for name in ("a", "b"):
        (folder / name).mkdir()
        write(folder / name / "access.log", "/")
    finished = tracker(settings, "import", "--follow", f"{folder}/*/access.log", "--app-id", "shop", *state)
    assert (finished.status, "Several logs are called access.log" in finished.errors) == (1, True)
