"""Folding: increments become statistics, in transactions that take some and add them, both or neither."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from tracker.clock import Clock
from tracker.log import logger
from tracker.store import batch_jobs, statistics, statistics_increments
from tracker.store.batch_jobs import SMALL, BatchJob
from tracker.store.database import Database
from tracker.store.statistics import FoldedCounts
from tracker.store.statistics_increments import ApplicationDay, LockedIncrements

JOB_TYPE = "fold_statistics"
_BATCH_SIZE = 1000
"""Increments a transaction: up to 100,000 hits, whose values are sorted in a few megabytes."""

_log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """What a turn did. `dry` says that nothing was left but days that others fold or rebuild just now."""

    increments: int
    hits: int
    dry: bool


def fold(
    database: Database, clock: Clock, *, seconds: float = 20.0, should_continue: Callable[[], bool] = lambda: True
) -> Folded:
    """Fold until nothing is left, `seconds` are over, or `should_continue` says no; at least once.

    Any number of processes may fold at a time, also beside a rebuild. Raises DatabaseUnavailable and its kin: what was
    committed is counted, the rest waits.
    """
    deadline = clock.monotonic() + seconds
    increments = hits = 0
    skipped: set[ApplicationDay] = set()
    dry = False
    while not dry:
        locked, added = _fold_some(database, clock, skipped)
        skipped.update(locked.held_by_others)
        increments += added.increments
        hits += added.hits
        dry = not locked.ids and not locked.held_by_others
        if clock.monotonic() >= deadline or not should_continue():
            break
    if increments:
        say = _log.debug if dry and increments <= SMALL else _log.info
        say("statistics folded", increments=increments, hits=hits, dry=dry)
    return Folded(increments=increments, hits=hits, dry=dry)


def _fold_some(
    database: Database, clock: Clock, skipped: AbstractSet[ApplicationDay]
) -> tuple[LockedIncrements, FoldedCounts]:
    started_at = clock.now()
    with database.transaction() as tx:
        locked = statistics_increments.lock_next(tx, limit=_BATCH_SIZE, skipped=skipped)
        if not locked.ids:
            return locked, FoldedCounts(0, 0)
        added = statistics.fold(tx, locked.ids, clock.now())
        job = BatchJob(
            job_type=JOB_TYPE,
            status="completed",
            batch_size=len(locked.ids),
            processed_count=added.increments,
            error_count=0,
            started_at=started_at,
            completed_at=clock.now(),
        )
        batch_jobs.add_or_join(tx, job, limit=_BATCH_SIZE)
    return locked, added
