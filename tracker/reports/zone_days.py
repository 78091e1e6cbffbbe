"""Days, weeks and hours of a time zone, as instants: one source of zone data for every engine. Pure.

A day of a zone has 23, 24 or 25 hours, and in some zones half an hour more or less. The repeated hour in autumn is two
hours here, each with its own offset.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final, Literal

from tracker.time_zones import time_zone

Interval = Literal["minute", "hour", "day", "week", "month"]
INTERVALS: Final[tuple[Interval, ...]] = ("minute", "hour", "day", "week", "month")
BucketKey = date | datetime
_DAY: Final = timedelta(days=1)
_STEP: Final = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1)}


@dataclass(frozen=True, slots=True)
class OffsetSpan:
    """A time in which a zone keeps one offset to UTC; `end` is not included."""

    start: datetime
    end: datetime
    offset: timedelta


@dataclass(frozen=True, slots=True)
class ZoneDays:
    """Days of a zone, first and last included; weeks begin on Monday, or on Sunday.

    With `until` they are over at that instant: what is compared with days that go on is no longer than they are.
    """

    first: date
    last: date
    zone: str
    starts_sunday: bool = False
    until: datetime | None = None

    @property
    def start(self) -> datetime:
        """Return when the first day begins, in UTC."""
        return _midnight(self.first, self.zone)

    @property
    def end(self) -> datetime:
        """Return when the last day is over, in UTC."""
        end = _midnight(self.last + _DAY, self.zone)
        return end if self.until is None else max(self.start, min(end, self.until))

    @property
    def count(self) -> int:
        return (self.last - self.first).days + 1

    def before(self) -> "ZoneDays":
        """Return as many days, right before these."""
        return ZoneDays(self.first - self.count * _DAY, self.first - _DAY, self.zone, self.starts_sunday)

    def year_before(self) -> "ZoneDays":
        """Return as many days, which begin on the same date a year before (the 28th for a 29th of February)."""
        try:
            first = self.first.replace(year=self.first.year - 1)
        except ValueError:
            first = self.first.replace(year=self.first.year - 1, day=28)
        return ZoneDays(first, first + (self.count - 1) * _DAY, self.zone, self.starts_sunday)

    def offsets(self) -> list[OffsetSpan]:
        """Return the spans of one offset each, in their order, which together are these days."""
        zone = time_zone(self.zone)
        spans: list[OffsetSpan] = []
        start = at = self.start
        while at < self.end:
            if _offset(at, zone) != _offset(start, zone):
                spans.append(OffsetSpan(start, at, _offset(start, zone)))
                start = at
            at = _change(at, min(at + _DAY, self.end), zone)
        spans.append(OffsetSpan(start, self.end, _offset(start, zone)))
        return spans

    def buckets(self, interval: Interval) -> list[tuple[BucketKey, str]]:
        """Return the keys and the names of the intervals that these days have, in their order.

        A day, a week and a month are known by their first day; an hour and a minute by when they begin, in UTC. A day,
        a week (its first day) and a month (YYYY-MM) are named as dates, an hour and a minute by local time and offset.
        """
        if interval in _STEP:
            return list(self._times(_STEP[interval]))
        days = (self.first + number * _DAY for number in range(self.count))
        first_days = dict.fromkeys(self.first_day_of(day, interval) for day in days)
        return [(day, f"{day:%Y-%m}" if interval == "month" else day.isoformat()) for day in first_days]

    def first_day_of(self, day: date, interval: Interval) -> date:
        """Return the first day of the week or the month of a date."""
        if interval == "month":
            return day.replace(day=1)
        if interval == "week":
            return day - ((day.weekday() + 1) % 7 if self.starts_sunday else day.weekday()) * _DAY
        return day

    def _times(self, step: timedelta) -> Iterator[tuple[BucketKey, str]]:
        for span in self.offsets():
            local = (span.start + span.offset).replace(tzinfo=None)
            at = local.replace(minute=0 if step > _STEP["minute"] else local.minute, second=0, microsecond=0)
            while at < (span.end + span.offset).replace(tzinfo=None):
                # Where an offset changes within an hour, the hours before and after it would begin at the same instant.
                yield max(at - span.offset, span.start.replace(tzinfo=None)), name_of_time(at, span.offset)
                at += step


def name_of_time(local: datetime, offset: timedelta) -> str:
    """Return a local time to the minute with its offset, `2026-10-25T02:00+01:00`."""
    minutes = int(offset.total_seconds()) // 60
    sign = "-" if minutes < 0 else "+"
    return f"{local:%Y-%m-%dT%H:%M}{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def today_in(zone: str, now: datetime) -> date:
    """Return the date in a zone."""
    return now.astimezone(time_zone(zone)).date()


def _midnight(day: date, zone: str) -> datetime:
    # Where summer time begins at midnight there is no 00:00; fold 0 then stands for the instant of the change.
    return datetime(day.year, day.month, day.day, tzinfo=time_zone(zone)).astimezone(UTC)


def _offset(at: datetime, zone: tzinfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)


def _change(start: datetime, end: datetime, zone: tzinfo) -> datetime:
    """Return the first second of another offset than at `start`, or `end` where there is none before it."""
    last = end - timedelta(seconds=1)
    if _offset(last, zone) == _offset(start, zone):
        return end
    low, high = int(start.timestamp()), int(last.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(datetime.fromtimestamp(middle, UTC), zone) == _offset(start, zone):
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)
