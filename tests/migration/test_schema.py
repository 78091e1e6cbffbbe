"""The schema holds what the specification says, and the two ways to it lead to the same place."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import psycopg
import pytest

from tools.schema import SCHEMA, migrate_by_text, schema_of
from tracker.store.migrations import migrate
from tracker.store.queries import SQL

TODAY = date(2026, 11, 23)


def test_a_migrated_database_has_everything_that_the_specification_lists(
    new_database: str, catalog_of: Callable[[str], set[str]]
) -> None:
    migrate(new_database, today=TODAY)
    specified = set(Path(__file__).with_name("specification.txt").read_text().splitlines())
    assert len(specified) == 212
    assert specified - catalog_of(new_database) == set()


def test_schema_sql_is_what_the_migrations_make(empty_database_url: str) -> None:
    migrate_by_text(empty_database_url)
    assert SCHEMA.read_text(encoding="utf-8") == schema_of(empty_database_url), "run `make schema`"


@pytest.fixture
def schema(new_database: str) -> str:
    with psycopg.connect(new_database) as connection:
        connection.execute((SQL / "schema.sql").read_bytes())
    return new_database


BOUNDS = """SELECT relname, pg_get_expr(relpartbound, oid) FROM pg_class
             WHERE relispartition AND relkind = 'r' ORDER BY relname"""


def test_a_month_has_bounds_in_utc_whatever_the_sessions_time_zone_and_date_style(schema: str) -> None:
    with psycopg.connect(schema) as connection:
        connection.execute("SET TIME ZONE 'America/New_York'; SET datestyle = 'SQL, DMY'")
        connection.execute("SELECT create_monthly_partition('2031-12')")
        connection.execute("SELECT create_monthly_partition('2031-12')")
        connection.execute("SET TIME ZONE 'UTC'; SET datestyle = 'ISO'")
        expected = "FOR VALUES FROM ('2031-12-01 00:00:00+00') TO ('2032-01-01 00:00:00+00')"
        assert connection.execute(BOUNDS).fetchall() == [
            ("access_logs_2031_12", expected),
            ("custom_parameter_values_2031_12", expected),
        ]


@pytest.mark.parametrize(
    "text",
    [
        *("2031-13", "2031-00", "2031-3", "", "0000-01", "2031_03", "2031-03-01", " 2031-03", "2031-03\n", None),
        "x'); DROP TABLE sessions; --",
    ],
)
def test_what_is_not_a_month_is_refused(schema: str, text: str | None) -> None:
    with psycopg.connect(schema) as connection, pytest.raises(psycopg.errors.InvalidParameterValue):
        connection.execute("SELECT create_monthly_partition(%s)", [text])


def test_a_month_of_which_only_one_table_was_made_is_completed(schema: str) -> None:
    with psycopg.connect(schema) as connection:
        connection.execute("SELECT create_monthly_partition('2031-03')")
        connection.execute("ALTER TABLE custom_parameter_values DETACH PARTITION custom_parameter_values_2031_03")
        connection.execute("DROP TABLE custom_parameter_values_2031_03")
        connection.execute("SELECT create_monthly_partition('2031-03')")
        assert len(connection.execute(BOUNDS).fetchall()) == 2


# What `\d` shows of a table: columns, indexes and constraints, by definition.
LOOKS = """
    SELECT 'column', attname, format_type(atttypid, atttypmod) || attnotnull::text ||
           coalesce((SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = t.oid AND adnum = attnum), '')
      FROM pg_attribute, (SELECT %(table)s::regclass AS oid) t WHERE attrelid = t.oid AND attnum > 0
     UNION ALL
    SELECT 'index', pg_get_indexdef(indexrelid), (SELECT inhparent::regclass::text FROM pg_inherits
                                                   WHERE inhrelid = indexrelid)
      FROM pg_index WHERE indrelid = %(table)s::regclass
     UNION ALL
    SELECT 'constraint', conname, pg_get_constraintdef(oid) || conislocal::text || coninhcount::text
      FROM pg_constraint WHERE conrelid = %(table)s::regclass
     ORDER BY 1, 2"""


@pytest.mark.parametrize("table", ["access_logs", "custom_parameter_values"])
def test_an_attached_month_looks_like_one_made_by_partition_of(schema: str, table: str) -> None:
    month = f"{table}_2031_03"
    with psycopg.connect(schema) as connection:
        connection.execute("SELECT create_monthly_partition('2031-03')")
        attached = connection.execute(LOOKS, {"table": month}).fetchall()
        connection.execute("DROP TABLE custom_parameter_values_2031_03")
        connection.execute("ALTER TABLE access_logs DETACH PARTITION access_logs_2031_03")
        connection.execute("DROP TABLE access_logs_2031_03")
        for parent in ("access_logs", "custom_parameter_values"):
            connection.execute(
                f"CREATE TABLE {parent}_2031_03 PARTITION OF {parent} FOR VALUES FROM ('2031-03-01') TO ('2031-04-01')"
            )
        assert attached == connection.execute(LOOKS, {"table": month}).fetchall()


def test_a_value_belongs_to_a_hit_of_its_own_month(schema: str) -> None:
    with psycopg.connect(schema) as connection:
        connection.execute("SELECT create_monthly_partition('2031-03')")
        connection.execute(
            """INSERT INTO applications (app_id, name, api_key_hash) VALUES ('shop', 'Shop', 'hash');
               INSERT INTO access_logs (id, application_id, app_id, created_at)
               SELECT 7, id, app_id, '2031-03-05' FROM applications"""
        )
        value = """INSERT INTO custom_parameter_values (access_log_id, application_id, parameter_key, created_at)
                   SELECT %s, id, 'price', '2031-03-05' FROM applications"""
        connection.execute(value, [7])
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            connection.execute(value, [8])
