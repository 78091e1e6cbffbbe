"""Programs that say each step before they take it, so that a test can kill them at any of them."""

import sys
from types import ModuleType
from typing import Any


def say_before(owner: ModuleType | type, function: str) -> None:
    """Print the function's name before each call, and go on with the next line that is read, or none."""
    original = getattr(owner, function)

    def saying(*arguments: Any, **named: Any) -> Any:
        print(function, flush=True)  # noqa: T201 the test reads it
        sys.stdin.readline()  # Where the test has a word in this: go on.
        return original(*arguments, **named)

    setattr(owner, function, saying)
