"""The parent of the processes that serve: it listens, starts them, replaces those that die, and ends them."""

import ctypes
import os
import resource
import signal
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from tracker.errors import CannotListen
from tracker.log import logger

_PR_SET_PDEATHSIG: Final = 1
_PAUSE_SECONDS: Final = 0.5
"""Between the starts of processes in the same place, so that one that dies again and again takes no whole core."""
_RECEIVE_BUFFER: Final = 4 * 1024 * 1024
_STOPS: Final = frozenset({signal.SIGTERM, signal.SIGINT})
_WATCHED: Final = _STOPS | {signal.SIGCHLD}

_log = logger(__name__)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens at the address and shares it with nobody. Raises CannotListen."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        # Connections of an earlier process that are still winding down do not matter; another listener does.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1)
    except OSError as error:
        raise CannotListen(f"{host} port {port}: {error.strerror or error}. {_advice(error)}") from error
    listener.setblocking(False)
    return listener


def bind_datagrams(host: str, port: int) -> socket.socket:
    """Return a socket that receives datagrams at the address. Raises CannotListen."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        receiver = socket.socket(family, kind, protocol)
        # The kernel drops what comes while this is full; it gives as much of it as it may.
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        receiver.bind(address)
    except OSError as error:
        raise CannotListen(f"{host} port {port} (UDP): {error.strerror or error}. {_advice(error)}") from error
    receiver.setblocking(False)
    return receiver


def _advice(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "Ports below 1024 are for root: take a higher --port."
    if isinstance(error, socket.gaierror):
        return "Give an address of this machine as --host."
    return "Stop the server that listens there, or take another --port or --host."


def raise_file_limit() -> int:
    """Allow as many open files, sockets among them, as this process may; how many that is."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard if hard != resource.RLIM_INFINITY else 1_048_576


@dataclass(slots=True)
class _Child:
    pid: int
    serve: "Serve"
    ready: int
    """The end of a pipe, in which a byte waits once the child serves."""
    started_at: float


Serve = Callable[[Callable[[], object]], None]
"""Serves until a signal says otherwise; its argument is to be called once it is ready."""


class Supervisor:
    """Keeps processes running: one for each of `serves`, which share the listeners."""

    def __init__(self, serves: Sequence[Serve], *, listeners: Sequence[socket.socket], kill_seconds: float) -> None:
        self._serves, self._listeners, self._kill_seconds = serves, listeners, kill_seconds
        self._children: dict[int, _Child] = {}

    def run(self) -> bool:
        """Return when all have ended: True after a signal that says so, False where one died before it was ready."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
        for serve in self._serves:
            self._start(serve)
        while True:
            received = signal.sigwait(_WATCHED)
            if received in _STOPS:
                self._stop()
                return True
            for child in self._reap():
                was_ready = os.read(child.ready, 1)
                os.close(child.ready)
                if not was_ready:
                    _log.error("process died before it was ready", pid=child.pid)
                    self._stop()
                    return False
                _log.warning("process died and is replaced", pid=child.pid)
                time.sleep(max(0.0, child.started_at + _PAUSE_SECONDS - time.monotonic()))
                self._start(child.serve)

    def _start(self, serve: Serve) -> None:
        reading, writing = os.pipe()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                os.close(reading)
                self._serve_as_child(serve, parent, writing)
                status = 0
            except BaseException:  # noqa: BLE001 the child has nobody above it to raise to
                _log.exception("process ends")
            finally:
                os._exit(status)
        os.close(writing)
        self._children[pid] = _Child(pid, serve, reading, time.monotonic())

    @staticmethod
    def _serve_as_child(serve: Serve, parent: int, ready: int) -> None:
        # One whose parent was killed stops as if it had been asked to.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            return
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _WATCHED)
        serve(partial(os.write, ready, b"1"))

    def _reap(self) -> list[_Child]:
        ended = []
        while self._children:
            pid, _ = os.waitpid(-1, os.WNOHANG)
            if not pid:
                break
            if (child := self._children.pop(pid, None)) is not None:
                ended.append(child)
        return ended

    def _stop(self) -> None:
        """Ask the processes to end, wait for them, and kill those that do not. A second signal kills them at once."""
        # As long as any process has a listener open, the kernel makes connections for it that nobody accepts any more.
        for listener in self._listeners:
            listener.close()
        for pid in self._children:
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + self._kill_seconds
        while self._children:
            left = deadline - time.monotonic()
            received = signal.sigtimedwait(_WATCHED, left) if left > 0 else None
            if received is None or received.si_signo in _STOPS:
                for pid in self._children:
                    os.kill(pid, signal.SIGKILL)
                deadline = time.monotonic() + self._kill_seconds
            self._reap()
