"""Numbers, shares, days and times as people read them. Days and times are UTC."""

from datetime import UTC, date, datetime
from urllib.parse import urlsplit

from tracker.dashboard.wording import Words
from tracker.reading.period import Period

NOTHING = "\N{EN DASH}"
_SMALL = 0.001
_NEARLY_ALL = 0.999


def number(value: float | None) -> str:
    """`1,234`, and of a fraction what tells something: `0.25`, `12.3`, `1,234.5`."""
    if value is None:
        return NOTHING
    if isinstance(value, int) or (float(value).is_integer() and abs(value) < 1e15):  # noqa: PLR2004 whole as a float
        return f"{int(value):,}"
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.1f}"  # noqa: PLR2004 from here on a decimal is enough


def share(part: float, whole: float = 1) -> str:
    """`12.3%` of a part; what is more than nothing is never shown as nothing, what is less than all never as all."""
    if not whole:
        return NOTHING
    value = part / whole
    if value in (0, 1):
        return f"{value:.0%}"
    if 0 < value < _SMALL:
        return "<0.1%"
    return f"{min(value, _NEARLY_ALL) if value < 1 else value:.1%}"


def change(now: float | None, before: float | None) -> str | None:
    """`+12%`; None where there was nothing before, or nobody can tell what there is now."""
    if now is None or not before:
        return None
    value = round(100 * (now - before) / before)
    return f"{value:+,d}%" if value else "±0%"


def duration(words: Words, seconds: float | None) -> str:
    """`1m 05s`, of hours without the seconds."""
    if seconds is None:
        return NOTHING
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:  # noqa: PLR2004 an hour
        return (
            words("duration.minutes", minutes=minutes, seconds=f"{rest:02}")
            if minutes
            else words("seconds", seconds=rest)
        )
    return words("duration.hours", hours=minutes // 60, minutes=f"{minutes % 60:02}")


def host_of(url: str | None) -> str:
    """Return the host of a URL, where it has one."""
    try:
        return urlsplit(url or "").hostname or ""
    except ValueError:
        return ""


class Days:
    """Days as a language writes them."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def short(self, value: date) -> str:
        """`Nov 17`."""
        return self._words("day.short", month=self._month(value), number=value.month, day=value.day)

    def long(self, value: date) -> str:
        """`Mon, Nov 17`, for what stands beside others of its kind."""
        weekday = self._words("weekdays").split()[value.weekday()]
        return self._words("day.long", weekday=weekday, month=self._month(value), number=value.month, day=value.day)

    def full(self, value: date) -> str:
        """`Nov 17, 2026`."""
        return self._words("day.full", month=self._month(value), number=value.month, day=value.day, year=value.year)

    def span(self, period: Period) -> str:
        """`Nov 17, 2026 - Nov 23, 2026`; of a single day, that day."""
        first, last = (self.full(day) for day in (period.first, period.last))
        return first if first == last else self._words("day.span", first=first, last=last)

    def written(self, value: date) -> str:
        """`2026-11-17`, as somebody who writes this language puts a day into a form (`ranges.range_of` reads it)."""
        return self._words("day.written", year=value.year, number=f"{value.month:02}", day=f"{value.day:02}")

    def month(self, value: date) -> str:
        """`Nov 2026`."""
        return self._words("day.month", month=self._month(value), number=value.month, year=value.year)

    def moment(self, value: datetime | None) -> str:
        """`Nov 17, 2026, 12:34 UTC`."""
        if value is None:
            return NOTHING
        utc = value.astimezone(UTC)
        places = {"month": self._month(utc), "number": utc.month, "day": utc.day, "year": utc.year}
        return self._words("day.moment", time=f"{utc:%H:%M}", **places)

    def _month(self, value: date) -> str:
        return self._words("months").split()[value.month - 1]
