"""The days that an operator asks for: which they are, and what holding one of them takes."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from tracker.store import applications, statistics, statistics_increments
from tracker.store.database import Database, Transaction
from tracker.store.statistics_increments import ApplicationDay

_FOLD_BATCH_SIZE = 1000


def demand_application(database: Database, app_id: str | None) -> None:
    """Raise Refused where an application is named that does not exist."""
    if app_id is None:
        return
    with database.transaction() as tx:
        applications.existing(tx, app_id)


def dates(first: date, last: date) -> Iterator[date]:
    """Every date from `first` to `last`."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def of_date(database: Database, day: date, app_id: str | None) -> list[tuple[ApplicationDay, str]]:
    """Return the days of applications, each with its app_id, that have raw rows or statistics on this date."""
    with database.transaction() as tx:
        return [
            ((application_id, day), name) for application_id, name in statistics.applications_of_day(tx, day, app_id)
        ]


def fold_day(tx: Transaction, day: ApplicationDay, now: datetime) -> None:
    """Fold what waits of a day that this transaction has locked."""
    ids = statistics_increments.of_day(tx, day)
    for at in range(0, len(ids), _FOLD_BATCH_SIZE):
        statistics.fold(tx, ids[at : at + _FOLD_BATCH_SIZE], now)
