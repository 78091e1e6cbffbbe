"""One turn of taking in hits that the receiver kept in `batch_queue` while Redis was unavailable (decision 0009)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from uuid import UUID

from tracker.clock import Clock
from tracker.log import logger
from tracker.queueing import adding
from tracker.queueing.connection import Connection
from tracker.queueing.entry import Entry
from tracker.queueing.inspection import depths
from tracker.queueing.wakeup import wake_worker
from tracker.store import batch_jobs, batch_queue, batch_queue_events
from tracker.store.batch_queue import QueueRow
from tracker.store.batch_queue_events import KeptEvent
from tracker.store.database import Database

JOB_TYPE = "take_in_waiting_hits"
BATCH = 200
"""Hits a transaction, which lasts as long as Redis takes to answer."""

_log = logger(__name__)


def requeue_waiting(
    database: Database,
    redis: Connection,
    clock: Clock,
    *,
    queue: str,
    drain_seconds: int,
    queue_limit: int,
    should_continue: Callable[[], bool] = lambda: True,
) -> int:
    """Add what waits to the streams, a batch a transaction, until nothing is left or `queue_limit` hits wait there.

    Each row is `completed` in the transaction that adds its entry. Where that breaks off after the adding, the row
    stays `queued` and is added again later: the entry carries the hit's identity, and a hit is stored once.
    Returns how many. Raises DatabaseUnavailable, and QueueUnavailable while Redis still is.
    """
    started_at = clock.now()
    taken = 0
    try:
        while should_continue() and _waiting(redis) < queue_limit:
            batch = _take_batch(database, redis, clock)
            taken += batch
            if batch < BATCH:
                break
    finally:
        if taken:
            wake_worker(redis, queue, drain_seconds=drain_seconds)
            _log.info("waiting hits taken in", hits=taken)
    if taken:
        with database.transaction() as tx:
            batch_jobs.add_run(tx, JOB_TYPE, count=taken, started_at=started_at, completed_at=clock.now())
    return taken


def _take_batch(database: Database, redis: Connection, clock: Clock) -> int:
    with database.transaction() as tx:
        rows = batch_queue.take_waiting(tx, limit=BATCH)
        if rows:
            _add(redis, rows, batch_queue_events.of_hits(tx, [row.id for row in rows]))
            batch_queue.complete(tx, [row.id for row in rows], clock.now())
    return len(rows)


def _add(redis: Connection, rows: Sequence[QueueRow], events: Mapping[UUID, KeptEvent]) -> None:
    """Add entries to the streams, without those of whose event Redis has got a hit, before the outage or since."""
    with_event = [Entry(**asdict(row)) for row in rows if row.id in events]
    others = [Entry(**asdict(row)) for row in rows if row.id not in events]
    if with_event:
        names = [(events[entry.id].application_id, events[entry.id].event_id) for entry in with_event]
        if repeats := adding.add_once(redis, with_event, names):
            _log.info("waiting hits had come before", hits=repeats)
    if others:
        adding.add(redis, others)


def _waiting(redis: Connection) -> int:
    return sum(depth.waiting + depth.pending for depth in depths(redis))
