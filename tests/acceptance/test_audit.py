"""`make audit`: the real pip-audit on the real locks, with a source of advisories on loopback."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support.command_line import PROJECT
from tests.support.needed import need_wheel

ADVISORY = {
    "id": "PYSEC-2026-1",
    "summary": "made up",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "flask"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "999.1"}]}],
            "versions": [],
        }
    ],
}


class Advisories(BaseHTTPRequestHandler):
    """Knows of one advisory, on one package, or has a bad day."""

    package = ""
    status = 200

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        is_it = asked["package"]["name"] == type(self).package
        body = json.dumps({"vulns": [ADVISORY]} if is_it else {}).encode()
        self.send_response(type(self).status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(autouse=True)
def pip_audit() -> None:
    need_wheel("pip_audit")


@pytest.fixture
def source() -> Iterator[tuple[str, type[Advisories]]]:
    handler = type("_Advisories", (Advisories,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query", handler
        server.shutdown()


def audit(url: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "tools/audit.py", "--vulnerability-service=osv", f"--osv-url={url}", "--timeout=30"]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=200)


def test_no_advisory_is_a_success_that_says_how_much_was_audited(source: tuple[str, type[Advisories]]) -> None:
    done = audit(source[0])
    assert done.returncode == 0, done.stderr
    matched = re.fullmatch(r"([0-9]+) packages audited, 0 advisories\.\n", done.stdout)
    assert matched
    assert int(matched[1]) > 50


def test_a_known_advisory_fails_and_is_named(source: tuple[str, type[Advisories]]) -> None:
    source[1].package = "flask"
    done = audit(source[0])
    assert done.returncode == 1
    assert re.search(r"^flask [0-9.]+: PYSEC-2026-1, corrected in 999\.1$", done.stdout, re.MULTILINE)


def test_without_a_network_it_says_so_and_fails_nothing() -> None:
    done = audit("http://127.0.0.1:1/")
    assert done.returncode == 0, done.stderr
    assert "Nothing was found out about advisories" in done.stdout


def test_a_source_that_fails_is_no_success(source: tuple[str, type[Advisories]]) -> None:
    source[1].status = 400
    done = audit(source[0])
    assert done.returncode == 2
    assert "pip-audit failed" in done.stderr
