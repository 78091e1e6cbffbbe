"""What several days of statistics come to together: parameters, values, and how many were different."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tracker.store.database import Transaction
from tracker.store.queries import Row, fetch_all, fetch_one


@dataclass(frozen=True, slots=True)
class Different:
    """How many different visitors (or sessions) a month's days had (all of the days, where `month` is None).

    `together` is the sum of the days' own numbers. Where the statistics say a greater one, some of the days are
    forgotten and `different` is too low.
    """

    month: date | None
    different: int
    together: int


@dataclass(frozen=True, slots=True)
class Frequent:
    """The most frequent values of a parameter with their counts, and how many there are."""

    values: tuple[tuple[str, int], ...]
    different: int
    exact: bool


def day_numbers(tx: Transaction, application_id: UUID, first: date, last: date) -> list[Row]:
    """Requests, visitors and sessions of the days that have any."""
    return fetch_all(tx, "statistics/day_numbers", {"application_id": application_id, "first": first, "last": last})


def days_of_many(tx: Transaction, application_ids: Sequence[UUID], first: date, last: date) -> list[Row]:
    """Requests and visitors of the days that have any, of several applications."""
    params = {"application_ids": list(application_ids), "first": first, "last": last}
    return fetch_all(tx, "statistics/days_of_many", params)


def first_counted(tx: Transaction, application_id: UUID) -> date | None:
    """Return the first day that has a hit; None where nothing has been counted."""
    row = fetch_one(tx, "statistics/first_counted", {"application_id": application_id})
    return None if row is None else row["date"]


def hour_numbers(tx: Transaction, application_id: UUID, first: date, last: date) -> list[Row]:
    """Requests and visitors of the hours that have any."""
    return fetch_all(tx, "statistics/hour_numbers", {"application_id": application_id, "first": first, "last": last})


def different_visitors(tx: Transaction, application_id: UUID, dates: Sequence[date]) -> list[Different]:
    """Return the visitors of some days together and of each of their months."""
    return _different(tx, "statistics_visitors/different_visitors", application_id, dates)


def different_sessions(tx: Transaction, application_id: UUID, dates: Sequence[date]) -> list[Different]:
    """Return the sessions of some days together and of each of their months."""
    return _different(tx, "statistics_sessions/different_sessions", application_id, dates)


def parameters(tx: Transaction, application_id: UUID, first: date, last: date) -> dict[str, dict[str, Any]]:
    """Return the parameters' statistics over these days together, by key: see `statistics/parameters.sql`."""
    params = {"application_id": application_id, "first": first, "last": last}
    return {row["key"]: row["stat"] for row in fetch_all(tx, "statistics/parameters", params)}


def most_frequent(tx: Transaction, application_id: UUID, dates: Sequence[date], key: str, *, limit: int) -> Frequent:
    """Return the most frequent values of a parameter over these days together, ties in the order of the values."""
    params = {"application_id": application_id, "dates": list(dates), "parameter_key": key, "limit": limit}
    rows = fetch_all(tx, "statistics_values/most_frequent", params)
    if not rows:
        return Frequent((), 0, exact=True)
    values = tuple((row["value"], row["count"]) for row in rows)
    return Frequent(values, rows[0]["different"], exact=rows[0]["exact"])


def counted_until(tx: Transaction, application_id: UUID, settled_until: datetime, *, folded: bool) -> datetime:
    """Before which time everything received is counted; `folded` where hours and days are read, not raw rows."""
    params = {"application_id": application_id, "settled_until": settled_until, "folded": folded}
    row = fetch_one(tx, "statistics_increments/counted_until", params)
    assert row is not None  # A statement without FROM has one row.
    until: datetime = row["counted_until"]
    return until


def _different(tx: Transaction, statement: str, application_id: UUID, dates: Sequence[date]) -> list[Different]:
    rows = fetch_all(tx, statement, {"application_id": application_id, "dates": list(dates)})
    return [Different(row["month"], row["different"], row["together"]) for row in rows]
