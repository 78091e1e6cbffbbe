"""`custom_parameter_refusals`: how many parameters were refused, per application, day (UTC), key and reason."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple
from uuid import UUID

import orjson

from tracker.store.database import Transaction
from tracker.store.queries import Row, fetch_all, sql


class Refusal(NamedTuple):
    """What is counted: the primary key of the table."""

    application_id: UUID
    date: date
    parameter_key: str
    reason: str


def add(tx: Transaction, counts: Mapping[Refusal, int]) -> None:
    """Add to the counts."""
    rows = orjson.dumps([{**refusal._asdict(), "refused": count} for refusal, count in counts.items()]).decode()
    tx.execute(sql("custom_parameter_refusals/add"), {"refusals": rows})


def by_reason(tx: Transaction, application_id: UUID, first: date, last: date) -> list[Row]:
    """Return how often values were refused from `first` to `last`, by key and reason, the most frequent first."""
    params = {"application_id": application_id, "first": first, "last": last}
    return fetch_all(tx, "custom_parameter_refusals/by_reason", params)
