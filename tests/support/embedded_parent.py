"""A process that starts both embedded servers and then ends in some way; the tests are its own parent.

Run as a script it starts the servers in the folder that it is given, says where they are, and waits to be ended.
Imported it is how a test runs that script, as another user too, and looks at what is left of it.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

REPOSITORY = Path(__file__).resolve().parents[2]
CLONE_NEWUSER = 0x10000000
PATIENCE = 60.0
"""Seconds after which whatever is still there stays there."""


def main(arguments: Sequence[str]) -> None:
    folder, *options = arguments
    # A suite that is run under nohup passes on that this is ignored.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if "alone" in options:
        become_root_alone()
    from tracker.embedded import Postgres, Valkey  # Only now: a user namespace wants a process of one thread.

    servers = Postgres(Path(folder)), Valkey(Path(folder))
    if "thread" in options:
        starter = threading.Thread(target=lambda: [server.start() for server in servers])
        starter.start()
        starter.join()
    else:
        for server in servers:
            server.start()
    sys.stdout.write(json.dumps({"postgres": servers[0].url, "valkey": servers[1].url}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    if "exit" in options:
        os._exit(3)
    for server in servers:
        server.stop()


def become_root_alone() -> None:
    """Enter a user namespace that knows root and nobody else, as some containers do."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text("0 0 1")
    Path("/proc/self/gid_map").write_text("0 0 1")


def user_namespaces_allowed() -> bool:
    """Whether this machine lets a process have a user namespace of its own."""
    probe = "import ctypes, sys; sys.exit(ctypes.CDLL(None).unshare(0x10000000) != 0)"
    return subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0


@dataclass
class Parent:
    """That script as a running process."""

    process: subprocess.Popen[str]
    postgres: str
    valkey: str
    start_seconds: float = 0.0

    @classmethod
    def start(
        cls,
        folder: Path,
        *options: str,
        python: Sequence[str] = (sys.executable,),
        path: Sequence[Path] = (REPOSITORY,),
        **popen: Any,
    ) -> Self:
        began = time.monotonic()
        process = subprocess.Popen(
            [*python, "-B", str(path[0] / "tests/support/embedded_parent.py"), str(folder), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
            env={"PYTHONPATH": os.pathsep.join(map(str, path)), "PATH": os.defpath},
            **popen,
        )
        assert process.stdout
        line = process.stdout.readline()
        if not line:
            raise AssertionError(f"the parent ended at once: {process.communicate()[1]}")
        return cls(process, **json.loads(line), start_seconds=time.monotonic() - began)

    def tell_to_end(self) -> None:
        """Let the script go on from where it waits: it stops its servers, or just exits."""
        self.process.communicate()

    def descendants(self) -> set[int]:
        return set(_descendants(self.process.pid))

    def close(self) -> None:
        """End it the hard way, and wait until its servers have let go of their folder."""
        processes = self.descendants() if self.process.poll() is None else set()
        self.process.kill()
        self.process.communicate()
        left_over(processes)


def _descendants(pid: int) -> Iterator[int]:
    for child in _children(pid):
        yield child
        yield from _descendants(child)


def _children(pid: int) -> list[int]:
    """The children of every thread of a process; of one that has ended meanwhile there are none."""
    numbers: list[int] = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            numbers += map(int, (task / "children").read_text().split())
    except (FileNotFoundError, ProcessLookupError):
        pass  # PostgreSQL's short-lived helpers come and go.
    return numbers


def alive(pids: set[int]) -> set[int]:
    """Those that still run; a zombie that nobody has collected yet has ended."""
    running = set()
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state not in "ZX":
            running.add(pid)
    return running


def left_over(pids: set[int], *, within: float = PATIENCE) -> set[int]:
    """Wait until none of these runs, or the time is over; what is left then."""
    deadline = time.monotonic() + within
    while (left := alive(pids)) and time.monotonic() < deadline:
        time.sleep(0.01)
    return left


if __name__ == "__main__":
    main(sys.argv[1:])
