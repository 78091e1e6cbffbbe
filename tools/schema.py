"""Writes `sql/schema.sql`: what an empty database has after every migration, as pg_dump says it.

`make schema` runs it after a migration was written; a test says when that was forgotten. The comments are those of the
migrations: above the statement that makes an object, and behind a column.
"""

import re
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import psycopg

from tracker.embedded import Postgres, wheel
from tracker.store.concurrent_indexes import is_concurrent, statements
from tracker.store.migrations import MIGRATIONS
from tracker.store.queries import SQL

SCHEMA: Final = SQL / "schema.sql"
_HEAD: Final = """\
-- The schema as it is now: what an empty database has after every file of sql/migrations. Written by `make schema`.
-- "decision" names a record of docs/decisions.

SET check_function_bodies = false; -- functions stand before the tables that they use
"""
_OBJECT: Final = re.compile(
    r"((?:^--[^\n]*\n)+)CREATE (?:OR REPLACE )?(?:UNIQUE )?(TABLE|INDEX|FUNCTION|TRIGGER|EXTENSION)"
    r"(?: CONCURRENTLY)?(?: IF NOT EXISTS)? (\w+)",
    re.MULTILINE,
)
_TABLE: Final = re.compile(r"^CREATE TABLE (\w+) \(\n(.*?)^\)", re.MULTILINE | re.DOTALL)
_ADDED: Final = re.compile(
    r"((?:^--[^\n]*\n)*)ALTER TABLE (\w+)\s+ADD COLUMN (\w+)[^;]*;(?: -- ([^\n]*))?", re.MULTILINE
)
_COLUMN: Final = re.compile(r"^ +(\w+) [^\n]*? -- ([^\n]*)$", re.MULTILINE)
_BLOCK: Final = re.compile(r"^--\n-- Name: ([^;]+); Type: ([A-Z ]+); Schema: [^\n]*\n--\n", re.MULTILINE)


def migrate_by_text(database_url: str) -> None:
    """Run every migration's file, without what `migrate` does beside."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        for path in sorted(MIGRATIONS.glob("*.sql")):
            for text in statements(path) if is_concurrent(path.stem) else [path.read_bytes()]:
                connection.execute(text)


def schema_of(database_url: str) -> str:
    """Return the schema of a migrated database, with the migrations' comments."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(MIGRATIONS.glob("*.sql"))]
    objects = {(kind, name): said for text in texts for said, kind, name in _OBJECT.findall(text)}
    _, *blocks = _BLOCK.split(_dump(database_url))
    made = [
        objects.get((kind, _bare(name)), "") + _with_columns(body.strip(), _columns(texts))
        for name, kind, body in zip(blocks[::3], blocks[1::3], blocks[2::3], strict=True)
    ]
    return "\n\n".join([_HEAD.rstrip(), *made]) + "\n"


def _dump(database_url: str) -> str:
    command = [
        str(wheel.postgres_bin() / "pg_dump"),
        *("--schema-only", "--no-owner", "--no-privileges", "--no-comments", "--exclude-table=alembic_version"),
        database_url,
    ]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = [line for line in text.splitlines() if not line.startswith(("\\", "SET ", "-- PostgreSQL database dump"))]
    return re.sub(r"\n{2,}", "\n\n", "\n".join(lines)).replace("public.", "")


def _bare(name: str) -> str:
    """Return an object's name: that of a trigger stands behind its table's, and a function's before its arguments."""
    return name.partition("(")[0].rpartition(" ")[2]


def _columns(texts: list[str]) -> dict[tuple[str, str], str]:
    """Return what the migrations say behind, or above, a column."""
    said: dict[tuple[str, str], str] = {}
    for text in texts:
        for table, body in _TABLE.findall(text):
            said |= {(table, column): comment for column, comment in _COLUMN.findall(body)}
        for above, table, column, behind in _ADDED.findall(text):
            if comment := behind or " ".join(line.removeprefix("--").strip() for line in above.splitlines()):
                said[table, column] = comment
    return said


def _with_columns(body: str, columns: dict[tuple[str, str], str]) -> str:
    table = re.match(r"CREATE TABLE (\w+) \(\n", body)
    if table is None:
        return body
    lines = body.splitlines()
    for at, line in enumerate(lines):
        column = re.match(r"    (\w+) ", line)
        if column is not None and (comment := columns.get((table[1], column[1]))):
            lines[at] = f"{line} -- {comment}"
    return "\n".join(lines)


def main() -> None:
    """Make a database, migrate it, and write its schema."""
    with tempfile.TemporaryDirectory(prefix="schema-") as folder, Postgres(Path(folder), durable=False) as server:
        server.create_database("schema")
        migrate_by_text(server.url_of("schema"))
        SCHEMA.write_text(schema_of(server.url_of("schema")), encoding="utf-8")


if __name__ == "__main__":
    main()
