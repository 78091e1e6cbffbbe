"""Hits of today until half past noon, and of the times that it is compared with."""

from datetime import datetime, timedelta

from tests.support.queued_hits import NOON
from tests.support.raw_hits import count_days, fill, make_months
from tracker.application import Application
from tracker.store.database import Database
from tracker.store.partitions import Month

NOW = NOON + timedelta(minutes=32)
"""The clock goes on, and nothing comes before the next quarter of an hour."""
TODAY = NOON.replace(hour=0)
YESTERDAY = TODAY - timedelta(days=1)
YEAR_AGO = TODAY.replace(year=TODAY.year - 1, day=TODAY.day if TODAY.month != 2 else min(TODAY.day, 28))


def come(  # noqa: PLR0917 what comes when
    database: Database, application: Application, start: datetime, count: int, minutes: int, first: int
) -> None:
    """So many hits, one every so many minutes: each hour has a visitor of its own, and every other hit another page."""
    number = f"(n - {first})"
    fill(
        database,
        application,
        count,
        start=start - timedelta(minutes=(first - 1) * minutes),
        every=f"{minutes} minutes",
        first=first,
        client_sub_id=f"'v' || {number} * {minutes} / 60",
        url=f"'https://shop.example/' || CASE WHEN {number} % 2 = 0 THEN 'even' ELSE 'odd' END",
    )


def store_hits(database: Database, application: Application) -> None:
    """Today six hits an hour until now, yesterday four an hour, a few on the day before, and a year ago two an hour."""
    make_months(database, Month(YEAR_AGO.year, YEAR_AGO.month))
    for start, count, minutes, first in (
        (TODAY, 76, 10, 1_000),
        (YESTERDAY, 96, 15, 2_000),
        (YESTERDAY - timedelta(days=1), 5, 60, 3_000),
        (YEAR_AGO, 48, 30, 4_000),
    ):
        come(database, application, start, count, minutes, first)
        count_days(database, start.date(), start.date())
