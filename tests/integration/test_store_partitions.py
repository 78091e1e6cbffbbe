"""The months: listed, held against what must exist, made."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import psycopg
import pytest

from tracker.clock import SystemClock
from tracker.maintenance.create_partitions import create_partitions
from tracker.store import partition_making, partitions
from tracker.store.database import Database
from tracker.store.partitions import Month


@pytest.mark.parametrize(
    ("month", "months", "then"),
    [
        (Month(2026, 11), 1, "2026-12"),
        (Month(2026, 12), 1, "2027-01"),
        (Month(2026, 1), -1, "2025-12"),
        (Month(2026, 11), -23, "2024-12"),
        (Month(2026, 11), 0, "2026-11"),
    ],
)
def test_months_are_counted_across_years(month: Month, months: int, then: str) -> None:
    assert str(month.plus(months)) == then
    assert Month.parse(then).plus(-months) == month


def test_the_month_of_a_time_is_that_in_utc() -> None:
    assert Month.of(datetime(2026, 12, 1, 5, tzinfo=timezone(timedelta(hours=9)))) == Month(2026, 11)
    assert Month.of(date(2026, 12, 1)) == Month(2026, 12)


@pytest.mark.parametrize("text", ["2026-13", "2026-1", "0000-01", "2026-11-01", "", "\uff12026-11"])
def test_what_is_not_a_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="YYYY-MM"):
        Month.parse(text)


def test_the_month_before_and_three_ahead_are_needed() -> None:
    needed = [str(month) for month in partitions.needed(date(2026, 12, 31))]
    assert needed == ["2026-11", "2026-12", "2027-01", "2027-02", "2027-03"]


def test_a_migrated_database_has_the_months_it_needs_without_gaps(database: Database) -> None:
    today = datetime.now(UTC).date()
    with database.transaction() as tx:
        there = partitions.list_partitions(tx)
        assert partitions.missing(tx, partitions.needed(today)) == []
        assert partitions.missing(tx, [Month(2031, 2), Month(2031, 1)]) == [Month(2031, 1), Month(2031, 2)]
    assert partitions.problems(there) == partitions.gap_sentences(there) == []
    assert [partition.table for partition in there] == ["access_logs"] * 5 + ["custom_parameter_values"] * 5
    assert [partition.month for partition in there[:5]] == partitions.needed(today)
    assert there[1].start == datetime(today.year, today.month, 1, tzinfo=UTC)
    assert there[1].rows == 0
    assert there[1].bytes > 0


def test_months_are_made_once_and_said_aloud(database: Database, database_url: str) -> None:
    steps: list[str] = []
    months = [Month(2015, 5), Month(2015, 4)]
    assert partition_making.create(database_url, months, on_step=steps.append) == [Month(2015, 4), Month(2015, 5)]
    assert steps == ["partitions of 2015-04 made", "partitions of 2015-05 made"]
    assert partition_making.create(database_url, months) == []
    with database.transaction() as tx:
        tx.execute(
            "INSERT INTO access_logs (application_id, app_id, created_at) VALUES (gen_random_uuid(), 'shop', %s)",
            [datetime(2015, 5, 31, 23, 59, 59, 999_999, tzinfo=UTC)],
        )


def test_gaps_and_odd_bounds_are_named(database: Database, database_url: str) -> None:
    partition_making.create(database_url, [Month(2015, 5)])
    with database.transaction() as tx:
        tx.execute(
            "CREATE TABLE odd PARTITION OF access_logs FOR VALUES FROM ('2016-01-01 09:00+09') TO ('2016-01-10')"
        )
        tx.execute("CREATE TABLE others PARTITION OF access_logs DEFAULT")
        there = partitions.list_partitions(tx)
    problems = partitions.problems(there)
    assert "odd is not one month of access_logs." in problems
    assert "others is not one month of access_logs." in problems
    start = there[1].start
    assert start is not None
    assert len(problems) == 2
    gaps = partitions.gap_sentences(there)
    assert f"access_logs has a gap from 2015-06-01 to {start:%Y-%m-%d}." in gaps
    assert len(gaps) == 2


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("9999-12-01", "10000-01-01"),
        ("9999-12-05", "9999-12-10"),
        ("12000-01-01", "infinity"),
        ("-infinity", "1000-01-01"),
        ("0044-03-15 BC", "0001-01-01"),
    ],
)
def test_bounds_beyond_all_times_of_this_language_are_odd_and_stop_no_upkeep(
    database: Database, database_url: str, clock: Any, start: str, end: str
) -> None:
    with database.transaction() as tx:
        tx.execute(f"CREATE TABLE odd PARTITION OF access_logs FOR VALUES FROM ('{start}') TO ('{end}')")
        there = partitions.list_partitions(tx)
        assert partitions.problems(there) == ["odd is not one month of access_logs."]
        assert partitions.first_hit(tx) is None
    assert create_partitions(database, database_url, clock) == []


def test_the_upkeep_makes_what_has_come_due_and_then_rests(
    database: Database, database_url: str, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.advance(timedelta(days=62).total_seconds())
    made = create_partitions(database, database_url, clock)
    assert made
    assert made[0] == Month.of(SystemClock().now()).plus(partitions.MONTHS_AHEAD + 1)
    assert create_partitions(database, "postgresql://nobody@192.0.2.1/not-asked-for", clock) == []


def test_a_half_made_month_is_missing_and_gets_completed(database: Database, database_url: str) -> None:
    month = Month(2015, 5)
    partition_making.create(database_url, [month])
    with psycopg.connect(database_url) as connection:
        connection.execute("DROP TABLE custom_parameter_values_2015_05")
    with database.transaction() as tx:
        assert partitions.missing(tx, [month]) == [month]
    assert partition_making.create(database_url, [month]) == [month]
