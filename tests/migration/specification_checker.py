"""Holds a migrated database against the specification's DDL: what has it that the database lacks?

The DDL (tests/data/specification.sql) is loaded into a schema of its own in the same database, the catalogs of the two
are compared, and nothing of it stays. A database may have more than the specification. A unique constraint's own index
may carry the name of the listed index (decision 0004); a primary key may be widened by the column of the partitions.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

SPECIFICATION = Path(__file__).parents[1] / "data" / "specification.sql"
_SCRATCH = "specification"

_TABLES = """
    SELECT relname FROM pg_class
     WHERE relnamespace = %(schema)s::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition"""
_COLUMNS = """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid)
      FROM pg_attribute a
      JOIN pg_class c ON c.oid = a.attrelid
      LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE c.relnamespace = %(schema)s::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
       AND a.attnum > 0 AND NOT a.attisdropped"""
_INDEXES = """
    SELECT i.relname, t.relname, pg_get_indexdef(i.oid)
      FROM pg_index x
      JOIN pg_class i ON i.oid = x.indexrelid
      JOIN pg_class t ON t.oid = x.indrelid
     WHERE t.relnamespace = %(schema)s::regnamespace AND NOT t.relispartition"""
_CONSTRAINTS = """
    SELECT t.relname, c.contype, pg_get_constraintdef(c.oid)
      FROM pg_constraint c
      JOIN pg_class t ON t.oid = c.conrelid
     WHERE t.relnamespace = %(schema)s::regnamespace AND c.contype IN ('p', 'u', 'f', 'c') AND c.conparentid = 0"""
_PARTITIONED = """
    SELECT relname, pg_get_partkeydef(oid) FROM pg_class
     WHERE relnamespace = %(schema)s::regnamespace AND relkind = 'p'"""


@dataclass(frozen=True)
class Catalog:
    """What a schema has; definitions without the schema's name."""

    tables: set[str]
    columns: dict[tuple[str, str], tuple[str, bool, str]]
    """By table and column: type, whether it is NOT NULL, default."""
    indexes: dict[str, tuple[str, str]]
    """By name: table, and what is indexed how."""
    constraints: set[tuple[str, str, str]]
    """Table, kind as in pg_constraint.contype, definition."""
    partitioned: dict[str, str]


def _catalog(connection: psycopg.Connection, schema: str) -> Catalog:
    def rows(query: str) -> list[Any]:
        return connection.execute(query.encode(), {"schema": schema}).fetchall()

    def clean(text: str | None) -> str:
        return re.sub(r"\s+", " ", (text or "").replace(f"{schema}.", ""))

    return Catalog(
        tables={table for (table,) in rows(_TABLES)},
        columns={
            (table, column): (kind, not_null, clean(default))
            for table, column, kind, not_null, default in rows(_COLUMNS)
        },
        indexes={
            index: (table, re.sub(r"^.* USING ", "", clean(definition))) for index, table, definition in rows(_INDEXES)
        },
        constraints={(table, kind, clean(definition)) for table, kind, definition in rows(_CONSTRAINTS)},
        partitioned=dict(rows(_PARTITIONED)),
    )


def specified_and_there(url: str) -> tuple[Catalog, Catalog]:
    """The catalog that the specification makes, and that of the database's tables."""
    with psycopg.connect(url) as connection:
        there = _catalog(connection, "public")
        connection.execute(f"CREATE SCHEMA {_SCRATCH}".encode())
        connection.execute(f"SET LOCAL search_path = {_SCRATCH}, public".encode())
        connection.execute(SPECIFICATION.read_bytes())
        specified = _catalog(connection, _SCRATCH)
        connection.rollback()
    return specified, there


def differences(specified: Catalog, there: Catalog) -> Iterator[str]:
    """A sentence for each thing that the specification has and the database lacks, or has otherwise."""
    for table in sorted(specified.tables - there.tables):
        yield f"table {table} is missing"
    yield from _columns(specified, there)
    for name, definition in sorted(specified.indexes.items()):
        if name.startswith("idx_") and there.indexes.get(name) != definition:
            yield f"index {name} on {definition}: the database has {there.indexes.get(name)}"
    for table, kind, text in sorted(specified.constraints - there.constraints):
        wider = (table, "p", text.replace(")", ", created_at)"))
        if not (kind == "p" and table in there.partitioned and wider in there.constraints):
            yield f"constraint on {table}: {text}"
    for table, key in sorted(specified.partitioned.items()):
        if there.partitioned.get(table) != key:
            yield f"table {table}: must be PARTITION BY {key}, is {there.partitioned.get(table)}"


def _columns(specified: Catalog, there: Catalog) -> Iterator[str]:
    for (table, column), (kind, not_null, default) in sorted(specified.columns.items()):
        if (table, column) not in there.columns:
            yield f"column {table}.{column} is missing"
            continue
        kind_there, not_null_there, default_there = there.columns[table, column]
        if kind_there != kind:
            yield f"column {table}.{column}: type {kind_there}, the specification says {kind}"
        if not_null and not not_null_there:
            yield f"column {table}.{column}: must be NOT NULL"
        if default_there != default:
            yield f"column {table}.{column}: default {default_there}, the specification says {default}"
