"""Places for what lasts: so many at a time in a process, and so many of them for one application."""

import threading
from collections import Counter


class ConcurrencyLimit:
    """Thread-safe. Nobody waits for a place: there is one or there is none."""

    def __init__(self, *, all_together: int, per_application: int) -> None:
        """`per_application` is the most that one application has, so that it cannot keep the others out."""
        self._all_together = all_together
        self._per_application = per_application
        self._held: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, app_id: str) -> bool:
        """Take a place where one is free for this application; whether there was one."""
        with self._lock:
            if self._held.total() >= self._all_together or self._held[app_id] >= self._per_application:
                return False
            self._held[app_id] += 1
            return True

    def give_back(self, app_id: str) -> None:
        """Once for each place taken."""
        with self._lock:
            self._held[app_id] -= 1
            self._held += Counter()  # Forgets those that hold none.
