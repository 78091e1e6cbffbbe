"""Engines in processes of their own: the memory that one takes goes back to the machine when nothing is to be made.

A process whose engine was closed waits for the next one, and ends by itself when none comes. Whatever becomes of it
(killed, out of memory) is a failure of the statement that it works on; one that takes too long is killed.
"""

import os
import pickle
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from itertools import count
from typing import Any, Final

from tracker.facts.engine_connection import THREADS, EngineFailure, EngineRow, Parameters

_IDLE_SECONDS: Final = 20.0
"""While hits arrive an engine is opened every few seconds: to load it anew each time would take CPU for nothing."""
_NOT_ITS: Final = ("TRACKER_", "DATABASE_", "REDIS_", "PG", "AWS_")
"""What names of the environment begin with that hold secrets of which the engine needs to know nothing."""
_ENDED: Final = "ProcessEnded"
_INTERRUPTED: Final = "InterruptException"


class ProcessConnection:
    """An engine in a process of its own. Thread-safe, one statement at a time."""

    def __init__(self, folder: str, memory_megabytes: int, spill: str, threads: int = THREADS) -> None:
        """Take a process that is free, or start one. Raises EngineFailure."""
        self._numbers = count()
        while True:
            try:
                self._process, is_new = _free.pop(), False
            except IndexError:
                self._process, is_new = _Process(), True
            try:
                self._process.ask("open", folder, memory_megabytes, spill, threads)
            except EngineFailure as failure:
                if is_new or failure.name != _ENDED:
                    raise
            else:
                return

    def cursor(self) -> "ProcessCursor":
        return ProcessCursor(self._process, next(self._numbers))

    def close(self) -> None:
        with suppress(EngineFailure):
            self._process.ask("close")
            _free.append(self._process)


class ProcessCursor:
    """One cursor of it, for one thread. To interrupt it ends the process."""

    def __init__(self, process: "_Process", number: int) -> None:
        self._process = process
        self._number = number
        self._is_interrupted = self._is_closed = False
        self._ending = threading.Lock()
        process.ask("open_cursor", number)

    def rows(self, statement: str, params: Parameters) -> list[EngineRow]:
        """Return every row of the answer. Raises EngineFailure."""
        rows: list[EngineRow] = self._ask("rows", statement, params)
        return rows

    def run(self, statement: str, params: Parameters) -> None:
        """Run what has no answer. Raises EngineFailure."""
        self._ask("run", statement, params)

    def interrupt(self) -> None:
        """End what runs. Once the cursor is closed this is nobody's business: another may have the process by then."""
        with self._ending:
            if not self._is_closed:
                self._is_interrupted = True
                self._process.kill()

    def close(self) -> None:
        with self._ending:
            self._is_closed = True
        with suppress(EngineFailure):
            self._process.ask("close_cursor", self._number)

    def _ask(self, method: str, statement: str, params: Parameters) -> Any:  # noqa: ANN401 what the method returns
        try:
            return self._process.ask(method, self._number, statement, params)
        except EngineFailure as failure:
            if self._is_interrupted:
                raise EngineFailure(_INTERRUPTED, "It took too long.") from failure
            raise


class _Process:
    """A running process with room for one engine."""

    def __init__(self) -> None:
        """Start it. Raises EngineFailure where the machine, or a limit, has no room for a process more."""
        try:
            self._start()
        except (OSError, RuntimeError) as error:
            raise EngineFailure(_ENDED, f"The process of the engine cannot be started: {error}") from error

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            # Modules are found where this process found them, in whatever way it was started.
            environment = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_ITS)}
            environment["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, sys.path))
            self._popen = subprocess.Popen(  # noqa: S603 a program of our own
                [sys.executable, "-P", "-m", "tracker.facts.engine_host", str(theirs.fileno()), str(_IDLE_SECONDS)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=environment,
            )
            self._stream = ours.makefile("rwb")
        self._lock = threading.Lock()
        # Nothing of one that has ended is left, though nobody may ever ask it again.
        threading.Thread(target=self._popen.wait, name="engine", daemon=True).start()

    def ask(self, method: str, *arguments: object) -> Any:  # noqa: ANN401 what the method returns
        """Return what a method of `HostedEngine` returns. Raises EngineFailure."""
        with self._lock:
            try:
                pickle.dump((method, arguments), self._stream)
                self._stream.flush()
                is_answered, answer = pickle.load(self._stream)  # noqa: S301 from a process of our own
            except (EOFError, OSError, pickle.UnpicklingError) as error:
                raise EngineFailure(_ENDED, f"The process of the engine has ended: {error}") from error
            except BaseException:
                # After Ctrl-C the answer is still to come: nobody is to take it for that of the next question.
                self.kill()
                raise
        if not is_answered:
            raise EngineFailure(*answer)
        return answer

    def kill(self) -> None:
        self._popen.kill()


_free: list[_Process] = []
"""Processes without an engine."""
os.register_at_fork(after_in_child=_free.clear)
