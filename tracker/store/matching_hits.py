"""Hits that have some custom parameters, found by the GIN index of `access_logs.custom_params` and counted."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from tracker.application import ApplicationIdentity
from tracker.store.database import Transaction
from tracker.store.queries import Row, fetch_all, fetch_one

PeriodName = Literal["hour", "day", "month"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """Which hits: of an application, from `start` until before `end` (aware), with these custom parameters.

    `filter` is the text of a JSON object; a hit has it where its `custom_params` contain it (`@>`).
    """

    application: ApplicationIdentity
    start: datetime
    end: datetime
    filter: str

    @property
    def params(self) -> dict[str, Any]:
        return {
            "application_id": self.application.id,
            "app_id": self.application.app_id,
            "start": self.start,
            "end": self.end,
            "filter": self.filter,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """Some values of a parameter; those of an array are its elements."""

    key: str
    values: tuple[str, ...]
    is_array: bool


@dataclass(frozen=True, slots=True)
class SeenKeys:
    """How many of the latest hits were looked at, and a row for each key: `key`, `hits`, `different`, `types`."""

    looked_at: int
    keys: list[dict[str, Any]]


def count(tx: Transaction, matching: Matching, period: PeriodName) -> list[Row]:
    """Requests, visitors and sessions by period (its beginning in UTC, naive), and at the end all of them together."""
    return fetch_all(tx, "access_logs/count", {**matching.params, "period": period})


def parameters(tx: Transaction, matching: Matching) -> dict[str, dict[str, Any]]:
    """Return the statistics of their defined parameters, by key."""
    return {row["key"]: row["stat"] for row in fetch_all(tx, "custom_parameter_values/parameters", matching.params)}


def who_had(
    tx: Transaction, application_id: UUID, start: datetime, end: datetime, asked: Values
) -> dict[str, tuple[int, int]]:
    """Return how many visitors and sessions had each of these values of a parameter, by value; no entry for none."""
    params = {
        "application_id": application_id,
        "start": start,
        "end": end,
        "parameter_key": asked.key,
        "values": list(asked.values),
        "is_array": asked.is_array,
    }
    rows = fetch_all(tx, "custom_parameter_values/who_had", params)
    return {row["value"]: (row["unique_visitors"], row["unique_sessions"]) for row in rows}


def seen_keys(
    tx: Transaction, application: ApplicationIdentity, start: datetime, end: datetime, *, limit: int
) -> SeenKeys:
    """Return the keys that the latest `limit` hits of a time carry, the most frequent first."""
    params = {
        "application_id": application.id,
        "app_id": application.app_id,
        "start": start,
        "end": end,
        "limit": limit,
    }
    row = fetch_one(tx, "access_logs/seen_keys", params)
    assert row is not None  # A statement without FROM has one row.
    return SeenKeys(row["looked_at"], row["keys"])
