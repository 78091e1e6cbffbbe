"""Where accepted hits go: Redis, or PostgreSQL's `batch_queue` while Redis is unavailable."""

import math
import threading
import time
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from uuid import UUID

from tracker.application import Application
from tracker.errors import DatabaseUnavailable, QueueFull, QueueUnavailable, Refused, ShareFull
from tracker.instruments import HITS_ACCEPTED
from tracker.log import logger
from tracker.queueing.accept_command import Offer
from tracker.queueing.entry import Entry
from tracker.queueing.producer import Enqueued
from tracker.queueing.quota import DAY_SECONDS, MINUTE_SECONDS, Quota, QuotaUse, Usage, counted_as, reset_of
from tracker.queueing.sharded_producer import ShardedProducer
from tracker.queueing.wakeup import Notifier
from tracker.receiver.filtering import FilteredCounts
from tracker.store import batch_queue, batch_queue_events, ledger
from tracker.store.batch_queue import QueueRow
from tracker.store.database import Database, Transaction
from tracker.store.ledger import LedgerChange
from tracker.web.circuit_breaker import CircuitBreaker

_RETRY_AFTER = 5
"""Seconds after which a client may try again when nothing takes its hit."""
_SHARE_FULL_LOG_SECONDS = 60.0
_COLUMNS = tuple(field.name for field in fields(QueueRow))

_log = logger(__name__)


class HitQueue:
    """Puts hits where the workers find them. Thread-safe."""

    def __init__(
        self,
        producer: ShardedProducer,
        notifier: Notifier,
        database: Database,
        filtered: FilteredCounts,
        *,
        redis_breaker: CircuitBreaker,
        database_breaker: CircuitBreaker,
    ) -> None:
        self._producer, self._notifier, self._database = producer, notifier, database
        self._redis_breaker, self._database_breaker = redis_breaker, database_breaker
        self._window = RateWindow()
        self._is_full = False
        self._share_full_logged = -math.inf
        self._filtered = filtered

    def enqueue(self, offer: Offer, *, is_second: bool = False) -> Enqueued:
        """Put as many entries, from the first, as the application's limit and the caller's quota allow.

        Raises Refused (503) where neither Redis nor PostgreSQL takes them. In an outage of Redis the limits count per
        process, and a hit that repeats an event is known by those that came in that time; whether it repeats an
        earlier one shows when it is taken in. `is_second` says that Redis was offered it before, and its answer was
        lost.
        """
        if self._redis_breaker.allows_call():
            try:
                enqueued = self._producer.enqueue(offer, is_second=is_second)
            except QueueFull as error:
                raise self.refuse_full(offer, error) from error
            except QueueUnavailable as error:
                self.note_unavailable(error)
            else:
                return self.note_taken(enqueued)
        return self._into_batch_queue(offer)

    @property
    def is_redis_unavailable(self) -> bool:
        return self._redis_breaker.is_open

    def note_taken(self, enqueued: Enqueued) -> Enqueued:
        """Redis has answered an offer: count it, and wake a worker where that is due."""
        _count(enqueued)
        if self._redis_breaker.record_success():
            _log.info("redis back")
        if self._is_full:
            self._is_full = False
            _log.info("queue has room again")
        if enqueued.wake_up_due:
            self._notifier.notify()
        return enqueued

    def refuse_full(self, offer: Offer, error: QueueFull) -> Refused:
        """Redis has no room: the refusal to raise."""
        self._redis_breaker.record_success()
        self._log_full(offer.application, error)
        return self._nobody_takes(offer, "There is no room for more hits at the moment.")

    def note_unavailable(self, error: QueueUnavailable) -> None:
        """Redis did not take an offer: the next ones go into `batch_queue` at once, for a moment."""
        if self._redis_breaker.record_failure():
            _log.warning("redis unavailable, hits go into batch_queue", reason=str(error))

    def _log_full(self, application: Application, error: QueueFull) -> None:
        """Say it once, or now and then: a line for each refused hit would fill the disk in the midst of the trouble."""
        if isinstance(error, ShareFull):
            if time.monotonic() - self._share_full_logged >= _SHARE_FULL_LOG_SECONDS:
                self._share_full_logged = time.monotonic()
                _log.error("queue full for one application", app_id=application.app_id, reason=str(error))
        elif not self._is_full:
            self._is_full = True
            _log.error("queue full", reason=str(error))

    def _nobody_takes(self, offer: Offer, sentence: str) -> Refused:
        refused = Refused("SERVICE_UNAVAILABLE", 503, sentence, retry_after=_RETRY_AFTER)
        self._filtered.add_refused(offer.application.id, refused.code, offer.now, len(offer.entries))
        return refused

    def _into_batch_queue(self, offer: Offer) -> Enqueued:
        application, entries, now, quota = offer.application, offer.entries, offer.now, offer.quota
        if not self._database_breaker.allows_call():
            raise self._nobody_takes(offer, "The hit cannot be stored at the moment.")
        limit = application.rate_limit_per_minute
        window = self._window.take(application.id, limit, [len(entry.tracking_data) for entry in entries], now, quota)
        repeats: dict[int, UUID] = {}
        if window.limit is not None:
            self._filtered.add(application.id, counted_as(window.limit), now, len(entries) - window.hits)
        if window.hits:
            taken = entries[: window.hits]
            try:
                with self._database.transaction() as tx:
                    repeats = _repeats(tx, application, taken, offer.event_ids, now)
                    new = [entry for index, entry in enumerate(taken) if index not in repeats]
                    batch_queue.add(
                        tx, [QueueRow(**{name: getattr(entry, name) for name in _COLUMNS}) for entry in new]
                    )
                    ledger.add(tx, [LedgerChange(application_id=application.id, accepted_at=now, accepted=len(new))])
            except DatabaseUnavailable as error:
                if self._database_breaker.record_failure():
                    _log.warning("postgresql unavailable", reason=str(error))
                raise self._nobody_takes(offer, "The hit cannot be stored at the moment.") from error
            self._database_breaker.record_success()
        kept = Enqueued(
            accepted=window.hits,
            limit=limit,
            remaining=window.remaining,
            reset=reset_of(window.limit, int(now.timestamp())),
            repeats=repeats,
            wake_up_due=False,
            used_up=window.limit,
        )
        _count(kept)
        return kept


def _count(enqueued: Enqueued) -> None:
    """Count the hits that are in the queue now: one that repeats an event is there already."""
    HITS_ACCEPTED.inc(enqueued.accepted - len(enqueued.repeats))


def _repeats(
    tx: Transaction, application: Application, entries: Sequence[Entry], event_ids: Sequence[str | None], now: datetime
) -> dict[int, UUID]:
    """Return which entries repeat an event of one that is kept, or of one before them, and that one's tracking id."""
    named = [(index, UUID(event_id)) for index, event_id in enumerate(event_ids[: len(entries)]) if event_id]
    if not named:
        return {}
    first_of_event: dict[UUID, UUID] = {}
    for index, event_id in named:
        first_of_event.setdefault(event_id, entries[index].id)
    first = batch_queue_events.first_hits(tx, application.id, first_of_event, now)
    return {index: first[event_id] for index, event_id in named if first[event_id] != entries[index].id}


class RateWindow:
    """Counts by minutes and days of the wall clock, as the shared counters do. Thread-safe."""

    def __init__(self) -> None:
        self._minute = self._day = 0
        self._usages: dict[UUID, Usage] = {}
        self._bytes: dict[UUID, int] = {}
        self._lock = threading.Lock()

    def take(
        self, application_id: UUID, rate_limit: int, sizes: Sequence[int], now: datetime, quota: Quota
    ) -> QuotaUse:
        """Count as many hits, of so many bytes each, as fit; of the day's bytes this process knows its own."""
        seconds = int(now.timestamp())
        minute, day = seconds // MINUTE_SECONDS, seconds // DAY_SECONDS
        with self._lock:
            if minute != self._minute:
                self._minute = minute
                self._usages.clear()
            if day != self._day:
                self._day = day
                self._bytes.clear()
            used = self._bytes.get(application_id, 0)
            usage = self._usages.setdefault(application_id, Usage())
            taken = usage.take(rate_limit, quota, sizes, used)
            self._bytes[application_id] = used + sum(sizes[: taken.hits])
        return taken
