"""`hourly_statistics` and `daily_statistics`, and what they have counted already (decision 0011)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from tracker.store import partitions
from tracker.store.database import Transaction
from tracker.store.queries import Row, execute, fetch_all
from tracker.store.statistics_increments import ApplicationDay

WHOLE_DAY = -1
"""The hour that stands for the day itself."""


@dataclass(frozen=True, slots=True)
class FoldedCounts:
    """What one statement has folded."""

    increments: int
    hits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A number that a recount finds otherwise; None where one side has no such row. `hour` may be WHOLE_DAY."""

    hour: int
    name: str
    stored: str | None
    recounted: str | None


def fold(tx: Transaction, increments: Sequence[int], now: datetime) -> FoldedCounts:
    """Take these increments, whose days this transaction has locked, and add them to hours and days.

    Those that are gone already were folded by who held their day before: they are passed over.
    """
    [row] = fetch_all(tx, "statistics/fold", {"ids": list(increments), "now": now})
    return FoldedCounts(row["increments"], row["hits"])


def forget_day(tx: Transaction, day: ApplicationDay) -> None:
    """Forget all that is counted of a day, which this transaction has locked, so that it can be counted anew."""
    execute(tx, "statistics/forget_day", {"application_id": day[0], "date": day[1]})


def differences(tx: Transaction, day: ApplicationDay) -> list[Difference] | None:
    """Return where a recount of a day, which this transaction has locked, differs.

    Returns None where increments wait to be folded.
    """
    parameters = {"application_id": day[0], "date": day[1], **_bounds(day[1])}
    [row] = fetch_all(tx, "statistics/differences", parameters)
    if row["waiting"]:
        return None
    return [
        Difference(hour=hour, name=name, stored=stored, recounted=recounted)
        for hour, name, stored, recounted in row["differences"]
    ]


def first_day(tx: Transaction) -> date | None:
    """Return the first day that has statistics or raw rows; None where there is nothing at all."""
    [row] = fetch_all(tx, "statistics/first_day")
    first_hit = partitions.first_hit(tx)
    return min((day for day in (row["date"], first_hit and first_hit.date()) if day is not None), default=None)


def applications_of_day(tx: Transaction, day: date, app_id: str | None) -> list[tuple[UUID, str]]:
    """Id and app_id of the applications, or of the one, that have raw rows or statistics of a day."""
    parameters = {"date": day, "app_id": app_id, **_bounds(day)}
    return [(row["id"], row["app_id"]) for row in fetch_all(tx, "statistics/applications_of_day", parameters)]


def hours(tx: Transaction, application_id: UUID, first: date, last: date) -> list[Row]:
    """Return the rows of `hourly_statistics` from `first` to `last`."""
    return fetch_all(tx, "statistics/hours", {"application_id": application_id, "first": first, "last": last})


def days(tx: Transaction, application_id: UUID, first: date, last: date) -> list[Row]:
    """Return the rows of `daily_statistics` from `first` to `last`."""
    return fetch_all(tx, "statistics/days", {"application_id": application_id, "first": first, "last": last})


def days_with_hits(tx: Transaction, application_id: UUID, first: date, last: date) -> set[date]:
    """Return the days from `first` to `last` on which an application has hits."""
    params = {"application_id": application_id, "first": first, "last": last}
    return {row["date"] for row in fetch_all(tx, "statistics/days_with_hits", params)}


def oldest_counted(tx: Transaction, since: date, before: date) -> date | None:
    """Return the oldest day from `since` on, and before `before`, of which is still remembered what was counted."""
    [row] = fetch_all(tx, "statistics/oldest_counted", {"since": since, "before": before})
    day: date | None = row["date"]
    return day


def retire_day(tx: Transaction, day: date) -> None:
    """Forget what was counted on a day, of all applications; the numbers themselves stay."""
    execute(tx, "statistics/retire_day", {"date": day})


def _bounds(day: date) -> dict[str, Any]:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return {"start": start, "end": start + timedelta(days=1)}
