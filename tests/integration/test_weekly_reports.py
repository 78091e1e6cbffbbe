"""The weekly summary: told once, with the numbers of the reports, to who asks for it; also after a kill -9."""

import signal
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.counted import fold_everything
from tests.support.facts import make_facts
from tests.support.queued_hits import drain, enqueue, hit_of
from tests.support.raw_hits import make_months
from tests.support.registered_webhooks import deliveries, register, types
from tests.support.standing_clock import StandingClock
from tracker.application import Application
from tracker.config import Settings
from tracker.facts.engine_process import ProcessConnection
from tracker.management import applications, goals
from tracker.management import settings as management_settings
from tracker.queueing.connection import Connection
from tracker.reports import weekly
from tracker.reports.readers import Readers
from tracker.reports.weekly import tell_weeks
from tracker.store import batch_jobs
from tracker.store.database import Database
from tracker.store.partitions import Month

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
"""The week before it is the one that is told; in Tokyo it ends nine hours earlier."""
DIES = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from tests.support.standing_clock import StandingClock
from tracker.reports import weekly
from tracker.reports.readers import Readers
from tracker.store.database import Database
told = weekly.publish
def publish(*arguments, **options):
    told(*arguments, **options)
    os.kill(os.getpid(), signal.SIGKILL)
weekly.publish = publish
clock = StandingClock(datetime.fromisoformat(sys.argv[3]))
weekly.tell_weeks(Database(sys.argv[1], name="dies"), Readers(Path(sys.argv[2])), clock)
"""


@pytest.fixture
def readers(settings: Settings, database: Database, redis: Connection, application: Application) -> Readers:
    """A site in Tokyo: three hits in the week of October 26th, the last in its last second; one before, one after."""
    make_months(database, Month(2026, 10), Month(2026, 11))
    management_settings.set_(database, "shop", "timezone", "Asia/Tokyo")
    midnight = MONDAY - timedelta(hours=9)
    times = [midnight - timedelta(days=9), midnight - timedelta(days=3), midnight - timedelta(days=2)]
    times += [midnight - timedelta(seconds=1), midnight]
    pages = ["before", "cart", "cart", "thanks", "after"]
    hits = [
        hit_of(application, n, created_at=time, url=f"https://shop.example/{page}", client_sub_id="me")
        for n, (time, page) in enumerate(zip(times, pages, strict=True), start=1)
    ]
    enqueue(redis, hits)
    drain(redis, database)
    fold_everything(database)
    make_facts(database, settings.facts_url)
    goals.create_goal(database, "shop", name="Thanks", step="page:/thanks")
    return Readers(settings.facts_url)


def tell(database: Database, readers: Readers, at: datetime) -> int:
    return tell_weeks(database, readers, StandingClock(at))


def test_a_week_is_told_once_when_it_is_over_in_the_sites_zone(
    database: Database, readers: Readers, application: Application
) -> None:
    asks, everything, others = (
        register(database, application, name) for name in ("report.weekly", "*", "session.ended")
    )
    ends = MONDAY - timedelta(hours=9)
    assert tell(database, readers, ends + timedelta(minutes=59)) == 0
    assert [tell(database, readers, ends + timedelta(hours=1, minutes=n)) for n in (0, 10)] == [1, 0]
    (told,) = deliveries(database, asks)
    assert told["type"] == "report.weekly"
    assert told["body"]["timestamp"] == "2026-11-01T15:00:00Z"
    data = told["data"]
    numbers = {"requests": 3, "page_views": 3, "visitors": 1, "sessions": 3}
    assert {name: data[name] for name in numbers} == numbers
    assert data["before"]["requests"] == 1
    assert (data["start_date"], data["end_date"], data["timezone"]) == ("2026-10-26", "2026-11-01", "Asia/Tokyo")
    assert data["pages"] == [{"page": "/cart", "page_views": 2}, {"page": "/thanks", "page_views": 1}]
    assert data["sources"] == [{"source": None, "visitors": 1}]
    assert data["goals"] == [{"name": "Thanks", "visits": 1, "conversions": 1, "value": None}]
    assert (data["exact"], data["app_id"]) == (True, "shop")
    assert (types(database, everything), types(database, others)) == (["report.weekly"], [])
    with database.transaction() as tx:
        summary = batch_jobs.summary(tx, since=ends)
    assert "weekly_reports" in str(summary)
    assert tell(database, readers, ends + timedelta(days=7, hours=2)) == 1, "the week after it"
    assert tell(database, readers, ends + timedelta(days=21, hours=2)) == 0, "two weeks without a hit"


def test_a_turn_that_is_killed_has_told_nothing_and_the_next_one_tells_it(
    settings: Settings, database: Database, readers: Readers, application: Application
) -> None:
    webhook = register(database, application, "report.weekly")
    command = [sys.executable, "-c", DIES, settings.database_url, str(settings.facts_url), MONDAY.isoformat()]
    died = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert deliveries(database, webhook) == []
    assert [tell(database, readers, MONDAY) for _ in range(2)] == [1, 0]
    assert len(deliveries(database, webhook)) == 1


def test_without_facts_it_is_put_off_and_no_other_application_hears_of_it(
    settings: Settings, database: Database, readers: Readers, application: Application, tmp_path: Path
) -> None:
    stranger, _ = applications.create(database, name="Stranger", app_id="stranger")
    theirs, ours = register(database, stranger, "*"), register(database, application, "report.weekly")
    elsewhere = Readers(tmp_path / "nothing")
    assert tell(database, elsewhere, MONDAY) == 0
    assert tell(database, readers, MONDAY) == 1
    assert (types(database, ours), types(database, theirs)) == (["report.weekly"], [])
    assert date.fromisoformat(deliveries(database, ours)[0]["data"]["start_date"]) == date(2026, 10, 26)


def test_a_week_that_takes_too_long_puts_off_no_other_applications(  # noqa: PLR0917 fixtures
    settings: Settings,
    database: Database,
    redis: Connection,
    readers: Readers,
    application: Application,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other, _ = applications.create(database, name="Other", app_id="other")
    enqueue(redis, [hit_of(other, 10, created_at=MONDAY - timedelta(days=3))])
    drain(redis, database)
    fold_everything(database)
    make_facts(database, settings.facts_url)
    webhooks = [register(database, one, "report.weekly") for one in (application, other)]
    asked: list[str] = []
    summary = weekly._summary

    def summary_in_time(*arguments: Any) -> dict[str, Any] | None:
        monkeypatch.setattr("tracker.reports.readers.MAX_SECONDS", 25.0 if asked else 0.0)
        asked.append(arguments[3].app_id)
        return summary(*arguments)

    monkeypatch.setattr(weekly, "_summary", summary_in_time)
    of_scheduler = Readers(readers.folder, connect=ProcessConnection)
    assert tell(database, of_scheduler, MONDAY + timedelta(hours=1)) == 1
    assert tell(database, of_scheduler, MONDAY + timedelta(hours=2)) == 1
    assert asked == [asked[0], asked[1], asked[0]]
    assert [types(database, webhook) for webhook in webhooks] == [["report.weekly"]] * 2
