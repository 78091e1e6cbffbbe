"""Who presents a key, and how many wrong ones an address may try.

A key has 256 random bits: guessing one is hopeless, so a right one always counts, whoever else tries wrong ones at the
same address. What has to be held is the load, for each look-up asks PostgreSQL, and an admin token that an operator has
made short enough to be guessed. Addresses are counted in Redis for all processes together, in buckets that do not tell
which address it was (`tracker.queueing.quota`). While Redis is unavailable each process counts by itself.
"""

import hashlib
import hmac
import threading
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tracker.application import ApiKey, Application
from tracker.clock import Clock
from tracker.config import MIN_STRONG_TOKEN
from tracker.errors import QueueUnavailable, Refused, TrackerError
from tracker.privacy.addresses import networks_of
from tracker.queueing import failed_keys
from tracker.queueing.connection import Connection
from tracker.queueing.quota import bucket_of
from tracker.store import applications
from tracker.store.database import Database
from tracker.web.circuit_breaker import CircuitBreaker
from tracker.web.key_usage import KeyUse
from tracker.web.request_headers import TrustedProxies, client_address, presented_key
from tracker.web.token_bucket import TokenBucket

MAX_FAILURES: Final = 30
"""Wrong keys a minute of one IPv4 address or one /64 of IPv6; a /48 has twice as many."""
MAX_FAILURES_OF_ALL: Final = 3000
"""Wrong keys a minute of everybody, beyond which every address counts as one that has tried too many."""
MAX_LOOK_UPS: Final = 200
"""Look-ups a second that a process spends on addresses that have tried too many."""
_MINUTE: Final = 60
_MAX_REMEMBERED: Final = 10_000
_GOOD_SECONDS: Final = 3600.0
"""For how long a key that was right is looked up whatever the load."""


class FailedKeys:
    """Who has tried how many wrong keys in this minute. Thread-safe.

    `salt` is that of the buckets, the same in all processes.
    """

    def __init__(self, redis: Connection, clock: Clock, *, salt: bytes = b"") -> None:
        self._redis, self._clock, self._salt = redis, clock, salt
        self._breaker = CircuitBreaker(clock)
        self._minute = 0
        self._own: Counter[str] = Counter()
        self._good: OrderedDict[bytes, float] = OrderedDict()
        self._look_ups = TokenBucket(MAX_LOOK_UPS, MAX_LOOK_UPS, clock.monotonic())
        self._lock = threading.Lock()

    def are_too_many(self, address: str | None) -> bool:
        """Return whether an address, a network around it, or everybody together has tried too many in this minute."""
        fields, minute = self._fields(address)
        counts = self._counts(fields, minute)
        limits = [MAX_FAILURES * number for number in range(1, len(fields))]
        return any(count >= limit for count, limit in zip(counts, [*limits, MAX_FAILURES_OF_ALL], strict=True))

    def require_look_up(self, presented: str) -> None:
        """Raise Refused (RATE_LIMIT_EXCEEDED) where too much is looked up already for addresses like this one."""
        if self.was_good(presented):
            return
        now = self._clock.monotonic()
        with self._lock:
            if self._look_ups.has_one(now):
                self._look_ups.take()
                return
        raise Refused("RATE_LIMIT_EXCEEDED", 429, "Too many wrong keys come in.", retry_after=1)

    def refused(self) -> Refused:
        """Return the answer to one more wrong key of an address that has tried too many."""
        seconds = _MINUTE - int(self._clock.now().timestamp()) % _MINUTE
        return Refused("RATE_LIMIT_EXCEEDED", 429, "Too many wrong keys came from this address.", retry_after=seconds)

    def failed(self, address: str | None, presented: str) -> None:
        """Count a wrong key; one that was right until it ended is no longer remembered as that."""
        fields, minute = self._fields(address)
        with self._lock:
            self._good.pop(_mark(presented), None)
            self._begin(minute)
            self._own.update(fields)
        if not self._breaker.allows_call():
            return
        try:
            failed_keys.add(self._redis, fields, minute)
        except QueueUnavailable:
            self._breaker.record_failure()
        else:
            self._breaker.record_success()

    def succeeded(self, presented: str) -> None:
        """Remember that a key was right."""
        mark = _mark(presented)
        with self._lock:
            self._good[mark] = self._clock.monotonic()
            self._good.move_to_end(mark)
            while len(self._good) > _MAX_REMEMBERED:
                self._good.popitem(last=False)

    def was_good(self, presented: str) -> bool:
        """Return whether a key was right within an hour, in this process."""
        at = self._good.get(_mark(presented))
        return at is not None and self._clock.monotonic() - at < _GOOD_SECONDS

    def _fields(self, address: str | None) -> tuple[list[str], int]:
        """Return what counts an address: its buckets, narrowest first, and everybody's; and the minute."""
        minute = int(self._clock.now().timestamp()) // _MINUTE
        networks = networks_of(address) if address else ("unknown",)
        buckets = [
            f"{number}:{bucket_of(network, 'wrong keys', minute, self._salt)}"
            for number, network in enumerate(networks, start=1)
        ]
        return [*buckets, failed_keys.ALL], minute

    def _counts(self, fields: Sequence[str], minute: int) -> list[int]:
        with self._lock:
            self._begin(minute)
            counted_here = [self._own[field] for field in fields]
        if not self._breaker.allows_call():
            return counted_here
        try:
            shared = failed_keys.counts(self._redis, fields, minute)
        except QueueUnavailable:
            self._breaker.record_failure()
            return counted_here
        self._breaker.record_success()
        return [max(pair) for pair in zip(counted_here, shared, strict=True)]

    def _begin(self, minute: int) -> None:
        if minute != self._minute:
            self._minute = minute
            self._own.clear()


def _mark(presented: str) -> bytes:
    return hashlib.sha256(presented.encode("utf-8", "replace")).digest()


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """The operator, who has neither of the two, or the holder of a key of an application."""

    application: Application | None = None
    key: ApiKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCheck:
    """Tells good keys from wrong ones, and counts the wrong ones of an address."""

    database: Database
    clock: Clock
    failed_keys: FailedKeys
    key_use: KeyUse
    admin_token: str | None

    def holder(self, address: str | None, presented: str) -> KeyHolder:
        """Return who presents this key. Raises Refused (INVALID_API_KEY, RATE_LIMIT_EXCEEDED) and DatabaseUnavailable.

        A right key counts however many wrong ones came from its address. Only an admin token that is short enough to
        be guessed does not, unless it was right in this process within an hour.
        """
        too_many = self.failed_keys.are_too_many(address)
        if self._is_admin_token(presented) and not (too_many and self._may_be_guessed(presented)):
            self.failed_keys.succeeded(presented)
            return KeyHolder()
        if too_many:
            self.failed_keys.require_look_up(presented)
        key_holder = self._find(presented)
        if key_holder is None:
            self.failed_keys.failed(address, presented)
            if too_many:
                raise self.failed_keys.refused()
            raise Refused("INVALID_API_KEY", 401, "The API key is unknown, revoked or expired.")
        self.failed_keys.succeeded(presented)
        return key_holder

    def knows(self, environ: Mapping[str, Any], proxies: TrustedProxies) -> bool:
        """Return whether a request presents a good key or the admin token, as far as can be told now."""
        presented = presented_key(environ)
        if presented is None:
            return False
        try:
            self.holder(client_address(environ, proxies), presented)
        except TrackerError:
            return False
        return True

    def _is_admin_token(self, presented: str) -> bool:
        return bool(self.admin_token) and hmac.compare_digest(presented.encode(), str(self.admin_token).encode())

    def _may_be_guessed(self, token: str) -> bool:
        return len(token) < MIN_STRONG_TOKEN and not self.failed_keys.was_good(token)

    def _find(self, presented: str) -> KeyHolder | None:
        with self.database.transaction() as tx:
            application = applications.of_key(tx, presented)
        if application is None or application.deleted:
            return None
        now = self.clock.now()
        key = application.key(presented, now)
        if key is None:
            return None
        self.note_use(key)
        return KeyHolder(application, key)

    def note_use(self, key: ApiKey) -> None:
        """Remember that a key was used just now."""
        self.key_use.note(key, self.clock.now())
