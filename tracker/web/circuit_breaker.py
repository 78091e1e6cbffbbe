"""A circuit breaker: after a failure nobody asks a server for a moment, so that not every request waits in vain."""

import threading

from tracker.clock import Clock


class CircuitBreaker:
    """The breaker in front of one server. Thread-safe.

    `seconds` is how long nobody asks the server after a failure. Then a single caller does while the others go on
    doing without; `trial_seconds` later another one may, should the first hang. While it `is_forced_open` nobody asks
    at all: the server may answer, and is not to be used.
    """

    def __init__(self, clock: Clock, *, seconds: float = 1.0, trial_seconds: float = 5.0) -> None:
        self._clock = clock
        self._seconds = seconds
        self._trial_seconds = trial_seconds
        self._ask_again_at: float | None = None
        self.is_forced_open = False
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        return self.is_forced_open or self._ask_again_at is not None

    def allows_call(self) -> bool:
        """Tell whether the caller may ask the server, and then has to report a failure or a success."""
        # Read without the lock: the usual case costs next to nothing.
        if not self.is_open:
            return True
        if self.is_forced_open:
            return False
        with self._lock:
            now = self._clock.monotonic()
            if self._ask_again_at is None:
                return True
            if now < self._ask_again_at:
                return False
            self._ask_again_at = now + self._trial_seconds
            return True

    def record_failure(self) -> bool:
        """Open it: the server did not answer. Return whether that is news."""
        with self._lock:
            is_news = self._ask_again_at is None
            self._ask_again_at = self._clock.monotonic() + self._seconds
            return is_news

    def record_success(self) -> bool:
        """Close it: the server answered. Return whether that is news."""
        if self._ask_again_at is None:
            return False
        with self._lock:
            is_news = self._ask_again_at is not None
            self._ask_again_at = None
            return is_news
