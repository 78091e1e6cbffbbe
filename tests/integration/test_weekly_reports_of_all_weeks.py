"""Each week is told, and once: in zones of all kinds, after settings were changed, after no scheduler was at work."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.support.registered_webhooks import deliveries, register
from tests.support.standing_clock import StandingClock
from tracker.application import Application
from tracker.errors import Refused
from tracker.management import applications
from tracker.management import settings as management_settings
from tracker.reports import weekly
from tracker.reports.readers import Readers
from tracker.reports.weekly import MAX_MISSED, tell_weeks
from tracker.store.database import Database

MONDAY = datetime(2026, 9, 21, tzinfo=UTC)
ZONES = (
    "UTC", "Pacific/Chatham", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Havana", "Pacific/Kiritimati",
    "Etc/GMT+12", "Africa/Cairo",
)  # fmt: skip
"""With changes of summer time from September to November 2026: at midnight, by half an hour, off by 45 minutes."""
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)


@pytest.fixture
def silent() -> set[date]:
    """First days of weeks in which there is nothing to tell; of all others there is something."""
    return set()


@pytest.fixture(autouse=True)
def summaries(monkeypatch: pytest.MonkeyPatch, silent: set[date]) -> None:
    def summary(*arguments: Any) -> dict[str, Any]:
        week = arguments[-1]
        return {} if week.first in silent else {"first": week.first, "zone": week.zone}

    monkeypatch.setattr(weekly, "_summary", summary)


@pytest.fixture
def readers(tmp_path: Path) -> Iterator[Readers]:
    readers = Readers(tmp_path)
    yield readers
    readers.close()


def asks(database: Database, application: Application, since: datetime = MONDAY - WEEK) -> Any:
    """A webhook that asks for the summaries, unchanged since then."""
    webhook = register(database, application, "report.weekly")
    change(database, webhook, since)
    return webhook


def change(database: Database, webhook: Any, at: datetime) -> None:
    with database.transaction() as tx:
        tx.execute(b"UPDATE webhooks SET updated_at = %s WHERE id = %s", (at, webhook))


def weeks_told(database: Database, webhook: Any) -> list[date]:
    return [date.fromisoformat(told["data"]["first"]) for told in deliveries(database, webhook)]


def test_each_week_is_told_once_in_every_zone_through_changes_of_summer_time(
    database: Database, readers: Readers
) -> None:
    webhooks = {}
    for number, zone in enumerate(ZONES):
        application, _ = applications.create(database, name=zone, app_id=f"app-{number}")
        management_settings.set_(database, application.app_id, "timezone", zone)
        webhooks[zone] = asks(database, application)
    for number in range(7):
        for hour in range(-16, 16, 2):
            tell_weeks(database, readers, StandingClock(MONDAY + number * WEEK + hour * HOUR))
    for zone, webhook in webhooks.items():
        told = deliveries(database, webhook)
        firsts = [date.fromisoformat(one["data"]["first"]) for one in told]
        assert firsts == [(MONDAY + number * WEEK).date() for number in range(-2, 6)], zone
        ends = [datetime.fromisoformat(one["body"]["timestamp"]).astimezone(ZoneInfo(zone)) for one in told]
        assert [(end.date(), end.hour) for end in ends] == [(first + WEEK, 0) for first in firsts], zone


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_changed_in_mid_week_no_week_is_told_twice_and_none_is_left_out(
    database: Database, readers: Readers, application: Application, seed: int
) -> None:
    """Where weeks begin on another day, two that are told may share up to three days, or leave as many out."""
    random, webhook = Random(seed), asks(database, application)
    at = MONDAY + 2 * HOUR
    while at < MONDAY + 10 * WEEK:
        if random.random() < 0.3:
            management_settings.set_(database, "shop", "timezone", random.choice(ZONES))
        if random.random() < 0.3:
            management_settings.set_(database, "shop", "week_start", random.choice(["monday", "sunday"]))
        tell_weeks(database, readers, StandingClock(at))
        at += 7 * HOUR
    told = weeks_told(database, webhook)
    apart = {(later - earlier).days for earlier, later in pairwise(told)}
    assert apart <= {6, 7, 8}, told
    assert 9 <= len(told) <= 11


def test_weeks_that_were_over_while_no_scheduler_was_at_work_are_told_by_the_next_one(
    database: Database, readers: Readers, application: Application, silent: set[date]
) -> None:
    webhook = asks(database, application)

    def tell(weeks: int) -> int:
        return tell_weeks(database, readers, StandingClock(MONDAY + weeks * WEEK + 2 * HOUR))

    def firsts(*weeks: int) -> list[date]:
        return [(MONDAY + number * WEEK).date() for number in weeks]

    silent.update(firsts(3, 4, 5))
    assert tell(0) == 1, "of one that is new the last week alone"
    assert tell(3) == 3
    assert weeks_told(database, webhook) == firsts(-1, 0, 1, 2)
    assert tell(4) == 0
    assert tell(7) == 1, "the last one, and nothing of those without a hit"
    silent.clear()
    assert tell(7) == 0, "of a week before the last that had no hit nobody asks again"
    assert weeks_told(database, webhook) == firsts(-1, 0, 1, 2, 6)
    assert tell(20) == MAX_MISSED + 1
    newer = asks(database, application, MONDAY + 22 * WEEK + DAY)
    assert tell(24) == 4
    assert weeks_told(database, webhook)[-4:] == firsts(20, 21, 22, 23)
    assert weeks_told(database, newer) == firsts(22, 23), "what was over before it was made is no news to it"
    for one in (webhook, newer):
        change(database, one, MONDAY + 26 * WEEK + DAY)
    assert tell(28) == 2, "what was over before they were changed is of before: maybe they did not ask for it"
    assert weeks_told(database, webhook)[-2:] == firsts(26, 27)


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Kiritimati"])
@pytest.mark.parametrize("hours", [-1, 1])
def test_a_week_ends_for_a_webhook_when_it_ends_for_the_site(
    database: Database, readers: Readers, application: Application, zone: str, hours: int
) -> None:
    webhook = asks(database, application)
    management_settings.set_(database, "shop", "timezone", zone)
    tell_weeks(database, readers, StandingClock(MONDAY + DAY))
    before = len(weeks_told(database, webhook))
    end = (MONDAY + 2 * WEEK).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    change(database, webhook, end + hours * HOUR)
    count = 2 if hours < 0 else 1
    assert tell_weeks(database, readers, StandingClock(MONDAY + 3 * WEEK + DAY)) == count
    assert len(weeks_told(database, webhook)) - before == count


def test_a_week_that_cannot_be_told_now_holds_up_no_later_one(
    database: Database, readers: Readers, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = asks(database, application)
    summary, refused = weekly._summary, [(MONDAY + WEEK).date()]

    def refusing(*arguments: Any) -> Any:
        if arguments[-1].first in refused:
            raise Refused("SERVICE_UNAVAILABLE", 503, "It takes too long.")
        return summary(*arguments)

    monkeypatch.setattr(weekly, "_summary", refusing)
    for weeks in (0, 3):
        tell_weeks(database, readers, StandingClock(MONDAY + weeks * WEEK + 2 * HOUR))
    firsts = [(MONDAY + number * WEEK).date() for number in (-1, 0, 2)]
    assert weeks_told(database, webhook) == firsts
    refused.clear()
    tell_weeks(database, readers, StandingClock(MONDAY + 3 * WEEK + 3 * HOUR))
    assert weeks_told(database, webhook) == [*firsts, (MONDAY + WEEK).date()]
