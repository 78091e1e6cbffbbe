"""Programs of ours as processes of a test, by a fork of one that has their libraries loaded where that is the same.

Such a fork (`tests.support.warm_commands`) begins in a hundredth of the time. It becomes a child of this process, as
one that is started in the usual way; only its command line in /proc is another's.
"""

import atexit
import ctypes
import functools
import json
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from tests.support import own_network

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE = 240
Streams = tuple[IO[bytes], IO[bytes], IO[bytes]]
_NETWORK = own_network.here()
_WARM_SCRIPTS = ("worker.py", "scheduler.py", "tests/support/")
_WARM_MODULES = ("tracker", "tests.support.with_constants")
_READ_AT_THE_START = ("PYTHONPATH", "LD_PRELOAD", "FAKETIME_NO_CACHE", "FAKETIME_DONT_FAKE_MONOTONIC")
"""Variables that come too late for a fork: where they differ it is one of another warm process."""
_PR_SET_CHILD_SUBREAPER = 36
_LIBC = ctypes.CDLL(None)
_ONE_AT_A_TIME = threading.Lock()


def start(
    streams: Streams, variables: Mapping[str, str], *arguments: str, folder: Path = PROJECT
) -> subprocess.Popen[bytes]:
    """Start `python` with these arguments, environment and standard streams."""
    warm = arguments[0].startswith(_WARM_SCRIPTS) or (arguments[0] == "-m" and arguments[1] in _WARM_MODULES)
    warm = warm and variables["PYTHONPATH"].split(os.pathsep)[-1] == str(PROJECT)
    # What is read as RQ, or libfaketime, is loaded comes too late for one that is loaded already.
    warm = warm and not {"RQ_KEY_PREFIX", "FAKETIME_TIMESTAMP_FILE"} & variables.keys()
    warm = warm and own_network.here() == _NETWORK  # The warm process would see, or keep, another test's network.
    if warm:
        return _Fork(streams, variables, arguments, folder)
    given, output, errors = streams
    return subprocess.Popen(
        [sys.executable, *arguments], stdin=given, stdout=output, stderr=errors, env=variables, cwd=folder
    )


class _Fork(subprocess.Popen[bytes]):
    """A process that the warm one has forked for us, with what its users need of `Popen`."""

    def __init__(
        self, streams: Streams, variables: Mapping[str, str], arguments: tuple[str, ...], folder: Path
    ) -> None:
        order = json.dumps({"variables": dict(variables), "arguments": arguments, "folder": str(folder)}).encode()
        orders = _warm_process(*((name, variables[name]) for name in _READ_AT_THE_START if name in variables))
        with _ONE_AT_A_TIME:
            _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # What the warm process leaves behind is our child.
            try:
                socket.send_fds(orders, [order], [stream.fileno() for stream in streams])
                self.pid = int(orders.recv(100))
            finally:
                _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
        self.args = [sys.executable, *arguments]
        self.stdin = self.stdout = self.stderr = None
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:  # Who looked at it as a process of the system has seen the end of it.
                pid, status = self.pid, 0
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.poll() is None:
            ended = os.pidfd_open(self.pid)
            try:
                select.select([ended], [], [], timeout)
            finally:
                os.close(ended)
        status = self.poll()
        if status is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return status


@functools.cache
def _warm_process(*read_at_the_start: tuple[str, str]) -> socket.socket:
    """Start a warm process, which ends with this one; where it takes orders."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(PATIENCE)
    with theirs:
        command = [sys.executable, "-m", "tests.support.warm_commands"]
        # Its clock, where libfaketime is loaded, is right; that of each fork is what its own FAKETIME says.
        variables = {"PATH": os.defpath, "FAKETIME": "+0d", **dict(read_at_the_start)}
        process = subprocess.Popen(command, stdin=theirs, cwd=PROJECT, env=variables)

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours
