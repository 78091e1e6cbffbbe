"""The statements: one file each, `sql/queries/<table>/<function>.sql`, and the three ways to run one."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, LiteralString

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from tracker.store.database import Transaction

__all__ = ["SQL", "Jsonb", "execute", "fetch_all", "fetch_one", "sql"]


def _folder() -> Path:
    installed = Path(str(files("tracker"))) / "sql"
    return installed if installed.is_dir() else installed.parents[1] / "sql"


SQL = _folder()
"""The folder with schema.sql, migrations and queries: part of the installed package, in a checkout beside it."""

Row = dict[str, Any]


@cache
def sql(name: str) -> LiteralString:
    """Return the text of `sql/queries/<name>.sql`.

    It is a constant of the project, which is what psycopg asks of SQL.
    """
    text: LiteralString = (SQL / "queries" / f"{name}.sql").read_text(encoding="utf-8")
    return text


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
