"""The rows of `access_logs` that facts are made from."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from tracker.store.copied_rows import copied_rows
from tracker.store.database import Transaction
from tracker.store.facts_marks import ALL_MINUTES
from tracker.store.queries import sql

COLUMNS = {
    "micros": "BIGINT",
    "client_sub_id": "VARCHAR",
    "ip_address": "VARCHAR",
    "user_agent": "VARCHAR",
    "session_id": "VARCHAR",
    "url": "VARCHAR",
    "referrer": "VARCHAR",
    "language": "VARCHAR",
    "screen_resolution": "VARCHAR",
    "timezone": "VARCHAR",
    "place": "VARCHAR",
    "event_name": "VARCHAR",
    "module_id": "VARCHAR",
    "status": "SMALLINT",
    "parameters": "VARCHAR",
}
"""The columns of the CSV: `micros` is microseconds since 1970, `parameters` a JSON object of texts."""
NULL = "NULL"
"""Without quotes; a text is always quoted."""


def copy_out(
    tx: Transaction,
    application_id: UUID,
    hour: datetime,
    minutes: int,
    parameters: Sequence[str],
    *,
    first: bytes = b"",
) -> Iterator[bytes]:
    """Yield the rows of some minutes (as bits) of an hour, as pieces of CSV without a header.

    Each line begins with `first`, for whoever puts rows of several applications together.
    """
    minute = (minutes & -minutes).bit_length() - 1
    params = {
        "application_id": application_id,
        "start": hour + timedelta(minutes=minute),
        "end": hour + timedelta(minutes=minutes.bit_length()),
        "minutes": minutes & ALL_MINUTES,
        "parameters": list(parameters),
    }
    with tx.cursor() as cursor, cursor.copy(sql("access_logs/copy_out"), params) as stream:
        for rows in copied_rows(stream):
            yield b"".join(part for row in rows for part in (first, row)) if first else b"".join(rows)
