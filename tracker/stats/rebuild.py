"""Rebuilding: the statistics of days, computed anew from the raw rows, while hits arrive and others fold."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from tracker.clock import Clock
from tracker.stats.days import dates, demand_application, fold_day, of_date
from tracker.stats.raw_rows import why_incomplete
from tracker.store import statistics, statistics_increments
from tracker.store.database import Database, Transaction
from tracker.store.statistics_increments import ApplicationDay

_HOURS = 24
_MAX_HITS_TOGETHER: Final = 100_000
"""As many as a turn of folding takes in one statement; an hour that has more is folded alone."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A day of an application that was left as it is, and why."""

    app_id: str
    date: date
    reason: str


@dataclass(slots=True)
class Rebuilt:
    """What was done so far."""

    days: int = 0
    hits: int = 0
    passed: list[Passed] = field(default_factory=list)


def rebuild(
    database: Database,
    clock: Clock,
    *,
    first: date,
    last: date,
    app_id: str | None = None,
    on_date: Callable[[date], None] = lambda _: None,
) -> Rebuilt:
    """Recompute the days from `first` to `last` (UTC) of one application or of all; `on_date` hears of each date done.

    A transaction for each day of an application: before it the old numbers are seen, after it the new ones. A day
    whose raw rows are not all there keeps its statistics. Raises Refused for an application that does not exist.
    """
    demand_application(database, app_id)
    done = Rebuilt()
    for calendar_day in dates(first, last):
        for day, name in of_date(database, calendar_day, app_id):
            reason = _rebuild_day(database, clock, day, done)
            if reason is not None:
                done.passed.append(Passed(name, calendar_day, reason))
        on_date(calendar_day)
    return done


def _rebuild_day(database: Database, clock: Clock, day: ApplicationDay, done: Rebuilt) -> str | None:
    """Rebuild one day. An hour a statement: the largest days stay within a statement's time limit."""
    with database.transaction() as tx:
        statistics_increments.lock_day(tx, day)
        reason = why_incomplete(tx, day)
        if reason is not None:
            return reason
        statistics.forget_day(tx, day)
        hits = sum(statistics.fold(tx, ids, clock.now()).hits for ids in _recounted(tx, day))
        fold_day(tx, day, clock.now())  # Hits that were stored while we counted have increments of their own.
    done.days += 1
    done.hits += hits
    return None


def _recounted(tx: Transaction, day: ApplicationDay) -> Iterator[list[int]]:
    """Recount hour by hour, and yield the increments that are folded together: most of a statement is its planning."""
    ids: list[int] = []
    hits = 0
    for hour in range(_HOURS):
        recounted = statistics_increments.recount_hour(tx, day, hour)
        if recounted is None:
            continue
        increment, count = recounted
        if ids and hits + count > _MAX_HITS_TOGETHER:
            yield ids
            ids, hits = [], 0
        ids.append(increment)
        hits += count
    if ids:
        yield ids
