"""`custom_parameter_values` (specification 2.3): one row for each defined parameter of a hit (ruling 5)."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import orjson

from tracker.store.copy_text import field
from tracker.store.database import Transaction
from tracker.store.queries import sql


class ParameterValue(NamedTuple):
    """One row; `created_at` is the hit's, and `parameter_value` is text as the rules of the parameter render it."""

    access_log_id: int
    application_id: UUID
    parameter_key: str
    parameter_value: str
    created_at: datetime


def copy(tx: Transaction, values: Iterable[ParameterValue]) -> None:
    """Add values of hits that this transaction has added, by COPY."""
    lines = "".join(
        [f"{value[0]}\t{value[1]}\t{field(value[2])}\t{field(value[3])}\t{value[4].isoformat()}\n" for value in values]
    )
    with tx.cursor() as cursor, cursor.copy(sql("custom_parameter_values/copy")) as stream:
        stream.write(lines.encode())


def insert(tx: Transaction, values: Iterable[ParameterValue]) -> None:
    """Add values of hits that this transaction has added, without COPY."""
    rows = orjson.dumps([value._asdict() for value in values]).decode()
    tx.execute(sql("custom_parameter_values/insert"), {"values": rows})
