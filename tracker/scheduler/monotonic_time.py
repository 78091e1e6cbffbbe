"""The time of the scheduler's jobs: it begins with the wall clock and goes on by the monotonic one.

APScheduler asks `datetime.now(timezone)` for the time, which a clock that is set back would stop for as long as the
jump (3.11.3: also after it is right again), and one that is set forward would let run ahead. Python lets the time zone
answer that question (`tzinfo.fromutc`), so that this zone decides what the time is.
"""

from datetime import UTC, datetime, timedelta, tzinfo

from tracker.clock import Clock


class MonotonicTime(tzinfo):
    """A time zone for `datetime.now` alone: whatever time it is asked to convert, the answer is the present one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._begin = datetime.now(UTC)
        self._began = clock.monotonic()

    def fromutc(self, _time: datetime, /) -> datetime:
        return (self._begin + timedelta(seconds=self._clock.monotonic() - self._began)).replace(tzinfo=self)

    def utcoffset(self, _time: datetime | None, /) -> timedelta:
        return timedelta(0)

    def dst(self, _time: datetime | None, /) -> timedelta:
        return timedelta(0)

    def tzname(self, _time: datetime | None, /) -> str:
        return "monotonic"
