"""`partitions create` and `drop` from the command line."""

from datetime import UTC, datetime

import psycopg

from tests.support.command_line import tracker
from tests.support.queued_hits import rows
from tracker.config import Settings
from tracker.store.database import Database
from tracker.store.partitions import Month


def months(settings: Settings) -> set[str]:
    return {row["month"] for row in tracker(settings, "partitions", "list", "--json").json}


def test_months_are_made_once(settings: Settings) -> None:
    made = tracker(settings, "partitions", "create", "2019-12", "2020-01")
    assert (made.status, made.output) == (0, "")
    assert "partitions of 2020-01 made" in made.errors
    assert {"2019-12", "2020-01"} <= months(settings)
    assert "Nothing to do" in tracker(settings, "partitions", "create", "2020-01").errors
    assert "Nothing to do" in tracker(settings, "partitions", "create").errors
    wrong = tracker(settings, "partitions", "create", "2020-13")
    assert wrong.status == 2
    assert "YYYY-MM" in wrong.errors


def test_a_month_is_dropped_only_after_a_yes(settings: Settings, database: Database) -> None:
    tracker(settings, "partitions", "create", "2020-01")
    with psycopg.connect(settings.database_url) as connection:
        connection.execute(
            "INSERT INTO access_logs (application_id, app_id, created_at)"
            " VALUES (gen_random_uuid(), 'shop', '2020-01-05')"
        )
        connection.execute("ANALYZE access_logs")
    for answer in (b"", b"n\n"):
        refused = tracker(settings, "partitions", "drop", "2020-01", given=answer)
        assert refused.status == 1
        assert "Drop 2020-01 with about 1 hits" in refused.errors
    assert "2020-01" in months(settings)
    dropped = tracker(settings, "partitions", "drop", "2020-01", given=b"y\n")
    assert dropped.status == 0
    assert "access_logs_2020_01 dropped" in dropped.errors
    assert "2020-01" not in months(settings)
    assert rows(database, "SELECT count(*) FROM access_logs") == [(0,)]
    assert rows(database, "SELECT job_type FROM batch_jobs") == [("drop_partitions",)]


def test_a_month_that_must_exist_or_does_not_is_not_dropped(settings: Settings) -> None:
    current = str(Month.of(datetime.now(UTC)))
    refused = tracker(settings, "partitions", "drop", current, "--yes")
    assert (refused.status, current in months(settings)) == (1, True)
    assert "must exist" in refused.errors
    ahead = str(Month.of(datetime.now(UTC)).plus(7))
    tracker(settings, "partitions", "create", ahead)
    refused = tracker(settings, "partitions", "archive", ahead, "--yes")
    assert (refused.status, ahead in months(settings)) == (1, True)
    assert "is not over" in refused.errors
    missing = tracker(settings, "partitions", "drop", "2001-01", "--yes")
    assert missing.status == 1
    assert "There is no month 2001-01" in missing.errors


def test_a_month_whose_statistics_are_not_final_is_not_dropped(settings: Settings, database: Database) -> None:
    tracker(settings, "partitions", "create", "2020-01")
    with database.transaction() as tx:
        tx.execute(
            "INSERT INTO statistics_increments (application_id, date, hour, total_requests, visitors, sessions,"
            " parameter_keys, parameter_values, parameter_counts)"
            " VALUES (gen_random_uuid(), '2020-01-05', 3, 1, '{}', '{}', '{}', '{}', '{}')"
        )
    refused = tracker(settings, "partitions", "drop", "2020-01", "--yes")
    assert refused.status == 1
    assert "not final" in refused.errors
    assert "2020-01" in months(settings)
