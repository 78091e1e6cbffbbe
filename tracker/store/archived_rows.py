"""Rows of hits as they go into an archive and come back: all columns, with their parameter values, as CSV.

Which columns these are the table says, and a file that was written before a column came says for itself.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from psycopg.sql import SQL

from tracker.store import hit_columns
from tracker.store.database import Transaction
from tracker.store.queries import fetch_all, sql

_BLOCK: Final = 1 << 20


def columns(tx: Transaction) -> tuple[str, ...]:
    """Return the columns of a hit, all that the table has, `created_at` as the last."""
    return tuple(row["name"] for row in fetch_all(tx, "access_logs/columns"))


def shape_of(columns: Sequence[str]) -> dict[str, str]:
    """Return the columns of the CSV for the engine.

    `created_at` is in UTC with microseconds; after it `parameters`, a JSON array of [id, key, value].
    """
    return {name: "BIGINT" if name == "id" else "VARCHAR" for name in (*columns, "parameters")}


def archive_out(
    tx: Transaction, application_id: UUID, start: datetime, end: datetime, columns: Sequence[str]
) -> Iterator[bytes]:
    """Yield these columns of the rows of a time, in the order of time and id, as pieces of CSV without a header."""
    statement = SQL(sql("access_logs/archive_out")).format(columns=hit_columns.writing(columns[:-1]))
    params = {"application_id": application_id, "start": start, "end": end}
    with tx.cursor() as cursor, cursor.copy(statement, params) as stream:
        for block in stream:
            yield bytes(block)


def archive_in(tx: Transaction, hits: Path, values: Path, columns: Sequence[str]) -> None:
    """Store the rows of two files of CSV: hits with these columns, and their parameter values."""
    into_hits = SQL("COPY access_logs ({}) FROM STDIN (FORMAT csv, NULL 'NULL')").format(hit_columns.writing(columns))
    into_values = SQL(sql("custom_parameter_values/archive_in"))
    for statement, file in ((into_hits, hits), (into_values, values)):
        with tx.cursor() as cursor, cursor.copy(statement) as stream, file.open("rb") as source:
            while block := source.read(_BLOCK):
                stream.write(block)
