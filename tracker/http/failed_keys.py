"""Wrong keys, rationed by address: whoever tries many is not even looked up for the rest of the minute.

Keys have 256 random bits and cannot be guessed, but an admin token is what an operator made of it, and each look-up
asks PostgreSQL. The counts are in Redis, for all processes together. While Redis is away each process counts by
itself: nobody is let in for that, and nobody is kept out.
"""

import hashlib
import ipaddress
import threading
from collections import OrderedDict
from typing import Final

from tracker.clock import Clock
from tracker.errors import QueueAway, Refused
from tracker.http.outage import Outage
from tracker.queueing import failed_keys
from tracker.queueing.connection import Connection

MOST_FAILURES: Final = 30
"""Wrong keys of one address in one minute."""
_MINUTE: Final = 60
_MOST_REMEMBERED: Final = 10_000
_GOOD_SECONDS: Final = 3600.0
"""For how long a key that was right keeps its address open to it, should others there try wrong ones."""


class FailedKeys:
    """Who has tried how many wrong keys in this minute. Thread-safe."""

    def __init__(self, redis: Connection, clock: Clock) -> None:
        self._redis, self._clock = redis, clock
        self._outage = Outage(clock)
        self._own: OrderedDict[tuple[str, int], int] = OrderedDict()
        self._good: OrderedDict[bytes, float] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, address: str | None, presented: str) -> None:
        """Raise Refused (RATE_LIMIT_EXCEEDED) where too many wrong keys came from an address in this minute.

        A key that was right from this very address within an hour is looked up all the same: a neighbour's broken
        script must not lock others out.
        """
        place = _place(address)
        now = int(self._clock.now().timestamp())
        if self._failures(place, now // _MINUTE) < MOST_FAILURES or self._was_good(place, presented):
            return
        raise Refused(
            "RATE_LIMIT_EXCEEDED",
            429,
            "Too many wrong keys came from this address.",
            retry_after=_MINUTE - now % _MINUTE,
        )

    def failed(self, address: str | None, presented: str) -> None:
        """Count a wrong key; one that was right until it ended is looked up no longer than others."""
        place, minute = _place(address), int(self._clock.now().timestamp()) // _MINUTE
        with self._lock:
            self._good.pop(_mark(place, presented), None)
            self._own[place, minute] = self._own.get((place, minute), 0) + 1
            while len(self._own) > _MOST_REMEMBERED:
                self._own.popitem(last=False)
        if self._outage.keeps_away():
            return
        try:
            failed_keys.add(self._redis, place, minute)
        except QueueAway:
            self._outage.met()
        else:
            self._outage.over()

    def succeeded(self, address: str | None, presented: str) -> None:
        """Remember that a key was right."""
        mark = _mark(_place(address), presented)
        with self._lock:
            self._good[mark] = self._clock.monotonic()
            self._good.move_to_end(mark)
            while len(self._good) > _MOST_REMEMBERED:
                self._good.popitem(last=False)

    def _failures(self, place: str, minute: int) -> int:
        own = self._own.get((place, minute), 0)
        if own >= MOST_FAILURES or self._outage.keeps_away():
            return own
        try:
            shared = failed_keys.count(self._redis, place, minute)
        except QueueAway:
            self._outage.met()
            return own
        self._outage.over()
        return max(own, shared)

    def _was_good(self, place: str, presented: str) -> bool:
        at = self._good.get(_mark(place, presented))
        return at is not None and self._clock.monotonic() - at < _GOOD_SECONDS


def _place(address: str | None) -> str:
    """What counts as one address: of IPv6 the /64, all of which one machine may have."""
    if address is None:
        return "unknown"
    parsed = ipaddress.ip_address(address)
    return address if parsed.version == 4 else str(ipaddress.ip_network((parsed, 64), strict=False))  # noqa: PLR2004


def _mark(place: str, presented: str) -> bytes:
    return hashlib.sha256(f"{place} {presented}".encode("utf-8", "replace")).digest()
