"""Purging: everything that an application ever stored, and at last the application itself.

It is deleted first, so that no receiver takes its hits any more. Then the same rounds as for a person, and then what
the rounds of a person leave alone: numbers, keys, settings, webhooks.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final

from tracker.erasure.belonging import Owned, of_application
from tracker.erasure.copy import wait_until_removed
from tracker.erasure.person import RETRY_SECONDS, RoundResult
from tracker.erasure.work import Work
from tracker.errors import Unstorable
from tracker.queueing import removal, snapshots
from tracker.queueing.connection import Connection
from tracker.store import (
    access_logs,
    application_rows,
    archived_days,
    custom_parameter_values,
    imports,
    ledger,
    partitions,
    statistics_increments,
    statistics_removals,
)
from tracker.store.access_logs import HitIdentity
from tracker.store.database import Transaction
from tracker.store.person_rows import Person

BATCH_SIZE: Final = 2000
RECEIVERS_SECONDS: Final = 6.0
"""Every receiver knows by then that the application is deleted; they promise 5."""
_PAUSE_SECONDS: Final = 0.5
_TRIES: Final = 5


def purge(work: Work, redis: Connection, owner: Person) -> Mapping[str, int]:
    """Remove all of it, and say how many rows of which place.

    Raises QueueUnavailable, DatabaseUnavailable, TakenOver, Interrupted: it is then taken up again.
    """
    work.step(lambda tx, _: _note_removal(tx, owner, work.clock.now()))
    ready_at = work.claimed.requested_at + timedelta(seconds=RECEIVERS_SECONDS)
    while work.clock.now() < ready_at:
        work.pause(_PAUSE_SECONDS)
    for tries_left in reversed(range(_TRIES)):
        _rounds(work, redis, owner)
        work.step(lambda tx, _: archived_days.expire(tx, owner.application_id, date.max))
        wait_until_removed(work, owner, is_whole=True)
        work.count(redis_keys=snapshots.forget_application(redis, owner.application_id, owner.app_id))
        try:
            return work.last_step(partial(_remove, owner))
        except Unstorable:
            # A worker that had been silent for long has stored something after all.
            if not tries_left:
                raise
    raise AssertionError("the last try ends in one way or the other")


def _remove(owner: Person, tx: Transaction, counts: Mapping[str, int]) -> None:
    ledger.forget_application(tx, owner.application_id)
    application_rows.remove(tx, owner, counts)


def _note_removal(tx: Transaction, owner: Person, now: datetime) -> int:
    """From now on `stats verify` and `stats rebuild` leave the application alone."""
    statistics_removals.note(tx, (now + timedelta(days=3660)).date(), owner.application_id)
    return 0


def _rounds(work: Work, redis: Connection, owner: Person) -> None:
    owned = of_application(owner)
    not_before = 0.0
    while True:
        result = _round(work, redis, owner, owned)
        if result.retries:
            not_before = work.clock.monotonic() + RETRY_SECONDS
        waiting = work.look(lambda tx: application_rows.increments_waiting(tx, owner))
        if not result.total and not waiting and work.clock.monotonic() >= not_before:
            return
        work.pause(_PAUSE_SECONDS)


def _round(work: Work, redis: Connection, owner: Person, owned: Owned) -> RoundResult:
    result = RoundResult()
    work.look(imports.wait_for_writers)
    taken = removal.remove_entries(redis, owned, on_part=work.withdrawn)
    work.count()
    result.add(taken.streams + taken.retries + taken.in_hand, taken.oldest)
    result.retries = taken.retries

    def some_queued(tx: Transaction, counts: Counter[str]) -> int:
        times = application_rows.delete_queued(tx, owner, limit=BATCH_SIZE)
        counts["batch_queue"] += len(times)
        return len(times)

    def some_sessions(tx: Transaction, counts: Counter[str]) -> int:
        deleted = application_rows.delete_sessions(tx, owner, limit=BATCH_SIZE)
        counts["sessions"] += deleted
        return deleted

    def some_deliveries(tx: Transaction, counts: Counter[str]) -> int:
        deleted = application_rows.delete_deliveries(tx, owner, limit=BATCH_SIZE)
        counts["webhook_deliveries"] += deleted
        return deleted

    result.total += work.repeat(some_queued, limit=BATCH_SIZE)
    result.total += _delete_hits(work, owner)
    result.total += work.repeat(some_sessions, limit=BATCH_SIZE)
    result.total += work.repeat(some_deliveries, limit=BATCH_SIZE)
    _delete_statistics(work, owner)
    return result


def _delete_hits(work: Work, owner: Person) -> int:
    months = work.look(
        lambda tx: sorted(
            {partition.month for partition in partitions.list_partitions(tx) if partition.month is not None}
        )
    )
    total = 0
    for number, month in enumerate(months, 1):
        start, end = month.start, month.plus(1).start

        def some(tx: Transaction, counts: Counter[str], start: datetime = start, end: datetime = end) -> int:
            hits: list[HitIdentity] = list(application_rows.hits_between(tx, owner, start, end, limit=BATCH_SIZE))
            if hits:
                counts["custom_parameter_values"] += custom_parameter_values.delete_of_hits(tx, hits)
                counts["access_logs"] += access_logs.delete(tx, hits)
            return len(hits)

        total += work.repeat(some, limit=BATCH_SIZE)
        work.on_day(number, len(months))
    return total


def _delete_statistics(work: Work, owner: Person) -> None:
    extent = work.look(application_rows.counted_extent)
    if extent is None:
        return
    first, last = extent
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)

        def delete_day(tx: Transaction, counts: Counter[str], day: date = day) -> int:
            statistics_increments.lock_day(tx, (owner.application_id, day))
            counts["statistics_days"] += application_rows.delete_statistics(tx, owner, day)
            return 0

        work.step(delete_day)
