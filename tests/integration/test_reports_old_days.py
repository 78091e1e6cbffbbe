"""Reports over days without facts: what the statistics say of each of them is added, and that is said."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.archiving import DAYS, HITS, OLD
from tests.support.command_line import tracker
from tests.support.counted import fold_everything
from tests.support.facts import make_facts
from tests.support.queued_hits import NOON, drain, enqueue, hit_of, rows
from tracker.application import Application
from tracker.config import Settings
from tracker.queueing.connection import Connection
from tracker.reports import answer
from tracker.reports.answer import Report
from tracker.reports.readers import Readers
from tracker.store.database import Database

pytestmark = pytest.mark.usefixtures("old_month")

WHOLE = {"start_date": str(OLD.start.date()), "end_date": str(NOON.date()), "measures": "requests,visitors,sessions"}


@pytest.fixture
def read(settings: Settings, database: Database, redis: Connection, application: Application) -> Callable[..., Report]:
    """Ask about a month whose rows and facts are gone, and two hits of today whose facts are there."""
    hits = [hit_of(application, 1000 + n, client_sub_id="c2", session_id=f"t{n}") for n in range(2)]
    enqueue(redis, hits)
    drain(redis, database)
    fold_everything(database)
    assert tracker(settings, "partitions", "drop", str(OLD), "--yes").status == 0
    make_facts(database, settings.facts_url)._sweep()

    def read(**given: str) -> Report:
        with closing(Readers(settings.facts_url)) as readers:
            return answer.read(database, readers, app_id="shop", given={**WHOLE, **given}, now=datetime.now(UTC))

    return read


def test_the_numbers_of_days_without_facts_are_added_and_marked(
    read: Callable[..., Report], database: Database, settings: Settings
) -> None:
    by_day = "SELECT date, total_requests, unique_visitors, unique_sessions FROM daily_statistics WHERE date < %s"
    days = rows(database, by_day + " ORDER BY date", NOON.date())
    sums = [sum(day[column] for day in days) for column in (1, 2, 3)]
    assert (len(days), sums[0]) == (DAYS, HITS)

    whole = read()
    assert (whole.exact, whole.missing_days, whole.summed) == (False, DAYS, True)
    assert whole.rows == [{"requests": sums[0] + 2, "visitors": sums[1] + 1, "sessions": sums[2] + 2}]
    assert (
        "counted by day"
        in tracker(settings, "stats", "report", "--app-id", "shop", "--from", WHOLE["start_date"]).errors
    )

    months = {row["time"]: row["visitors"] for row in read(interval="month").rows}
    assert (months[str(OLD)], months[f"{NOON:%Y-%m}"]) == (sums[1], 1)
    daily = {row["time"]: row["requests"] for row in read(interval="day").rows}
    assert {day: count for day, count in daily.items() if count} == {
        **{str(day[0]): day[1] for day in days},
        str(NOON.date()): 2,
    }
    # Compared with the time before, which is the month that has no facts.
    earlier = {
        "start_date": str(OLD.plus(1).start.date()),
        "end_date": str(OLD.plus(2).start.date() - timedelta(days=1)),
    }
    [row] = read(**earlier, compare="previous").rows
    assert (row["requests"], row["before"]["requests"]) == (0, HITS)


def test_what_the_statistics_cannot_tell_is_about_days_with_facts_alone(read: Callable[..., Report]) -> None:
    for given in ({"dimensions": "client"}, {"filters": '[["client", "is", "c2"]]'}):
        report = read(**given)
        assert (report.exact, report.missing_days, report.summed) == (False, DAYS, False)
        assert [row["requests"] for row in report.rows] == [2]
    views = read(measures="page_views")
    assert (views.summed, views.rows) == (False, [{"page_views": 2}])
    today = read(start_date=str(NOON.date()))
    assert (today.exact, today.missing_days, today.summed) == (True, 0, False)
