"""The token bucket of the rate limiters within a process."""


class TokenBucket:
    """Holds at most `most` tokens and gets back `per_second`. Not thread-safe: its owner has the lock."""

    __slots__ = ("_at", "_left", "_most", "_per_second")

    def __init__(self, most: int, per_second: float, now: float) -> None:
        self._most, self._per_second, self._left, self._at = most, per_second, float(most), now

    def has_one(self, now: float) -> bool:
        """Return whether a token is there at this time of a monotonic clock, in seconds."""
        self._left = min(self._most, self._left + (now - self._at) * self._per_second)
        self._at = now
        return self._left >= 1

    def take(self) -> None:
        """Take a token that `has_one` has seen."""
        self._left -= 1
