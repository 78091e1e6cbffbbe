"""Roles of a test's own database."""

import psycopg


def limit_statements(url: str, role: str) -> None:
    """Give a role the time limit that roles.sql gives, in this test's database only."""
    with psycopg.connect(url, autocommit=True) as connection:
        name = str(connection.info.dbname)
        connection.execute(f"ALTER ROLE {role} IN DATABASE {name} SET statement_timeout = '30s'".encode())
