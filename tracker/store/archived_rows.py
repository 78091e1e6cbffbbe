"""Rows of hits as they go into an archive and come back: all columns, with their parameter values, as CSV."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from tracker.store.database import Transaction
from tracker.store.queries import sql

COLUMNS: Final = {
    "id": "BIGINT",
    **dict.fromkeys(
        (
            *("application_id", "app_id", "client_sub_id", "module_id", "url", "referrer", "user_agent", "ip_address"),
            *("session_id", "screen_resolution", "language", "timezone", "place", "event_name", "event_data"),
            *("custom_params", "created_at", "parameters"),
        ),
        "VARCHAR",
    ),
}
"""The columns of the CSV: `created_at` in UTC with microseconds; `parameters` a JSON array of [id, key, value]."""
_BLOCK: Final = 1 << 20


def archive_out(tx: Transaction, application_id: UUID, start: datetime, end: datetime) -> Iterator[bytes]:
    """Yield the rows of a time, in the order of time and id, as pieces of CSV without a header."""
    params = {"application_id": application_id, "start": start, "end": end}
    with tx.cursor() as cursor, cursor.copy(sql("access_logs/archive_out"), params) as stream:
        for block in stream:
            yield bytes(block)


def archive_in(tx: Transaction, hits: Path, values: Path) -> None:
    """Store the rows of two files of CSV: hits, without their last column, and their parameter values."""
    for statement, file in (
        (sql("access_logs/archive_in"), hits),
        (sql("custom_parameter_values/archive_in"), values),
    ):
        with tx.cursor() as cursor, cursor.copy(statement) as stream, file.open("rb") as source:
            while block := source.read(_BLOCK):
                stream.write(block)
