"""Statistics as tests look at them: what is stored, and what a recount says."""

from typing import Any

from tests.support.queued_hits import rows
from tracker.clock import SystemClock
from tracker.stats.fold import fold
from tracker.stats.verify import verify
from tracker.store.database import Database

HOURS = (
    "SELECT app_id, date, hour, total_requests, unique_visitors, custom_param_stats FROM hourly_statistics "
    "ORDER BY application_id, date, hour"
)
DAYS = (
    "SELECT app_id, date, total_requests, unique_visitors, unique_sessions, custom_param_stats FROM daily_statistics "
    "ORDER BY application_id, date"
)
COUNTED = (
    "statistics_increments, statistics_visitors, statistics_sessions, statistics_values, statistics_periods, "
    "statistics_removals, hourly_statistics, daily_statistics"
)
TABLES = f"access_logs, custom_parameter_values, sessions, batch_jobs, batch_queue, {COUNTED}"


def fold_everything(database: Database) -> None:
    assert fold(database, SystemClock()).dry


def statistics(database: Database) -> tuple[list[Any], list[Any]]:
    """Every row of both tables, without ids and times of writing."""
    return rows(database, HOURS), rows(database, DAYS)


def empty(database: Database) -> None:
    with database.transaction() as tx:
        tx.execute(f"TRUNCATE {TABLES}".encode())


def assert_exact(database: Database) -> int:
    """Every number agrees with a recount from the raw rows; how many days of applications were compared."""
    verified = verify(database, SystemClock())
    assert verified.differences == []
    assert verified.passed == []
    return verified.days


def parameter(database: Database, key: str) -> dict[str, Any]:
    """The statistics of a parameter on the only day that there is."""
    [(stats,)] = rows(database, "SELECT custom_param_stats FROM daily_statistics")
    counts: dict[str, Any] = stats[key]
    return counts
