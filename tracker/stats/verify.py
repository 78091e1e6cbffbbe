"""Verifying: hours and days against a recount from the raw rows, wherever these are all there."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from tracker.clock import Clock
from tracker.stats.days import dates, demand_application, fold_day, of_date
from tracker.stats.raw_rows import why_incomplete
from tracker.stats.rebuild import Passed
from tracker.store import statistics, statistics_increments
from tracker.store.database import Database
from tracker.store.statistics import Difference
from tracker.store.statistics_increments import ApplicationDay

_ATTEMPTS = 100
_BUSY = "hits kept arriving; try again when they pause"


@dataclass(frozen=True, slots=True)
class DayDifference:
    """A number of one day, or of one of its hours, that a recount finds otherwise."""

    app_id: str
    date: date
    difference: Difference


@dataclass(slots=True)
class Verified:
    """What was found so far: how many days of applications were compared, what differs, what was passed over."""

    days: int = 0
    differences: list[DayDifference] = field(default_factory=list)
    passed: list[Passed] = field(default_factory=list)


def verify(
    database: Database,
    clock: Clock,
    *,
    first: date | None = None,
    last: date | None = None,
    app_id: str | None = None,
    on_date: Callable[[date, date, date], None] = lambda *_: None,
) -> Verified:
    """Compare the days from `first` (the first that there is) to `last` (today), of one application or of all.

    What waits to be folded is folded first. `on_date` hears the first date, the last, and the one just done.
    Raises Refused for an application that does not exist.
    """
    demand_application(database, app_id)
    last = last or clock.now().date()
    if first is None:
        with database.transaction() as tx:
            first = statistics.first_day(tx) or last
    done = Verified()
    for calendar_day in dates(first, last):
        for day, name in of_date(database, calendar_day, app_id):
            outcome = _compare(database, clock, day)
            if isinstance(outcome, str):
                done.passed.append(Passed(name, calendar_day, outcome))
            else:
                done.days += 1
                done.differences += [DayDifference(name, calendar_day, difference) for difference in outcome]
        on_date(first, last, calendar_day)
    return done


def _compare(database: Database, clock: Clock, day: ApplicationDay) -> list[Difference] | str:
    """Return the differences of one day, or why it cannot be compared."""
    with database.transaction() as tx:
        statistics_increments.lock_day(tx, day)
        reason = why_incomplete(tx, day)
        if reason is not None:
            return reason
        for _ in range(_ATTEMPTS):
            fold_day(tx, day, clock.now())
            # Hits may be stored between two statements: the comparison says when it saw such ones.
            differences = statistics.differences(tx, day)
            if differences is not None:
                return differences
    return _BUSY
