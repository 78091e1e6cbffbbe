"""The time that a page of numbers is about, as its reader chooses it, and the time before it to compare with. Pure."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from tracker.errors import Refused, invalid
from tracker.reading.period import Period
from tracker.reading.series import Grouping
from tracker.web import timestamps

NAMES: Final = ("today", "24h", "7d", "30d", "month", "90d", "12m")
WHOLE_DAYS: Final = tuple(name for name in NAMES if name != "24h")
"""Names of times that begin and end with a day."""
DEFAULT_RANGE: Final = "7d"
CHOSEN: Final = "dates"
"""The name of a time whose days the reader gave."""
COMPARISONS: Final = ("previous", "year", "none")
"""What a time is compared with: the one right before, the same a year before, or nothing."""
_DAYS: Final = {"7d": 7, "30d": 30, "90d": 90}
_BY_HOUR: Final = 2
_BY_DAY: Final = 92
_MAX_DAYS: Final = 3660
"""Days that are shown by hour, by day, and at all."""
_DAY: Final = timedelta(days=1)
_WITHOUT_YEAR: Final = ("24h", "12m")
_WRITTEN: Final = re.compile(
    r"\s*(?:([0-9]{4})[-/.年]\s*([0-9]{1,2})[-/.月]\s*([0-9]{1,2})日?|([0-9]{4})([0-9]{2})([0-9]{2}))\s*"
)
"""A day as people write it, of either language: 2026-1-31, 2026/01/31, 2026年1月31日, 20260131."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Whole days UTC, by hour, day or month. Of `24h` the last 24 hours are shown, and compared with the 24 before.

    `before` is what to compare with, as many days: right before, or with `compare` a year before.
    """

    name: str
    period: Period
    group_by: Grouping
    before: Period
    today: date
    compare: str = COMPARISONS[0]

    @property
    def comparisons(self) -> tuple[str, ...]:
        """Return what it may be compared with: twelve months are compared with the year before in any case."""
        return COMPARISONS if self.name not in _WITHOUT_YEAR else (COMPARISONS[0], COMPARISONS[-1])

    @property
    def compares(self) -> bool:
        """Return whether it is to be compared with anything."""
        return self.compare != COMPARISONS[-1]

    @property
    def shown(self) -> Period:
        """Return the days that are seen of the period."""
        return Period(self.period.first + _DAY, self.period.last) if self.name == "24h" else self.period

    @property
    def compared_from(self) -> date:
        """Return the first day of what it is compared with."""
        return self.period.first if self.name == "24h" else self.before.first

    @property
    def in_address(self) -> dict[str, object]:
        """Return it as an address has it."""
        if self.name == CHOSEN:
            return {"from": self.period.first, "to": self.period.last}
        return {"range": self.name}

    @property
    def goes_on(self) -> bool:
        """Return whether more can come: then only the same part of the time before is compared with."""
        return self.period.last >= self.today


def range_of(asked: Mapping[str, str], now: datetime, names: Sequence[str] = NAMES) -> Range:
    """Return the time that the query of a page names: `range=7d`, or `from` and `to` as days; and `compare=year`.

    `names` are those that the page has.

    Raises Refused.
    """
    today = now.date()
    compare = asked.get("compare") or COMPARISONS[0]
    if compare not in COMPARISONS:
        raise invalid("There is no such comparison.", compare=["Must be one of " + ", ".join(COMPARISONS)])
    if asked.get("from") or asked.get("to"):
        return _compared(_of_dates(asked, today), compare)
    name = asked.get("range") or DEFAULT_RANGE
    if name not in names:
        raise invalid("There is no such range.", range=["Must be one of " + ", ".join(names)])
    return _compared(named(name, today), compare)


def _compared(time: Range, compare: str) -> Range:
    if compare not in time.comparisons:
        return time
    if compare != "year":
        return replace(time, compare=compare)
    first = _years_before(time.period.first, 1)
    return replace(time, compare=compare, before=Period(first, first + (time.period.days - 1) * _DAY))


def named(name: str, today: date) -> Range:
    """Return one of NAMES as it is on a day."""
    if name == "today":
        return _range(name, Period(today, today), "hour", today)
    if name == "24h":
        return _range(name, Period(today - 2 * _DAY, today), "hour", today)
    if name == "month":
        # Compared with as much of the month before, as people count: until the same day, or its last.
        first = today.replace(day=1)
        before_it = first - _DAY
        before = Period(before_it.replace(day=1), before_it.replace(day=min(today.day, before_it.day)))
        return Range(name=name, period=Period(first, today), group_by="day", before=before, today=today)
    if name == "12m":
        first = _years_before(today.replace(day=1), 1)
        first = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
        before = Period(_years_before(first, 1), _years_before(today, 1))
        return Range(name=name, period=Period(first, today), group_by="month", before=before, today=today)
    return _range(name, last_days(_DAYS[name], today), "day", today)


def last_days(days: int, today: date) -> Period:
    """So many days, today included."""
    return Period(today - (days - 1) * _DAY, today)


def _of_dates(asked: Mapping[str, str], today: date) -> Range:
    first, last = (day_of(asked, name) for name in ("from", "to"))
    last = min(last or today, today)
    if first is not None:
        first, last = sorted((min(first, today), last))  # Which of the two is the earlier one is plain.
    period = Period.of(first, last, today=today)
    if period.days > _MAX_DAYS:
        raise Refused("TIME_TOO_LONG", 400, f"At most {_MAX_DAYS} days can be shown at once.")
    return _range(CHOSEN, period, _grouping(period), today)


def _range(name: str, period: Period, group_by: Grouping, today: date) -> Range:
    before = Period(period.first - period.days * _DAY, period.first - _DAY)
    return Range(name=name, period=period, group_by=group_by, before=before, today=today)


def _grouping(period: Period) -> Grouping:
    if period.days <= _BY_HOUR:
        return "hour"
    return "day" if period.days <= _BY_DAY else "month"


def day_of(asked: Mapping[str, str], name: str) -> date | None:
    """Return the day that a field holds, as people write it; None for an empty one. Raises Refused."""
    text = asked.get(name)
    if not text:
        return None
    if written := _WRITTEN.fullmatch(unicodedata.normalize("NFKC", text)):
        text = "{}-{:0>2}-{:0>2}".format(*filter(None, written.groups()))
    try:
        day = date.fromisoformat(text) if timestamps.DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        reason = "Must be a day, such as 2026-01-31."
        raise invalid(f"{name}: {reason}", **{name: [reason]})
    return day


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)  # The 29th of February.
