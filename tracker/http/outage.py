"""Remembers for a moment that a server is away, so that not every request waits for a time-out of its own."""

import threading

from tracker.clock import Clock


class Outage:
    """One server's outage as its callers met it. Thread-safe.

    `seconds` is how long nobody asks the server again. After that a single caller does while the others still take
    it as away; `patience` seconds later another one may, should the first hang. While it `is_held` nobody asks at all:
    the server may answer, and is not to be used.
    """

    def __init__(self, clock: Clock, *, seconds: float = 1.0, patience: float = 5.0) -> None:
        self._clock = clock
        self._seconds = seconds
        self._patience = patience
        self._ask_again_at: float | None = None
        self.is_held = False
        self._lock = threading.Lock()

    @property
    def lasts(self) -> bool:
        return self.is_held or self._ask_again_at is not None

    def keeps_away(self) -> bool:
        """Whether the caller is to do without the server. False obliges to report with `met` or `over`."""
        # Read without the lock: the usual case, no outage, costs next to nothing.
        if not self.lasts:
            return False
        if self.is_held:
            return True
        with self._lock:
            now = self._clock.monotonic()
            if self._ask_again_at is None:
                return False
            if now < self._ask_again_at:
                return True
            self._ask_again_at = now + self._patience
            return False

    def met(self) -> bool:
        """The server was found away. True where that is news."""
        with self._lock:
            news = self._ask_again_at is None
            self._ask_again_at = self._clock.monotonic() + self._seconds
            return news

    def over(self) -> bool:
        """The server answered. True where that is news."""
        if self._ask_again_at is None:
            return False
        with self._lock:
            news = self._ask_again_at is not None
            self._ask_again_at = None
            return news
