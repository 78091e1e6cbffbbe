"""Our long-running programs as processes of a test: `worker.py` and `scheduler.py`."""

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.command_line import environment
from tests.support.started import start
from tests.support.waiting import PATIENCE
from tests.support.with_constants import program_with
from tracker.config import Settings


class Running:
    """A program that was started, and what it has said."""

    def __init__(self, program: list[str], variables: Mapping[str, str], log: Path) -> None:
        self._log = log
        with log.open("wb") as output, Path(os.devnull).open("rb") as nothing:
            self.process = start((nothing, output, output), variables, *program)

    @property
    def output(self) -> str:
        return self._log.read_text()

    def said(self, words: str) -> bool:
        return words in self.output

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Tell it to end; the status with which it did."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def running(
    settings: Settings,
    folder: Path,
    program: str,
    *options: str,
    constants: Mapping[str, float] | None = None,
    **more: str,
) -> Iterator[Running]:
    """A program until the block ends, its output in `folder`; of `constants` tests/support/with_constants.py tells."""
    log = folder / f"{program}-{len(list(folder.glob('*.log')))}.log"
    started = Running(program_with(constants or {}, program, *options), environment(settings, **more), log)
    try:
        yield started
    finally:
        started.kill()
