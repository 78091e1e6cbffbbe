"""The token buckets of the rate limiters within a process. None is thread-safe: its owner has the lock."""

from collections import OrderedDict
from collections.abc import Callable, Hashable


class TokenBucket:
    """Holds at most `most` tokens and gets back `per_second`."""

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


class TokenBuckets:
    """A bucket for each key. Those that were asked for longest ago are forgotten where there are more than `limit`."""

    def __init__(self, make: Callable[[float], TokenBucket], *, limit: int) -> None:
        """`make` is given the time, and returns a full one."""
        self._make, self._limit = make, limit
        self._buckets: OrderedDict[Hashable, TokenBucket] = OrderedDict()

    def bucket_of(self, key: Hashable, now: float) -> TokenBucket:
        """Return the key's bucket, a full one where it has none."""
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = self._make(now)
            while len(self._buckets) > self._limit:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(key)
        return bucket
