"""Days of time zones: of 23, 24 and 25 hours, and of half an hour more; every minute lies in one interval."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import duckdb
import pytest

from tracker.reports.buckets import bucket_of
from tracker.reports.zone_days import Interval, ZoneDays, name_of_time


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("UTC", date(2026, 3, 29), 24),
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("America/New_York", date(2026, 3, 8), 23),
        ("America/New_York", date(2026, 11, 1), 25),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
        ("Asia/Kolkata", date(2026, 1, 1), 24),
        ("Asia/Kathmandu", date(2026, 1, 1), 24),
        ("America/Havana", date(2026, 3, 8), 23),
        ("Africa/Cairo", date(2026, 4, 24), 23),
        ("Pacific/Apia", date(2011, 12, 29), 24),
        ("Pacific/Apia", date(2011, 12, 30), 0),
    ],
)
def test_a_day_of_a_zone_has_its_hours(zone: str, day: date, hours: float) -> None:
    days = ZoneDays(day, day, zone)
    assert days.end - days.start == timedelta(hours=hours)


@pytest.mark.parametrize("interval", ["minute", "hour", "day", "week", "month"])
@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Havana", "Pacific/Chatham"]
)
def test_intervals_have_names_of_their_own_in_order(interval: Interval, zone: str) -> None:
    for middle in (date(2026, 3, 8), date(2026, 3, 29), date(2026, 4, 5), date(2026, 9, 27), date(2026, 10, 25)):
        days = ZoneDays(middle - timedelta(days=1), middle + timedelta(days=1), zone)
        keys, names = zip(*days.buckets(interval), strict=True)
        assert len(set(keys)) == len(keys), middle
        assert len(set(names)) == len(names), middle
        assert list(keys) == sorted(keys), middle


def test_the_repeated_hour_is_two_and_the_skipped_one_none() -> None:
    autumn = [name for _, name in ZoneDays(date(2026, 10, 25), date(2026, 10, 25), "Europe/Berlin").buckets("hour")]
    assert len(autumn) == 25
    assert autumn[1:5] == [
        "2026-10-25T01:00+02:00",
        "2026-10-25T02:00+02:00",
        "2026-10-25T02:00+01:00",
        "2026-10-25T03:00+01:00",
    ]
    spring = [name for _, name in ZoneDays(date(2026, 3, 29), date(2026, 3, 29), "Europe/Berlin").buckets("hour")]
    assert len(spring) == 23
    assert spring[1:3] == ["2026-03-29T01:00+01:00", "2026-03-29T03:00+02:00"]


@pytest.mark.parametrize("interval", ["minute", "hour", "day"])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe", "America/Havana", "Pacific/Chatham"])
def test_the_engine_finds_each_minute_in_the_interval_that_bears_its_time(interval: Interval, zone: str) -> None:
    with duckdb.connect() as engine:
        for day in (date(2026, 3, 8), date(2026, 4, 5), date(2026, 9, 27), date(2026, 10, 25)):
            days = ZoneDays(day, day, zone)
            names = dict(days.buckets(interval))
            minutes = f"range(TIMESTAMP '{days.start:%F %T}', TIMESTAMP '{days.end:%F %T}', INTERVAL 1 MINUTE)"
            asked = f"SELECT time, {bucket_of(days, interval)} FROM unnest({minutes}) AS minutes (time)"
            for time, key in engine.execute(asked).fetchall():
                local = time.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
                at = local.replace(minute=0) if interval == "hour" else local
                assert names[key] == (f"{at:%F}" if interval == "day" else name_of_time(at, local.utcoffset()))


def test_weeks_begin_on_monday_or_on_sunday() -> None:
    first, last = date(2026, 11, 28), date(2026, 11, 30)
    monday = [name for _, name in ZoneDays(first, last, "UTC").buckets("week")]
    sunday = [name for _, name in ZoneDays(first, last, "UTC", starts_sunday=True).buckets("week")]
    assert (monday, sunday) == (["2026-11-23", "2026-11-30"], ["2026-11-22", "2026-11-29"])


def test_what_is_compared_with() -> None:
    days = ZoneDays(date(2024, 2, 29), date(2024, 3, 1), "UTC")
    assert days.before() == ZoneDays(date(2024, 2, 27), date(2024, 2, 28), "UTC")
    assert days.year_before() == ZoneDays(date(2023, 2, 28), date(2023, 3, 1), "UTC")


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe", "America/Havana", "Asia/Tehran", "UTC"])
def test_offsets_are_those_of_each_hour(zone: str) -> None:
    days = ZoneDays(date(2021, 1, 1), date(2022, 12, 31), zone)
    spans = days.offsets()
    assert (spans[0].start, spans[-1].end) == (days.start, days.end)
    assert all(before.end == after.start for before, after in pairwise(spans))
    at = days.start
    while at < days.end:
        [span] = [span for span in spans if span.start <= at < span.end]
        assert at.astimezone(ZoneInfo(zone)).utcoffset() == span.offset
        at += timedelta(hours=7)
    assert datetime(2021, 6, 1, tzinfo=UTC) < days.end
