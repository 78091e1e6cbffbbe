"""Completing: an hour or a day is complete when all hits that were received before its end are folded, and only once.

The order of looking matters, because hits move while we look: from `batch_queue` into Redis, from Redis into
`access_logs` and increments, from there into the statistics. Redis is looked at first, and then one statement looks at
all the rest. What left Redis before the first look is seen by the statement; what enters Redis after it comes from
`batch_queue`, where the statement sees it waiting or just gone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tracker.clock import Clock
from tracker.log import logger
from tracker.queueing.connection import Connection
from tracker.queueing.inspection import GRACE, settled_until
from tracker.store import batch_jobs, statistics_periods
from tracker.store.database import Database, Transaction
from tracker.store.statistics_periods import CompletedPeriod

JOB_TYPE = "complete_periods"

_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Completed:
    """The periods that a turn completed, hours before their day."""

    periods: tuple[CompletedPeriod, ...]


def _publish_nothing(_tx: Transaction, _periods: Sequence[CompletedPeriod]) -> None:
    pass


def complete_periods(
    database: Database,
    redis: Connection,
    clock: Clock,
    *,
    publish: Callable[[Transaction, Sequence[CompletedPeriod]], None] = _publish_nothing,
) -> Completed:
    """Complete what is complete. Raises DatabaseUnavailable or QueueUnavailable: then nothing is completed.

    `publish` hears of the periods in the transaction that completes them: nobody will ever be given them again.
    """
    started_at = clock.now()
    settled = settled_until(redis, started_at) - GRACE
    with database.transaction() as tx:
        periods = statistics_periods.complete(tx, settled_until=settled, now=clock.now())
        if periods:
            publish(tx, periods)
            batch_jobs.add_run(tx, JOB_TYPE, count=len(periods), started_at=started_at, completed_at=clock.now())
    if periods:
        _log.info("periods completed", periods=len(periods))
    return Completed(tuple(periods))
