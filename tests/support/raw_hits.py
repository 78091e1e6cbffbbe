"""Many hits at once, written by PostgreSQL itself, for tests of what reads them."""

from datetime import date, datetime
from typing import Any

from tracker.application import Application
from tracker.clock import SystemClock
from tracker.stats.rebuild import rebuild
from tracker.store.database import Database
from tracker.store.partitions import Month

COLUMNS = (
    *("client_sub_id", "session_id", "user_agent", "url", "referrer", "event_name"),
    *("custom_params", "ip_address", "timezone", "place"),
)
"""What `fill` takes as an expression of SQL, in which `n` is the number of the hit."""


def make_months(database: Database, *months: Month) -> None:
    with database.transaction() as tx:
        for month in months:
            tx.execute("SELECT create_monthly_partition(%s)", (str(month),))


def fill(
    database: Database,
    application: Application,
    count: int,
    *,
    start: datetime,
    every: str = "1 second",
    first: int = 1,
    **columns: str,
) -> None:
    """Write `count` hits, one `every` interval; their numbers begin with `first`, and at `start` is that with 1."""
    given = {"url": "'https://shop.example/' || n", **columns}
    assert set(given) <= set(COLUMNS)
    names, values = ", ".join(given), ", ".join(given.values()).replace("%", "%%")
    statement = (
        f"INSERT INTO access_logs (id, application_id, app_id, created_at, {names}) "
        f"SELECT n, %s, %s, %s::timestamptz + (n - 1) * %s::interval, {values} "
        "FROM generate_series(%s::int, %s::int) AS n"
    )
    with database.transaction() as tx:
        tx.execute(statement.encode(), (application.id, application.app_id, start, every, first, first + count - 1))


def count_days(database: Database, first: date, last: date) -> None:
    """Make the statistics of these days from the raw rows."""
    rebuild(database, SystemClock(), first=first, last=last)


def execute(database: Database, statement: str, *parameters: Any) -> None:
    with database.transaction() as tx:
        tx.execute(statement.encode(), parameters or None)
