"""Something that every process makes for itself, when it first needs it: connections and threads survive no fork."""

import os
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PerProcess(Generic[T]):
    """Calling it gives the process's own `T`, made by `make` once. Thread-safe."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: T | None = None
        self._lock = threading.Lock()
        os.register_at_fork(after_in_child=self._forget)

    def __call__(self) -> T:
        made = self._made
        if made is not None:
            return made
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made

    def _forget(self) -> None:
        """In a child the parent's copy belongs to the parent, and its lock may be held by a thread that is not here."""
        self._made = None
        self._lock = threading.Lock()
