"""How many connections one holder has at a time, so that it cannot keep all others waiting."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from tracker.errors import ShareInUse


class PerKeyLimit:
    """Thread-safe. Whoever asks for more than `per_key` waits for one of its own to come back."""

    def __init__(self, per_key: int) -> None:
        self._per_key = per_key
        self._held: Counter[str] = Counter()
        self._changed = threading.Condition()

    @contextmanager
    def held(self, holder: str, *, wait: float) -> Iterator[None]:
        """Hold one while the block runs. Raises ShareInUse where none comes back within `wait` seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._held[holder] < self._per_key, timeout=wait):
                raise ShareInUse(f"{self._per_key} connections to PostgreSQL are in use for this application already.")
            self._held[holder] += 1
        try:
            yield
        finally:
            with self._changed:
                self._held[holder] -= 1
                self._held += Counter()  # Forgets those that hold none.
                self._changed.notify_all()
