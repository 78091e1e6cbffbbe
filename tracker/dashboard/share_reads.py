"""How often a share link may be read: it stands where anybody finds it, and each page of it costs reports."""

import threading
from typing import Final

from tracker.clock import Clock
from tracker.errors import Refused
from tracker.privacy.addresses import networks_of
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
_MINUTE: Final = 60.0
_MAX_GUESSERS: Final = 10_000
"""Addresses of a minute that are remembered: those beyond them have no guess of their own."""
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
        self._guessers: set[str] = set()
        self._minute = 0.0
        self._lock = threading.Lock()

    def take(self, share: Share, *, is_look: bool) -> None:
        """Count one request, of a page or a look at what goes on now.

        Raises Refused (RATE_LIMIT_EXCEEDED) where there are too many.
        """
        self._take(self._looks if is_look else self._pages, share)

    def take_guess(self, share: Share, address: str | None) -> None:
        """Count one password that is entered. Raises Refused (RATE_LIMIT_EXCEEDED) where there are too many.

        The first one of an address in each minute is its own: whoever knows the password gets in while others guess.
        """
        if not self._is_first(networks_of(address)[0] if address else ""):
            self._take(self._guesses, share, "Too many passwords are tried at this link: try again in a minute.")

    def _is_first(self, network: str) -> bool:
        minute = self._clock.monotonic() // _MINUTE
        with self._lock:
            if minute != self._minute:
                self._minute = minute
                self._guessers.clear()
            if network in self._guessers or len(self._guessers) >= _MAX_GUESSERS:
                return False
            self._guessers.add(network)
            return True

    def _take(self, buckets: TokenBuckets, share: Share, sentence: str = "This link is read too often.") -> None:
        now = self._clock.monotonic()
        with self._lock:
            bucket = buckets.bucket_of(share.id, now)
            if bucket.has_one(now):
                bucket.take()
                return
        raise Refused("RATE_LIMIT_EXCEEDED", 429, sentence, retry_after=1)
