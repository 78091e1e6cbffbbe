"""Two servers for what must hold on both: the embedded PostgreSQL 18 and Debian's 15."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import psycopg
import pytest

from tests.support.debian_postgres import DebianPostgres, running_debian_postgres


@pytest.fixture(scope="session")
def debian_postgres() -> Iterator[DebianPostgres]:
    with running_debian_postgres() as server:
        yield server


@pytest.fixture(params=["embedded", "debian"])
def new_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty database, once on the embedded server (PostgreSQL 18) and once on Debian's (15)."""
    server = request.getfixturevalue("debian_postgres" if request.param == "debian" else "postgres")
    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(server.url_of("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        yield server.url_of(name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


CATALOG = {
    "column": """
        SELECT format('%s.%s %s%s%s', t.relname, a.attname, format_type(a.atttypid, a.atttypmod),
                      CASE WHEN a.attnotnull THEN ' NOT NULL' END, ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid))
          FROM pg_attribute a
          JOIN pg_class t ON t.oid = a.attrelid AND t.relkind IN ('r', 'p') AND NOT t.relispartition
          LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum
         WHERE t.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped""",
    "index": """
        SELECT pg_get_indexdef(x.indexrelid)
          FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid AND NOT t.relispartition
         WHERE t.relnamespace = 'public'::regnamespace""",
    "constraint": """
        SELECT format('%s %s', t.relname, pg_get_constraintdef(c.oid))
          FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid AND NOT t.relispartition
         WHERE t.relnamespace = 'public'::regnamespace AND c.contype IN ('p', 'u', 'f', 'c') AND c.conparentid = 0""",
    "partitioned": """
        SELECT format('%s by %s', relname, pg_get_partkeydef(oid))
          FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'p'""",
}


@pytest.fixture
def catalog_of() -> Callable[[str], set[str]]:
    """What a database has, partitions left out: a line for each column, index, constraint and partitioned table."""

    def lines(url: str) -> set[str]:
        with psycopg.connect(url) as connection:
            return {
                f"{kind} {line}"
                for kind, query in CATALOG.items()
                for (line,) in connection.execute(query.encode()).fetchall()
            }

    return lines
