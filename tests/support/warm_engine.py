"""The process of an engine as a fork of a command that is a fork itself (`tests.support.warm_commands`).

What it loads is loaded there already, which takes two hundred milliseconds of CPU each time; the program is the same.
`tests/integration/test_engine_process.py` starts it in the usual way.
"""

import gc
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import SimpleNamespace

from tracker.facts import engine_host, engine_process


def fork_engines() -> None:
    """From now on a process for an engine is a fork of this one."""
    starting = SimpleNamespace(Popen=ForkedEngine, DEVNULL=subprocess.DEVNULL)
    engine_process.subprocess = starting  # type: ignore[assignment]


class ForkedEngine:
    """What `engine_process` needs of a `Popen`."""

    def __init__(self, command: Sequence[str], *, pass_fds: Sequence[int], stdin: int, env: Mapping[str, str]) -> None:
        assert stdin == subprocess.DEVNULL
        (descriptor,) = pass_fds
        self.pid = os.fork()
        if self.pid == 0:
            _be_engine(descriptor, float(command[-1]), env)
        self._handle = os.pidfd_open(self.pid)

    def wait(self) -> int:
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status)

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)


def _be_engine(descriptor: int, idle_seconds: float, variables: Mapping[str, str]) -> None:
    """Be the program; never returns. Of what the command has open it keeps one end of a socket."""
    status = 1
    try:
        gc.freeze()
        os.environ.clear()
        os.environ.update(variables)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.closerange(3, descriptor)
        os.closerange(descriptor + 1, 1 << 20)
        engine_host.main(descriptor, idle_seconds)
        status = 0
    except BaseException as error:  # noqa: BLE001 as an interpreter does with what nobody has caught
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        os._exit(status)
