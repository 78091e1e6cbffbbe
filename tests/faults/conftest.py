"""`make faults`: the fault suite as a table, what happens to what and how long it took to show what holds."""

import pytest

WIDTH = 100


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fault-table", action="store_true", help="print a table of the faults in the end")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not config.getoption("--fault-table"):
        return
    rows = [
        (report.nodeid.partition("::")[2].removeprefix("test_").replace("_", " "), outcome, report.duration)
        for outcome in ("passed", "failed", "error", "skipped")
        for report in terminalreporter.getreports(outcome)
        if report.when == "call" or outcome in ("error", "skipped")
    ]
    terminalreporter.section("faults")
    for sentence, outcome, seconds in sorted(rows):
        terminalreporter.write_line(f"{sentence[:WIDTH]:<{WIDTH}}  {outcome:<7} {seconds:6.1f} s")
    terminalreporter.write_line(f"{len(rows)} faults, {sum(outcome == 'passed' for _, outcome, _ in rows)} passed")
