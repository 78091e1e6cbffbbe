"""Counting the hits that are left out: in Redis at once, in this process for as long as Redis is unavailable.

Refused hits, which nobody was told are taken, are counted in this process and brought to Redis every few seconds.
"""

import threading
from collections import Counter
from datetime import datetime
from uuid import UUID

from tracker.errors import QueueAway, QueueFull
from tracker.instruments import HITS_FILTERED
from tracker.log import logger
from tracker.queueing.filtered import field_of
from tracker.queueing.producer import Producer
from tracker.web.circuit_breaker import CircuitBreaker

_log = logger(__name__)


class FilteredCounts:
    """Counts by application, hour and reason. Thread-safe. `flush` is called beside the requests, and at the end."""

    def __init__(self, producer: Producer, *, redis_breaker: CircuitBreaker) -> None:
        self._producer, self._redis_breaker = producer, redis_breaker
        self._held: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, application_id: UUID, reason: str, now: datetime, hits: int = 1) -> None:
        """Count `hits`. Nothing is raised: what Redis does not take is held here until it does."""
        HITS_FILTERED.labels(reason).inc(hits)
        field = field_of(application_id, reason, now)
        if self._redis_breaker.allows_call():
            try:
                self._producer.count_filtered(field, hits)
            except QueueFull:
                self._redis_breaker.record_success()
            except QueueAway as error:
                if self._redis_breaker.record_failure():
                    _log.warning("redis unavailable, filtered hits are counted in memory", reason=str(error))
            else:
                self._redis_breaker.record_success()
                return
        with self._lock:
            self._held[field] += hits

    def add_refused(self, application_id: UUID, code: str, now: datetime, hits: int = 1) -> None:
        """Count hits that were refused with a code of the interface; no round trip is spent on them."""
        with self._lock:
            self._held[field_of(application_id, code, now)] += hits

    def flush(self) -> None:
        """Bring what is held to Redis, unless that is not to be used. Raises QueueAway: it stays held."""
        while self._held and not self._redis_breaker.is_forced_open:
            with self._lock:
                if not self._held:
                    return
                field, hits = self._held.popitem()
            try:
                self._producer.count_filtered(field, hits)
            except QueueAway:
                with self._lock:
                    self._held[field] += hits
                raise
