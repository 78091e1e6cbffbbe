"""How often a share link may be read: it stands where anybody finds it, and each page of it costs reports."""

import threading
from typing import Final

from tracker.clock import Clock
from tracker.errors import Refused
from tracker.store.shares import Share
from tracker.web.token_bucket import TokenBucket, TokenBuckets

PER_SECOND: Final = 20.0
LOOKS_PER_SECOND: Final = 50.0
"""The same of what the live page asks for every two seconds, which costs little: a hundred people are 50 a second."""
AT_ONCE: Final = 200
"""Requests of one link that a process answers."""
GUESSES_PER_SECOND: Final = 1.0
"""The same of passwords that are entered: to check one takes a quarter of a second of CPU."""
GUESSES_AT_ONCE: Final = 10
_MAX_REMEMBERED: Final = 1000


class ShareReads:
    """Counts the requests of each link in this process. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pages = TokenBuckets(lambda now: TokenBucket(AT_ONCE, PER_SECOND, now), limit=_MAX_REMEMBERED)
        self._looks = TokenBuckets(lambda now: TokenBucket(AT_ONCE, LOOKS_PER_SECOND, now), limit=_MAX_REMEMBERED)
        self._guesses = TokenBuckets(
            lambda now: TokenBucket(GUESSES_AT_ONCE, GUESSES_PER_SECOND, now), limit=_MAX_REMEMBERED
        )
        self._lock = threading.Lock()

    def take(self, share: Share, *, is_look: bool) -> None:
        """Count one request, of a page or a look at what goes on now.

        Raises Refused (RATE_LIMIT_EXCEEDED) where there are too many.
        """
        self._take(self._looks if is_look else self._pages, share)

    def take_guess(self, share: Share) -> None:
        """Count one password that is entered. Raises Refused (RATE_LIMIT_EXCEEDED) where there are too many."""
        self._take(self._guesses, share)

    def _take(self, buckets: TokenBuckets, share: Share) -> None:
        now = self._clock.monotonic()
        with self._lock:
            bucket = buckets.bucket_of(share.id, now)
            if bucket.has_one(now):
                bucket.take()
                return
        raise Refused("RATE_LIMIT_EXCEEDED", 429, "This link is read too often.", retry_after=1)
