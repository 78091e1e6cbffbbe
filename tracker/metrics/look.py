"""One look at the queue and the database. Whatever is unavailable is missing from it, and the rest is there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from tracker.clock import Clock
from tracker.errors import TrackerError
from tracker.instruments import Sample
from tracker.ledger.balance import Balance, balance
from tracker.queueing import metric_counts
from tracker.queueing import server_facts as queue_facts
from tracker.queueing.connection import Connection
from tracker.queueing.inspection import Depth, depths
from tracker.queueing.registered_workers import RegisteredWorker, registered_workers
from tracker.queueing.throughput import Throughput, throughput
from tracker.store import gauges, partitions, replica, server_facts
from tracker.store.database import Database, Transaction
from tracker.store.gauges import DatabaseGauges
from tracker.store.partitions import Month

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLook:
    """What Redis says. `latency` is the time of a round trip in seconds, `ahead` how far its clock is ahead of ours."""

    counts: dict[Sample, float]
    depths: Sequence[Depth]
    throughput: Throughput
    workers: Sequence[RegisteredWorker]
    latency: float
    ahead: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseLook:
    """What PostgreSQL says. `months_ahead` counts the months after the present one that are there without a gap."""

    gauges: DatabaseGauges
    months_ahead: int
    latency: float
    ahead: float
    reading_lag: float | None
    """Seconds by which what is read from is behind: 0 where that is no replica; None where it is unavailable."""


@dataclass(frozen=True, slots=True)
class Look:
    """Each is None where it is unavailable; the balance where either is."""

    queue: QueueLook | None
    database: DatabaseLook | None
    balance: Balance | None


def look(database: Database, reading: Database, redis: Connection, clock: Clock) -> Look:
    """Look at both; `reading` is what statistics are read from. Raises nothing of the project's own errors."""
    queue = _unless_unavailable(lambda: _look_at_queue(redis, clock))
    seen = _unless_unavailable(lambda: _look_at_database(database, reading, clock))
    if queue is None or seen is None:
        return Look(queue, seen, None)  # Nobody waits a second time for a server that has just not answered.
    # Looked at again without a pause: a scrape takes a thread that hits may need. The alert waits a minute instead.
    return Look(queue, seen, _unless_unavailable(lambda: balance(database, redis, clock, sleep=lambda _: None)))


def _look_at_queue(redis: Connection, clock: Clock) -> QueueLook:
    begun = clock.monotonic()
    there = queue_facts.server_time(redis)
    latency, here = clock.monotonic() - begun, clock.now()
    streams = depths(redis)
    return QueueLook(
        counts=metric_counts.counts(redis),
        depths=streams,
        throughput=throughput(redis, streams),
        workers=[worker for worker in registered_workers(redis) if worker.is_alive(here)],
        latency=latency,
        ahead=(there - here).total_seconds(),
    )


def _look_at_database(database: Database, reading: Database, clock: Clock) -> DatabaseLook:
    reading_lag = _unless_unavailable(lambda: replica.lag(database, reading) or 0.0)
    with database.transaction() as tx:
        begun = clock.monotonic()
        there = server_facts.server_time(tx)
        latency, here = clock.monotonic() - begun, clock.now()
        return DatabaseLook(
            gauges=gauges.gauges(tx),
            months_ahead=_months_ahead(tx, here),
            latency=latency,
            ahead=(there - here).total_seconds(),
            reading_lag=reading_lag,
        )


def _months_ahead(tx: Transaction, now: datetime) -> int:
    present = Month.of(now)
    missing = set(partitions.missing(tx, [present.plus(number) for number in range(partitions.MONTHS_AHEAD + 1)]))
    there = 0
    while there <= partitions.MONTHS_AHEAD and present.plus(there) not in missing:
        there += 1
    return there - 1


def _unless_unavailable(look_at: Callable[[], T]) -> T | None:
    try:
        return look_at()
    except TrackerError:
        return None
