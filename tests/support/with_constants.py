"""A program of ours in which some constants are others: `python -m tests.support.with_constants JSON scheduler.py`.

JSON maps `module:NAME`, or `module:Class.name`, to the value that it is to have, so that a test need not wait for as
long as an operator would. The program is a file, or a module after `-m`, with its arguments.
"""

import json
import runpy
import sys
from collections.abc import Mapping
from functools import reduce
from importlib import import_module

NO_RECEIVER = {"tracker.erasure.application:RECEIVERS_SECONDS": 0.0}
"""For a purge while no receiver takes hits: it waits for none to learn of it."""
NOBODY_READS = {
    "tracker.facts.folder:Folder.grace_seconds": 0.1,
    "tracker.erasure.copy:_PAUSE_SECONDS": 0.05,
}
"""For an erasure while nobody reads reports: files that were replaced go soon, and it waits for that."""
NOTHING_MOVES = {"tracker.ledger.balance:_PAUSE_SECONDS": 0.01}
"""For a command that looks at the ledger while no hit is on its way: the looks need no time between them."""


def command_with(constants: Mapping[str, float], *program: str) -> list[str]:
    """What to run instead of `python` and `program`."""
    return [sys.executable, *program_with(constants, *program)]


def program_with(constants: Mapping[str, float], *program: str) -> list[str]:
    """What Python is to run instead of `program`."""
    return ["-m", "tests.support.with_constants", json.dumps(constants), *program] if constants else list(program)


def main(constants: str, *program: str) -> None:
    for place, value in json.loads(constants).items():
        module, _, names = place.partition(":")
        *owners, name = names.split(".")
        owner = reduce(getattr, owners, import_module(module))
        if not hasattr(owner, name):
            raise AttributeError(place)
        setattr(owner, name, value)
    if program[0] == "-m":
        sys.argv = list(program[1:])
        runpy.run_module(program[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = list(program)
        runpy.run_path(program[0], run_name="__main__")


if __name__ == "__main__":
    main(*sys.argv[1:])
