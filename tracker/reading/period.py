"""The days that are asked for, UTC, first and last included."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from tracker.errors import invalid

_DEFAULT_DAYS: Final = 7
EARLIEST: Final = date(1970, 1, 1)
LATEST: Final = date(9998, 12, 31)
_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """From `first` to `last`; `start` and `end` are the bounds in time, `end` not included."""

    first: date
    last: date

    @classmethod
    def of(cls, first: date | None, last: date | None, *, today: date) -> "Period":
        """Return the period that is meant: without a last day until today, without a first one a week before the last.

        Raises Refused (`start_date`, `end_date`) where the two are the wrong way round, or before 1970.
        """
        end = last or today
        start = first or max(EARLIEST, max(EARLIEST, end) - timedelta(days=_DEFAULT_DAYS))
        for name, day in (("end_date", end), ("start_date", start)):
            if not EARLIEST <= day <= LATEST:
                reason = f"Must be a day from {EARLIEST} to {LATEST}."
                raise invalid(f"{name}: {reason}", **{name: [reason]})
        if start > end:
            raise invalid(f"start_date {start} is after end_date {end}.", start_date=[f"Is after end_date {end}."])
        return cls(start, end)

    def demand_at_most(self, days: int, what: str) -> None:
        """Raise Refused where the period is longer than `what` may be asked for."""
        if self.days > days:
            reason = f"The period has {self.days} days: {what} may be asked for at most {days}."
            raise invalid(reason, end_date=[reason])

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def start(self) -> datetime:
        return _midnight(self.first)

    @property
    def end(self) -> datetime:
        return _midnight(self.last + _ONE_DAY)

    def dates(self) -> Iterator[date]:
        """Every date of the period."""
        for number in range(self.days):
            yield self.first + timedelta(days=number)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
