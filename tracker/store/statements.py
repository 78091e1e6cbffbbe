"""The texts of the statements: one file each, `sql/queries/<table>/<function>.sql`."""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import LiteralString


def _folder() -> Path:
    installed = Path(str(files("tracker"))) / "sql"
    return installed if installed.is_dir() else installed.parents[1] / "sql"


SQL = _folder()
"""The folder with schema.sql, migrations and queries: part of the installed package, in a checkout beside it."""


@cache
def sql(name: str) -> LiteralString:
    """Return the text of `sql/queries/<name>.sql`.

    It is a constant of the project, which is what psycopg asks of SQL.
    """
    text: LiteralString = (SQL / "queries" / f"{name}.sql").read_text(encoding="utf-8")
    return text
