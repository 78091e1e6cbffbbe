"""Unexpected errors of a process are reported where TRACKER_SENTRY_DSN says, without anything of hits or settings."""

import gzip
import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.command_line import PROJECT, environment, tracker
from tests.support.waiting import wait_until
from tracker import __version__, error_reports
from tracker.config import Settings
from tracker.errors import SettingsInvalid

FAILING = """
import runpy
from tracker import schedule

def fail(*_, **__):
    password = "not to be told"
    raise TypeError("a mistake of ours")

schedule.end_sessions = fail
runpy.run_path("scheduler.py", run_name="__main__")
"""


class Collector(http.server.BaseHTTPRequestHandler):
    """What takes reports: their paths and bodies."""

    taken: list[tuple[str, str]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.taken.append((self.path, body.decode()))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def collecting() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    taken: list[tuple[str, str]] = []
    handler = type("Own", (Collector,), {"taken": taken})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://key@127.0.0.1:{server.server_port}/42", taken
        finally:
            server.shutdown()
            thread.join()


def test_a_turn_that_fails_unexpectedly_is_reported(settings: Settings) -> None:
    with collecting() as (dsn, taken):
        variables = environment(settings, TRACKER_SENTRY_DSN=dsn)
        with subprocess.Popen(
            [sys.executable, "-c", FAILING], cwd=PROJECT, env=variables, stderr=subprocess.PIPE
        ) as process:
            try:
                wait_until(lambda: taken)
            finally:
                process.terminate()
                _, errors = process.communicate(timeout=60)
    path, report = taken[0]
    assert path == "/api/42/envelope/"
    for word in ("a mistake of ours", "turn failed", "end sessions", f"access-log-tracker@{__version__}", "TypeError"):
        assert word in report
    assert "not to be told" not in report
    assert settings.database_url not in report
    assert b"a mistake of ours" in errors  # The log has it all the same.


def test_an_address_that_is_none_is_refused_at_the_start(settings: Settings) -> None:
    finished = tracker(settings, "scheduler", "--check", TRACKER_SENTRY_DSN="secret-nonsense")
    assert finished.status == 2
    assert "TRACKER_SENTRY_DSN is not accepted" in finished.errors
    assert "secret" not in finished.errors


def test_the_package_is_asked_for_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)
    with pytest.raises(SettingsInvalid, match="pip install sentry-sdk"):
        error_reports.reporter("https://key@example.org/1")


def test_without_the_setting_it_is_not_imported(settings: Settings) -> None:
    program = """
import sys, tracker.cli.serve, tracker.jobs
from tracker.error_reports import reporter
print(reporter(None), "sentry_sdk" in sys.modules)
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=PROJECT, env=environment(settings), capture_output=True, check=True)
    assert done.stdout.strip() == b"None False"
