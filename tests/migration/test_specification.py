"""A migrated database has what the specification's DDL makes; test_schema.py holds the same from a list."""

from datetime import UTC, datetime

import psycopg
import pytest

from tests.migration.specification_checker import differences, specified_and_there
from tracker.store.migrations import migrate


def test_a_migrated_database_has_all_that_the_specification_makes_on_either_version(new_database: str) -> None:
    migrate(new_database, today=datetime.now(UTC).date())
    specified, there = specified_and_there(new_database)
    assert (len(specified.tables), len(specified.columns), len(specified.partitioned)) == (12, 124, 1)
    assert (len(specified.indexes), len(specified.constraints)) == (56, 33)
    assert list(differences(specified, there)) == []


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DROP TABLE batch_jobs", "table batch_jobs is missing"),
        ("ALTER TABLE sessions DROP COLUMN module_id", "column sessions.module_id is missing"),
        ("ALTER TABLE api_keys ALTER COLUMN is_active DROP NOT NULL", "column api_keys.is_active: must be NOT NULL"),
        (
            "ALTER TABLE api_keys ALTER COLUMN name TYPE text",
            "column api_keys.name: type text, the ",
        ),
        ("ALTER TABLE webhooks ALTER COLUMN failure_count SET DEFAULT 1", "column webhooks.failure_count: default 1, "),
        ("DROP INDEX idx_batch_queue_priority", "index idx_batch_queue_priority on "),
        (
            "ALTER TABLE hourly_statistics DROP CONSTRAINT hourly_statistics_pkey",
            "constraint on hourly_statistics: P",
        ),
    ],
)
def test_what_is_missing_or_otherwise_is_told(database_url: str, statement: str, said: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(statement.encode())
    assert [line for line in differences(*specified_and_there(database_url)) if line.startswith(said)]
