"""The sender: one turn claims what is due, sends it, and records what became of it, until nothing is left.

Only the turn's thread talks to the database and knows the endpoints; a pool of threads makes the attempts. Whatever is
claimed is leased: a sender that is killed loses nothing, what it had in flight is sent again when the lease is over.
What was sent and could not be recorded, because the database is unavailable, is kept and recorded when it is back.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from queue import Empty, SimpleQueue
from random import random
from typing import Protocol, TypeVar
from uuid import UUID

from tracker.clock import Clock
from tracker.errors import TryAgain
from tracker.instruments import WEBHOOK_ATTEMPTS, WEBHOOK_SECONDS
from tracker.log import logger
from tracker.store import webhook_sending
from tracker.store.database import Database, Transaction
from tracker.store.webhook_sending import ClaimedDelivery
from tracker.webhooks.attempt import EndedAttempt
from tracker.webhooks.client_settings import WHOLE_SECONDS
from tracker.webhooks.concurrency import THREADS, EndpointLimiter, WebhookEndpoint
from tracker.webhooks.endpoint import EndpointClient
from tracker.webhooks.recording import DecidedAttempt, DisableAfter, record
from tracker.webhooks.retry_policy import decide

LEASE = timedelta(seconds=60)
LOOK_SECONDS = 0.2
"""How often a turn that is not over looks for what has become due."""
CHECK_SECONDS = 1.0
"""What was claimed longer ago is looked at again before it is sent: it may be erased, its webhook be disabled."""
RECORD_SECONDS = 0.1
RECORDED = 200
"""Attempts are recorded when so many have ended, or RECORD_SECONDS after the first of them."""
AWAY_SECONDS = 1.0
"""How long the database is left alone after it was unavailable."""
_WEBHOOKS, _PER_WEBHOOK = 50, 50
"""Claimed at a time: so many deliveries, each of at most 20 KB, of so many webhooks."""
_MAX_WAITING = 4000
"""Claimed and not begun, whatever holds them up: 80 MB."""
_MARGIN = timedelta(seconds=WHOLE_SECONDS + 5)
"""What has less of its lease left is given back: an attempt might outlast it."""

_Result = TypeVar("_Result")

_log = logger(__name__)


class MakesAttempts(Protocol):
    """`attempt.Attempts`, or what a test puts in its place."""

    def make(self, delivery: ClaimedDelivery, client: EndpointClient) -> EndedAttempt: ...


class WebhookSender:
    """One for a process. `turn` is not to be called twice at a time."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        attempts: MakesAttempts,
        make_client: Callable[[], EndpointClient],
        *,
        owner: str,
        disable_after: DisableAfter,
        threads: int = THREADS,
        chance: Callable[[], float] = random,
    ) -> None:
        self._database = database
        self._clock = clock
        self._attempts = attempts
        self._owner = owner
        self._disable_after = disable_after
        self._chance = chance
        self._threads = threads
        self._limiter = EndpointLimiter(make_client, threads=threads)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="webhooks")
        self._arrived: SimpleQueue[EndedAttempt] = SimpleQueue()
        self._unrecorded: list[DecidedAttempt] = []
        self._given_back: list[int] = []
        self._held: set[int] = set()
        """Deliveries that are in our hands until what became of them is settled."""
        self._record_at = self._look_at = self._check_at = 0.0
        self._away_until: float | None = None
        self._attempted = self._failed = 0

    def turn(self, should_continue: Callable[[], bool] = lambda: True) -> int:
        """Send until nothing is due and nothing is in flight; how many attempts ended.

        Once `should_continue` says no, nothing more is claimed or begun, and the turn ends with what is in flight, in
        at most 15 s. It writes no row in `batch_jobs`: every attempt has one of its own in `webhook_attempts`.
        """
        began = self._clock.monotonic()
        self._attempted = self._failed = 0
        self._look_at = 0.0
        while True:
            # In each round: while anything is in flight anywhere, a turn goes on.
            self._limiter.close_idle(self._clock.monotonic())
            self._settle()
            if should_continue():
                self._claim()
                self._begin()
            else:
                self._give_back(self._limiter.empty())
            if not self._limiter.in_flight and not self._limiter.waiting:
                break
            self._wait()
        self._settle()
        if self._attempted:
            seconds = round(self._clock.monotonic() - began, 3)
            _log.info("webhooks sent", attempts=self._attempted, failed=self._failed, seconds=seconds)
        return self._attempted

    def close(self) -> None:
        """End the threads and close all connections; what is in flight is waited for."""
        self._pool.shutdown(cancel_futures=True)
        self._limiter.close()

    def _claim(self) -> None:
        now = self._clock.monotonic()
        # A turn ends only after a look that found nothing.
        may_end = not self._limiter.in_flight and not self._limiter.waiting
        enough = self._limiter.ready(now) >= self._threads or self._limiter.waiting >= _MAX_WAITING
        if not may_end and (now < self._look_at or enough):
            return
        # Where a lease of ours is over early, because the machine slept or its clock was set, we may claim once more
        # what we have still in flight.
        claimed = [delivery for delivery in self._try(self._claim_in) or [] if delivery.id not in self._held]
        self._held.update(delivery.id for delivery in claimed)
        if not self._limiter.waiting:
            self._check_at = now + CHECK_SECONDS
        self._look_at = now + LOOK_SECONDS
        self._limiter.add(claimed, now, per_webhook=_PER_WEBHOOK)

    def _claim_in(self, tx: Transaction) -> list[ClaimedDelivery]:
        now, monotonic = self._clock.now(), self._clock.monotonic()
        return webhook_sending.claim(
            tx,
            owner=self._owner,
            now=now,
            until=now + LEASE,
            webhooks=_WEBHOOKS,
            unhealthy_webhooks=self._limiter.room_for_unhealthy(monotonic),
            per_webhook=_PER_WEBHOOK,
            unhealthy=self._limiter.unhealthy(monotonic),
            except_for=self._limiter.full(),
        )

    def _is_current(self) -> bool:
        """Return whether all that waits here was claimed or looked at a moment ago.

        What is not to be sent any more is out.
        """
        now = self._clock.monotonic()
        waiting = self._limiter.all_waiting() if now >= self._check_at else []
        if waiting:
            current = self._try(partial(self._look_again_in, waiting))
            if current is None:
                return False
            self._give_back(self._limiter.keep(current))
            self._check_at = now + CHECK_SECONDS
        return True

    def _look_again_in(self, waiting: list[ClaimedDelivery], tx: Transaction) -> dict[int, ClaimedDelivery]:
        return webhook_sending.still_ours(tx, waiting, owner=self._owner, now=self._clock.now())

    def _begin(self) -> None:
        self._give_back(self._limiter.lapsing(self._clock.now() + _MARGIN))
        if not self._is_current():
            return
        for endpoint, delivery in self._limiter.begin(self._clock.monotonic()):
            self._pool.submit(self._make, endpoint, delivery)

    def _make(self, endpoint: WebhookEndpoint, delivery: ClaimedDelivery) -> None:
        """In a thread of the pool."""
        self._arrived.put(self._attempts.make(delivery, endpoint.client))

    def _wait(self) -> None:
        """Wait until an attempt has ended, or it is time to look around."""
        try:
            arrived = self._arrived.get(timeout=RECORD_SECONDS if self._unrecorded else LOOK_SECONDS)
            while True:
                self._end(arrived)
                arrived = self._arrived.get_nowait()
        except Empty:
            pass

    def _end(self, attempted: EndedAttempt) -> None:
        delivery, now = attempted.delivery, self._clock.monotonic()
        decision = decide(attempted.result, tries=delivery.tries + 1, now=attempted.ended_at, chance=self._chance())
        succeeded = decision.state == "delivered"
        WEBHOOK_ATTEMPTS.labels(decision.state).inc()
        WEBHOOK_SECONDS.observe(attempted.duration_ms / 1000)
        left = self._limiter.end(delivery, now, succeeded=succeeded)
        if self._limiter.wants_more(delivery.webhook_id):
            self._look_at = now
        if not self._unrecorded:
            self._record_at = now + RECORD_SECONDS
        self._unrecorded.append(DecidedAttempt(attempted, decision))
        if attempted.unsent:
            # Nothing of this webhook can be sent: to claim each anew only to learn that would be many writes.
            self._unrecorded += [DecidedAttempt(replace(attempted, delivery=unsent), decision) for unsent in left]
        else:
            self._give_back(left)
        self._attempted += 1
        self._failed += not succeeded

    def _give_back(self, deliveries: list[ClaimedDelivery]) -> None:
        self._given_back += [delivery.id for delivery in deliveries]

    def _settle(self) -> None:
        """Record what has ended and give back what is not sent, as soon as it is worth a transaction."""
        if not self._is_worth_a_transaction():
            return
        disabled = self._try(self._settle_in)
        if disabled is None:
            return
        self._held.difference_update(self._given_back, (attempt.attempted.delivery.id for attempt in self._unrecorded))
        self._given_back.clear()
        self._unrecorded.clear()
        for webhook_id in disabled:
            _log.warning("webhook disabled", webhook=str(webhook_id))

    def _settle_in(self, tx: Transaction) -> list[UUID]:
        # In one transaction, so that nobody claims for an endpoint that has just asked for a pause.
        if self._given_back:
            webhook_sending.release(tx, self._given_back, owner=self._owner)
        if not self._unrecorded:
            return []
        now = self._clock.now()
        return record(tx, self._unrecorded, owner=self._owner, disable_after=self._disable_after, now=now)

    def _is_worth_a_transaction(self) -> bool:
        if self._given_back:
            return True
        waited = self._clock.monotonic() >= self._record_at or len(self._unrecorded) >= RECORDED
        return bool(self._unrecorded) and (waited or not self._limiter.in_flight)

    def _try(self, work: Callable[[Transaction], _Result]) -> _Result | None:
        """Return what `work` returns, in a transaction; None while the database is unavailable."""
        now = self._clock.monotonic()
        if self._away_until is not None and now < self._away_until:
            return None
        try:
            with self._database.transaction() as tx:
                result = work(tx)
        except TryAgain as error:
            if self._away_until is None:
                _log.warning("webhooks wait for the database", reason=str(error), unrecorded=len(self._unrecorded))
            self._away_until = now + AWAY_SECONDS
            return None
        self._away_until = None
        return result
