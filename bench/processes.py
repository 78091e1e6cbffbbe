"""Processes that a row starts, and what Linux tells of them: CPU time, memory, children."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.errors import NotMeasured

PROJECT = Path(__file__).resolve().parent.parent
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Process:
    """A process that a row started, with the processes below it and the file its output goes to."""

    popen: subprocess.Popen[bytes]
    output: Path

    @property
    def pids(self) -> list[int]:
        """Itself and everything below it."""
        return list(_tree(self.popen.pid))

    @property
    def cpu_seconds(self) -> float:
        """User and system time of the living tree and of the children that were waited for."""
        return sum(_cpu_seconds(pid) for pid in self.pids)

    def last_lines(self, count: int = 15) -> str:
        return "\n".join(self.output.read_text(errors="replace").splitlines()[-count:])


@contextmanager
def started(
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    output: Path,
    folder: Path = PROJECT,
    stop_seconds: float = 20,
) -> Iterator[Process]:
    """Run `python ARGUMENTS` in `folder` until the block ends: SIGTERM, then SIGKILL to its whole group."""
    with output.open("wb") as log:
        popen = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=folder,
            env={**os.environ, **environment},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    process = Process(popen, output)
    try:
        yield process
    finally:
        popen.terminate()
        try:
            popen.wait(stop_seconds)
        except subprocess.TimeoutExpired:
            os.killpg(popen.pid, signal.SIGKILL)
            popen.wait()


def printed_by(
    arguments: Sequence[str], *, environment: Mapping[str, str], timeout: float, folder: Path = PROJECT
) -> bytes:
    """Return the standard output of `python ARGUMENTS`, run in `folder` to its end in a fresh process."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        timeout=timeout,
        check=False,
    )
    if done.returncode:
        raise NotMeasured(f"{' '.join(arguments)} ended with {done.returncode}: {done.stderr.decode()[-1500:]}")
    return done.stdout


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def wait_until_listening(port: int, process: Process, *, seconds: float = 30) -> None:
    """Return when something accepts connections; NotMeasured with the end of the log where nothing does in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.popen.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise NotMeasured(f"nothing listens on the port:\n{process.last_lines()}")


def cpu_seconds_below(pid: int, names: Sequence[str], folder: Path) -> dict[str, float]:
    """Return user and system time of the processes below `pid` whose program has one of `names` and works in `folder`.

    Those of children that have ended are included.
    """
    spent = dict.fromkeys(names, 0.0)
    for below in _tree(pid):
        with suppress(OSError):  # It ended while it was looked at.
            name = Path(f"/proc/{below}/comm").read_text().strip()
            if name in spent and Path(f"/proc/{below}/cwd").readlink().is_relative_to(folder):
                spent[name] += _cpu_seconds(below)
    return spent


def _tree(pid: int) -> Iterator[int]:
    yield pid
    try:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text().split():
                yield from _tree(int(child))
    except OSError:  # It ended while it was looked at.
        return


def _cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(field) for field in fields[11:15]) / _TICKS


def resident_bytes(pid: int) -> int | None:
    """The resident set size, shared pages counted in full; None for a process that is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError):
        return None


def peak_bytes(pid: int | str = "self") -> int | None:
    """The most that was resident at a time; None for a process that is gone.

    `ru_maxrss` begins with what the process had that started it, and may tell of that one.
    """
    return _kilobytes(Path(f"/proc/{pid}/status"), "VmHWM:")


def proportional_bytes(pid: int) -> int | None:
    """The proportional set size: shared pages divided among those that share them; None where it cannot be read."""
    return _kilobytes(Path(f"/proc/{pid}/smaps_rollup"), "Pss:")


def _kilobytes(file: Path, name: str) -> int | None:
    """Return the bytes that a line of that name tells; None where there is none."""
    try:
        for line in file.read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024
    except OSError:
        return None
    return None
