"""Which hits are not counted as visits, and why: a reason each, and each is counted, so that none vanishes silently."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Literal, Protocol
from uuid import UUID

from tracker.errors import QueueFull, QueueUnavailable
from tracker.instruments import HITS_FILTERED
from tracker.log import logger
from tracker.privacy.bots import is_bot
from tracker.privacy.programs import is_client
from tracker.queueing.filtered import field_of
from tracker.queueing.sharded_producer import ShardedProducer
from tracker.receiver.rules import Rules
from tracker.web.circuit_breaker import CircuitBreaker

Reason = Literal["bot", "prefetch", "gpc", "dnt"]

_AHEAD = {
    "HTTP_SEC_PURPOSE": ("prefetch", "prerender"),
    "HTTP_PURPOSE": ("prefetch", "preview"),
    "HTTP_X_PURPOSE": ("prefetch", "preview"),
    "HTTP_X_MOZ": ("prefetch",),
}
"""Headers of pages that are fetched although nobody has asked for them yet, and what says so in them."""

_log = logger(__name__)


def reason_to_drop(rules: Rules, environ: Mapping[str, Any], user_agent: str | None) -> Reason | None:
    """Return why a browser's hit is dropped, if it is."""
    if rules.respect_dnt == "drop" and (said := wish_of(environ)):
        return said
    if rules.drops_bots:
        if _is_fetched_ahead(environ):
            return "prefetch"
        if user_agent and is_bot(user_agent) and not is_client(user_agent):
            return "bot"
    return None


def reason_to_drop_keyed(rules: Rules, user_agent: str | None) -> Reason | None:
    """Return the same for a hit that came with an API key: only what it carries itself counts, not who brings it."""
    return "bot" if rules.drops_bots and user_agent and is_bot(user_agent) else None


def left_out_in(values: Mapping[str, Any]) -> Literal["gpc", "dnt"] | None:
    """Return the wish by which the beacon has left a visit out already, where it asks for it to be counted."""
    said = values.get("left_out")
    return said if said in ("gpc", "dnt") else None


def wish_of(environ: Mapping[str, Any]) -> Literal["gpc", "dnt"] | None:
    """Return which header says that the visitor does not want to be followed.

    Global Privacy Control, or Do Not Track.
    """
    if environ.get("HTTP_SEC_GPC") == "1":
        return "gpc"
    if environ.get("HTTP_DNT") == "1":
        return "dnt"
    return None


def _is_fetched_ahead(environ: Mapping[str, Any]) -> bool:
    for header, words in _AHEAD.items():
        if header in environ:
            value = environ[header].lower()
            if any(word in value for word in words):
                return True
    return False


class HitCounts(Protocol):
    """What counts hits that were filtered or refused."""

    def add(self, application_id: UUID, reason: str, now: datetime) -> None: ...

    def add_refused(self, application_id: UUID, code: str, now: datetime) -> None: ...


class CountsToCome:
    """The counts of a request's hits, kept until it is known that the request does not come again as a whole."""

    def __init__(self, counts: HitCounts) -> None:
        self._counts = counts
        self._to_come: list[Callable[[], None]] = []

    def add(self, application_id: UUID, reason: str, now: datetime) -> None:
        self._to_come.append(partial(self._counts.add, application_id, reason, now))

    def add_refused(self, application_id: UUID, code: str, now: datetime) -> None:
        self._to_come.append(partial(self._counts.add_refused, application_id, code, now))

    def count(self) -> None:
        for count in self._to_come:
            count()


class FilteredCounts:
    """Counts by application, hour and reason: in Redis at once, in this process for as long as Redis is unavailable.

    Refused hits, which nobody was told are taken, are counted in this process and brought to Redis every few seconds.
    Thread-safe. `flush` is called beside the requests, and at the end.
    """

    def __init__(self, producer: ShardedProducer, *, redis_breaker: CircuitBreaker) -> None:
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
            except QueueUnavailable as error:
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
        """Bring what is held to Redis, unless that is not to be used. Raises QueueUnavailable: it stays held."""
        while self._held and not self._redis_breaker.is_forced_open:
            with self._lock:
                if not self._held:
                    return
                field, hits = self._held.popitem()
            try:
                self._producer.count_filtered(field, hits)
            except QueueUnavailable:
                with self._lock:
                    self._held[field] += hits
                raise
