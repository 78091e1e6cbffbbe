"""Programs of this folder that say their steps (`saying_steps`, `halting_worker`), started by `started` with pipes."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from subprocess import Popen
from typing import IO

from tests.support.started import PROJECT, start


@dataclass(frozen=True)
class Stepping:
    """A program, what it says, and what it reads, if it waits for a word at each step."""

    process: Popen[bytes]
    output: IO[str]
    given: IO[str]

    def step(self) -> str:
        """The next step that it says."""
        step = next(self.steps(), "")
        assert step, "the program has ended by itself"
        return step

    def steps(self) -> Iterator[str]:
        """The steps that it says until it ends."""
        return (line.rstrip("\n") for line in self.output)

    def go_on(self) -> None:
        self.given.write("go on\n")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def stepping(environment: Mapping[str, str], program: str, *arguments: str, waits: bool = False) -> Iterator[Stepping]:
    """Start `tests/support/PROGRAM.py`, and kill it in the end; where it `waits` it takes no step before `go_on`."""
    (said, says), (reads, gives) = os.pipe(), os.pipe()
    variables = {**environment, "PYTHONPATH": str(PROJECT)}
    with os.fdopen(said) as output, os.fdopen(gives, "w", buffering=1) as given:
        with os.fdopen(reads, "rb") as standard_input, os.fdopen(says, "wb") as standard_output:
            streams = standard_input, standard_output, sys.stderr.buffer
            process = start(streams, variables, f"tests/support/{program}.py", *arguments)
        if not waits:
            given.close()
        started = Stepping(process, output, given)
        try:
            yield started
        finally:
            started.kill()
