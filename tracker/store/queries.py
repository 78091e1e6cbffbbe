"""The three ways to run a statement of `sql/queries`, whose text is `statements.sql`."""

from collections.abc import Mapping
from typing import Any

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from tracker.store.database import Transaction
from tracker.store.statements import SQL, sql

__all__ = ["SQL", "Jsonb", "execute", "fetch_all", "fetch_one", "sql"]


Row = dict[str, Any]


def fetch_all(tx: Transaction, name: str, params: Mapping[str, Any] | None = None) -> list[Row]:
    """Run a statement and return its rows, each a dict by column name."""
    with tx.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql(name), params).fetchall()


def fetch_one(tx: Transaction, name: str, params: Mapping[str, Any] | None = None) -> Row | None:
    """Run a statement and return its first row as a dict, or None where there is none."""
    with tx.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql(name), params).fetchone()


def execute(tx: Transaction, name: str, params: Mapping[str, Any] | None = None) -> int:
    """Run a statement that returns no rows; the answer is how many rows it touched."""
    return tx.execute(sql(name), params).rowcount
