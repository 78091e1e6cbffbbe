"""Packages that a library imports where they are installed, though nothing here uses what it does with them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hidden(name: str) -> Iterator[None]:
    """Import within this block as if a package were not installed, unless it is loaded already."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # an import of it raises ModuleNotFoundError
    try:
        yield
    finally:
        del sys.modules[name]
