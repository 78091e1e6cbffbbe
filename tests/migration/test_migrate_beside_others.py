"""`migrate` in a database that is not the product's alone: it says so before it touches anything."""

import psycopg
import pytest

from tests.migration.test_schema import TODAY
from tracker.errors import SettingsInvalid
from tracker.store.migrations import migrate


def tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname !~ '^(pg_|info)'"
        )
        return {name for (name,) in rows.fetchall()}


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (
            "CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('ae1027a6acf1')",
            "alembic_version in this database is another program's",
        ),
        ("CREATE TABLE sessions (id INT); CREATE TABLE users (id INT)", "called like ours: sessions"),
        ("CREATE VIEW webhooks AS SELECT 1", "called like ours: webhooks"),
    ],
)
def test_what_another_program_has_is_left_alone(new_database: str, made: str, sentence: str) -> None:
    with psycopg.connect(new_database) as connection:
        connection.execute(made.encode())
    before = tables(new_database)
    with pytest.raises(SettingsInvalid, match=sentence):
        migrate(new_database, today=TODAY)
    assert tables(new_database) == before


def test_tables_of_others_that_are_in_nobodys_way_are_named(new_database: str) -> None:
    with psycopg.connect(new_database) as connection:
        connection.execute("CREATE TABLE invoices (id INT)")
    said: list[str] = []
    migrate(new_database, today=TODAY, on_step=said.append)
    assert any("invoices" in step for step in said)
    assert migrate(new_database, today=TODAY) == []


def test_a_search_path_that_leads_past_the_tables_is_named(new_database: str) -> None:
    migrate(new_database, today=TODAY)
    with psycopg.connect(new_database) as connection:
        name = connection.info.dbname
        connection.execute("CREATE SCHEMA elsewhere")
        connection.execute(f"ALTER DATABASE {name} SET search_path = elsewhere".encode())
    before = tables(new_database)
    with pytest.raises(SettingsInvalid, match="stand in the schema public"):
        migrate(new_database, today=TODAY)
    assert tables(new_database) == before


def test_a_schema_of_ones_own_takes_all_of_it(new_database: str) -> None:
    with psycopg.connect(new_database) as connection:
        name = connection.info.dbname
        connection.execute("CREATE SCHEMA own")
        connection.execute(f"ALTER DATABASE {name} SET search_path = own".encode())
    migrate(new_database, today=TODAY)
    assert {table.partition(".")[0] for table in tables(new_database)} == {"own"}
    assert migrate(new_database, today=TODAY) == []
