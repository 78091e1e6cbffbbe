"""A process of ours that we started and that ends with us, however we end."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tracker.embedded import keeper
from tracker.errors import EmbeddedServerFailed

PATIENCE = 30.0
"""Seconds that a process gets to end by itself: more than the workers' drain budget of a demo."""
_QUOTED_LINES = 12


class ChildProcess:
    """One child under a keeper, in a session of its own, with its output in a file.

    Ctrl-C in the terminal is for us alone: we then stop our children in our own order. Where we are killed, the keeper
    (tracker.embedded.keeper) ends the child within two seconds.
    """

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self.log_file = folder / f"{name}.log"
        plan = keeper.Plan(
            parent=os.getpid(),
            command=list(command),
            environment=dict(environment),
            identity="same",
            uid=os.geteuid(),
            gid=os.getegid(),
            signals=[int(signal.SIGTERM)],
            patience=PATIENCE,
            remove="",
        )
        with self.log_file.open("ab") as log:
            self._keeper = subprocess.Popen(  # noqa: S603 - the command is ours
                [sys.executable, "-I", "-S", keeper.__file__, json.dumps(plan)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=folder,
                start_new_session=True,
            )

    @property
    def running(self) -> bool:
        return self._keeper.poll() is None

    def check(self) -> None:
        """Raise EmbeddedServerFailed, with the end of its log, where it has ended."""
        if not self.running:
            status = self._keeper.returncode
            raise EmbeddedServerFailed(f"The {self.name} ended with status {status}; {self._log_end()}")

    def ask_to_stop(self) -> None:
        """Tell it to finish what it is in the middle of and end; `wait` waits for that."""
        if self.running:
            self._keeper.send_signal(signal.SIGTERM)

    def wait(self) -> None:
        """Wait until it has gone; after its patience it is killed."""
        try:
            self._keeper.wait(PATIENCE + 5)
        except subprocess.TimeoutExpired:
            self._keeper.kill()
            self._keeper.wait()

    def _log_end(self) -> str:
        lines = self.log_file.read_text(errors="replace").splitlines()[-_QUOTED_LINES:]
        return f"{self.log_file} ends with:\n" + "\n".join(lines)
