"""Roles of a test's own database."""

from pathlib import Path

import psycopg


def password_files(folder: Path) -> dict[str, str]:
    """What roles.sql needs of the environment: a password in a file in the folder, the same for each role."""
    file = folder / "password"
    file.write_text("secret")
    return {f"TRACKER_{role}_PASSWORD_FILE": str(file) for role in ("OWNER", "APP", "READER")}


def limit_statements(url: str, role: str) -> None:
    """Give a role the time limit that roles.sql gives, in this test's database only."""
    with psycopg.connect(url, autocommit=True) as connection:
        name = str(connection.info.dbname)
        connection.execute(f"ALTER ROLE {role} IN DATABASE {name} SET statement_timeout = '30s'".encode())
