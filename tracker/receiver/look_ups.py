"""Which look-ups of PostgreSQL a process spends on hits that it would refuse otherwise.

A key, or a state of an application, that is not known is looked up before its hit is refused, for clients do not repeat
what was refused. So that guessing costs the guesser, an answer holds for a moment, and there are only so many look-ups
for one address and for the process.
"""

import threading
from collections import OrderedDict
from typing import Final

from tracker.clock import Clock
from tracker.web.token_bucket import TokenBucket, TokenBuckets

_SETTLED_SECONDS: Final = 2.0
"""For how long a key that PostgreSQL did not know is refused without asking again."""
_MAX_SETTLED: Final = 10_000
_MAX_ADDRESSES: Final = 10_000
MAX_FOR_AN_ADDRESS: Final = 30
"""Look-ups that an address may cause at once; they come back at `_PER_SECOND_FOR_AN_ADDRESS`."""
_PER_SECOND_FOR_AN_ADDRESS: Final = 2.0
MAX_FOR_THE_PROCESS: Final = 100
_PER_SECOND_FOR_THE_PROCESS: Final = 50.0


class LookUps:
    """What was looked up lately, and what may be. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._settled: OrderedDict[tuple[str, ...], float] = OrderedDict()
        self._addresses = TokenBuckets(
            lambda now: TokenBucket(MAX_FOR_AN_ADDRESS, _PER_SECOND_FOR_AN_ADDRESS, now), limit=_MAX_ADDRESSES
        )
        self._process = TokenBucket(MAX_FOR_THE_PROCESS, _PER_SECOND_FOR_THE_PROCESS, clock.monotonic())
        self._lock = threading.Lock()

    def is_settled(self, question: tuple[str, ...]) -> bool:
        """Return whether this was asked a moment ago."""
        with self._lock:
            return self._clock.monotonic() < self._settled.get(question, 0.0)

    def settle(self, question: tuple[str, ...], began: float, seconds: float = _SETTLED_SECONDS) -> None:
        """Note that this was asked, at `began` by the clock, and that the answer was no."""
        with self._lock:
            self._settled[question] = began + seconds
            self._settled.move_to_end(question)
            while len(self._settled) > _MAX_SETTLED:
                self._settled.popitem(last=False)

    def take(self, networks: tuple[str, ...]) -> str | None:
        """Spend one look-up of a caller's networks and of the process; else say whose are spent: `address`, `process`.

        What the address may not spend costs the process nothing.
        """
        now = self._clock.monotonic()
        with self._lock:
            buckets = [self._addresses.bucket_of(network, now) for network in networks]
            if not all(bucket.has_one(now) for bucket in buckets):
                return "address"
            if not self._process.has_one(now):
                return "process"
            for bucket in (*buckets, self._process):
                bucket.take()
            return None
