"""The times right before and right after the one that a page shows, as its arrows lead to them. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from tracker.dashboard.formats import Days
from tracker.dashboard.ranges import CHOSEN, WHOLE_DAYS, Range, named
from tracker.reading.period import Period

_DAY: Final = timedelta(days=1)
_EARLIEST: Final = date(1970, 1, 1)
_BY_MONTHS: Final = ("month", "12m", CHOSEN)
"""Times that may be whole months: then the one before has as many months, not as many days."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Where an arrow leads: `query` is how an address has that time, `days` how people read it; empty for nowhere."""

    name: str
    query: dict[str, object]
    days: str


def neighbours(time: Range, days: Days) -> list[Neighbour]:
    """Return both, the earlier one first."""
    periods = {"earlier": earlier(time), "later": later(time)}
    return [
        Neighbour(name, query_of_days(period, time.today), days.span(period)) if period else Neighbour(name, {}, "")
        for name, period in periods.items()
    ]


def earlier(time: Range) -> Period | None:
    """Return the time that ends where this one begins; None where there cannot have been a hit."""
    if time.name == "24h":
        return Period(time.today - _DAY, time.today - _DAY)
    first, last = time.period.first, time.period.first - _DAY
    start = _months_later(first, -_months(time)) if _is_of_months(time) else first - time.period.days * _DAY
    return Period(max(start, _EARLIEST), last) if last >= _EARLIEST else None


def later(time: Range) -> Period | None:
    """Return the time that begins where this one ends, at most until today; None where it would be in the future."""
    if time.goes_on:
        return None
    first = time.period.last + _DAY
    end = _months_later(first, _months(time)) if _is_of_months(time) else first + time.period.days * _DAY
    return Period(first, min(end - _DAY, time.today))


def query_of_days(period: Period, today: date) -> dict[str, object]:
    """Return how an address has these days: by their name where they have one today."""
    for name in WHOLE_DAYS:
        if named(name, today).period == period:
            return {"range": name}
    return {"range": None, "from": period.first, "to": period.last}


def _is_of_months(time: Range) -> bool:
    ends_month = (time.period.last + _DAY).day == 1
    return time.name in _BY_MONTHS and time.period.first.day == 1 and (ends_month or time.name != CHOSEN)


def _months(time: Range) -> int:
    first, last = time.period.first, time.period.last
    return 12 * (last.year - first.year) + last.month - first.month + 1


def _months_later(first: date, months: int) -> date:
    """Return the first of a month so many months later."""
    month = 12 * first.year + first.month - 1 + months
    return date(month // 12, month % 12 + 1, 1)
