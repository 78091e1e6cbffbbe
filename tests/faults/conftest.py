"""`make faults`: the fault suite as a table, what was broken, what became of the hits, and how it was seen to bite."""

import os
import platform
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support import fault_rows

if TYPE_CHECKING:
    from tests.support.world import World, Worlds

SEED = int(os.environ.get("FAULT_SEED", "1"))
WIDTH = 100


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--fault-table", metavar="FILE", help="print a table of the faults in the end, and write it to FILE"
    )


@pytest.fixture(scope="module")
def worlds() -> Iterator["Worlds"]:
    from tests.support.world import Worlds

    opened = Worlds(SEED)
    yield opened
    opened.close()


@pytest.fixture
def world(worlds: "Worlds") -> "World":
    """The installation that the faults of a file are done to, one after the other."""
    return worlds.present()


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.stash[_STARTED] = time.monotonic()


_STARTED = pytest.StashKey[float]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    file = config.getoption("--fault-table")
    if not file:
        return
    reports = [
        (report, outcome)
        for outcome in ("passed", "failed", "error", "skipped")
        for report in terminalreporter.getreports(outcome)
        if report.when == "call" or outcome in ("error", "skipped")
    ]
    rows = [
        fault_rows.Row(*value)
        for report, _ in reports
        for name, value in report.user_properties
        if name == fault_rows.PROPERTY
    ]
    others = sorted(
        (report.nodeid.partition("::")[2].removeprefix("test_").replace("_", " "), outcome, report.duration)
        for report, outcome in reports
        if outcome != "passed" or not any(name == fault_rows.PROPERTY for name, _ in report.user_properties)
    )
    took = (time.monotonic() - config.stash[_STARTED]) / 60
    passed = sum(outcome == "passed" for _, outcome in reports)
    about = (
        f"{datetime.now(UTC):%Y-%m-%d}, seed {SEED}, {took:.0f} minutes, {os.cpu_count()} CPUs, load average "
        f"{os.getloadavg()[2]:.1f}, Python {platform.python_version()}: {passed} of {len(reports)} tests passed."
    )
    lines = [about, "", *fault_rows.table(rows)]
    Path(file).write_text("\n".join(lines) + "\n")
    terminalreporter.section("faults")
    for sentence, outcome, seconds in others:
        terminalreporter.write_line(f"{sentence[:WIDTH]:<{WIDTH}}  {outcome:<7} {seconds:6.1f} s")
    terminalreporter.section(f"the table, in {file} too")
    for line in lines:
        terminalreporter.write_line(line)
