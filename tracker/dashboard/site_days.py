"""The days of an application's own time zone, by which reports are read."""

from datetime import datetime
from typing import Final

from tracker.application import Application
from tracker.application_settings import TIMEZONE, WEEK_START
from tracker.dashboard.ranges import Range
from tracker.reports.zone_days import ZoneDays
from tracker.time_zones import time_zone

UTC_ZONE: Final = "UTC"


def zone_of(application: Application) -> str:
    """Return the zone's name."""
    return TIMEZONE.value(application.settings)


def now_there(application: Application, now: datetime) -> datetime:
    """Return the same instant by the clocks of the zone: its date is the site's today."""
    return now.astimezone(time_zone(zone_of(application)))


def days_of(application: Application, asked: Range) -> ZoneDays:
    """Return the days that are shown of a time."""
    starts_sunday = WEEK_START.value(application.settings) == "sunday"
    return ZoneDays(asked.shown.first, asked.shown.last, zone_of(application), starts_sunday)
