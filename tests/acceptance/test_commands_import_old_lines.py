"""An import of what the running scheduler does not keep: somebody is asked, and what goes next is said."""

import os
import pty
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.command_line import PATIENCE, PROJECT, Finished, environment, tracker, work_until_dry
from tests.support.queued_hits import rows
from tracker.config import Settings
from tracker.store import retention_state
from tracker.store.database import Database
from tracker.store.partitions import Month

KEPT = 3
"""TRACKER_RETENTION_MONTHS of the scheduler."""


def this_month() -> Month:
    """Return the month of the test: the suite may have begun in another."""
    return Month.of(datetime.now(UTC))


@pytest.fixture
def keeps_all(settings: Settings, database: Database) -> Settings:
    """The settings of a command, while a scheduler runs that keeps few months."""
    with database.transaction() as tx:
        retention_state.note_months(tx, KEPT)
    return replace(settings, retention_months=0)


def log(folder: Path, *months: Month) -> str:
    lines = [
        f'192.0.2.1 - - [{month.start:%d/%b/%Y}:00:00:01 +0000] "GET / HTTP/1.1" 200 5 "-" "Test"\n' for month in months
    ]
    (folder / "access.log").write_text("".join(lines))
    return str(folder / "access.log")


def hits(settings: Settings, database: Database) -> int:
    work_until_dry(settings)
    ((count,),) = rows(database, "SELECT count(*) FROM access_logs")
    assert isinstance(count, int)
    return count


@pytest.mark.usefixtures("application")
def test_lines_that_the_scheduler_does_not_keep_are_imported_only_at_a_word(
    keeps_all: Settings, database: Database, tmp_path: Path
) -> None:
    file = log(tmp_path, this_month(), this_month().plus(-KEPT), this_month().plus(-KEPT - 1), this_month().plus(-30))
    refused = tracker(keeps_all, "import", file, "--app-id", "shop")
    assert refused.status == 2
    assert f"access.log line 3 is of {this_month().plus(-KEPT - 1)}-01" in " ".join(refused.errors.split())
    assert f"TRACKER_RETENTION_MONTHS={KEPT}" in refused.errors
    assert hits(keeps_all, database) == 0
    taken = tracker(keeps_all, "import", file, "--app-id", "shop", "--yes")
    assert (taken.status, taken.output[:18]) == (0, "4 lines: 4 stored,")
    assert hits(keeps_all, database) == 4


@pytest.mark.usefixtures("application")
@pytest.mark.parametrize(("answer", "stored"), [("n", 0), ("y", 2)])
def test_who_sits_at_a_terminal_is_asked_once(
    answer: str, stored: int, keeps_all: Settings, database: Database, tmp_path: Path
) -> None:
    file = log(tmp_path, this_month().plus(-KEPT - 1), this_month().plus(-KEPT - 2))
    asked = at_a_terminal(keeps_all, answer, "import", file, "--app-id", "shop")
    assert asked.status == (0 if stored else 1), asked.errors
    assert asked.errors.count("Import all the same?") == 1
    assert hits(keeps_all, database) == stored


@pytest.mark.usefixtures("application")
def test_a_log_that_comes_by_standard_input_is_never_taken_for_an_answer(
    keeps_all: Settings, database: Database, tmp_path: Path
) -> None:
    old = Path(log(tmp_path, this_month().plus(-KEPT - 1))).read_bytes()
    refused = tracker(keeps_all, "import", "-", "--app-id", "shop", given=old + b"y\n")
    assert refused.status == 2
    assert hits(keeps_all, database) == 0


@pytest.mark.usefixtures("application")
def test_nobody_is_asked_where_the_scheduler_keeps_what_is_imported(
    keeps_all: Settings, database: Database, tmp_path: Path
) -> None:
    within = log(tmp_path, this_month().plus(-KEPT))
    assert tracker(keeps_all, "import", within, "--app-id", "shop").status == 0
    with database.transaction() as tx:
        retention_state.note_months(tx, 0)
    old = log(tmp_path, this_month().plus(-30))
    assert tracker(keeps_all, "import", old, "--app-id", "shop").status == 0
    assert hits(keeps_all, database) == 2


def test_which_month_goes_next_is_said(keeps_all: Settings, settings: Settings) -> None:
    first, goes_on = this_month().plus(-1), this_month().plus(KEPT)
    sentence = f"{first} goes next, on {goes_on.start:%Y-%m-%d} (TRACKER_RETENTION_MONTHS={KEPT})."
    assert sentence in tracker(settings, "partitions", "list").errors
    findings = {finding["check"]: finding for finding in tracker(keeps_all, "doctor", "--json").json}
    assert findings["partitions"]["seen"].endswith(sentence)
    assert findings["retention"]["level"] == "warn"
    same = tracker(replace(settings, retention_months=KEPT), "doctor", "--json").json
    assert [finding for finding in same if finding["check"] == "retention"] == []


def at_a_terminal(settings: Settings, answer: str, *arguments: str) -> Finished:
    """Run a command whose standard input is a terminal at which somebody types an answer."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, f"{answer}\n".encode())
        ended = subprocess.run(
            [sys.executable, "-m", "tracker", *arguments],
            env=environment(settings),
            cwd=PROJECT,
            stdin=theirs,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    return Finished(ended.returncode, ended.stdout, ended.stderr)
