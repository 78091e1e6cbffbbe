"""A whole question, read from the texts that HTTP and the command line bring, and refused where it is none."""

import hashlib
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal, cast

from tracker.application import ParameterDefinition
from tracker.errors import Refused, invalid
from tracker.reports.dimensions import MAX_DIMENSIONS, Dimension, dimension_of
from tracker.reports.filters import ReportFilter, filters_of
from tracker.reports.measures import MAX_MEASURES, Measure, measure_of
from tracker.reports.visits import OF_VISITS
from tracker.reports.zone_days import INTERVALS, Interval, ZoneDays, today_in

Compare = Literal["previous", "year"]
COMPARES: Final[tuple[Compare, ...]] = ("previous", "year")
MAX_ROWS: Final = 1000
MAX_DAYS: Final = 3660
MAX_BUCKETS: Final = 3000
MAX_OFFSET: Final = 100_000
DEFAULT_ROWS: Final = 100
_DEFAULT_DAYS: Final = 7
_EARLIEST, _LATEST = date(1971, 1, 1), date(9998, 12, 31)
_BUCKETS_A_DAY: Final = {"minute": 1440, "hour": 25}
_CURSOR: Final = re.compile(r"([0-9]{1,9})\.([0-9a-f]{16})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: of which days, what is counted, by what, of which hits, in which order, and how much of it."""

    days: ZoneDays
    measures: tuple[Measure, ...]
    dimensions: tuple[Dimension, ...]
    filters: tuple[ReportFilter, ...]
    interval: Interval | None
    compare: Compare | None
    order_by: str
    is_descending: bool
    limit: int
    offset: int
    digest: str
    """Of everything but where a page begins: a cursor is one question's."""

    @property
    def needs_visits(self) -> bool:
        return any(column.needs_visits for column in self._named())

    @property
    def told_of_visits(self) -> tuple[str, ...]:
        """Return what hits are told apart by that only their visits as a whole tell: their pages, their sources."""
        named = {column.name for column in self._named()}
        return tuple(name for name in OF_VISITS if name in named)

    @property
    def counts_visitors(self) -> bool:
        return any(measure.name == "visitors" for measure in self.measures)

    @property
    def counts_visits(self) -> bool:
        return any(measure.needs_visits for measure in self.measures)

    @property
    def has_whole_visits(self) -> bool:
        """Return whether it is asked what whole visits were like."""
        return any(measure.is_of_whole_visits for measure in self.measures)

    @property
    def parameters(self) -> set[str]:
        """Return the keys of the custom parameters that are asked about."""
        return {column.parameter for column in self._named() if column.parameter is not None}

    def _named(self) -> list[Measure | Dimension]:
        return [*self.measures, *self.dimensions, *(condition.dimension for condition in self.filters)]

    def compared(self, values: tuple[str | None, ...]) -> "Question | None":
        """Return the same question about the days to compare with; of the first dimension only these values."""
        if self.compare is None:
            return None
        shown = [ReportFilter(dimension, "any_of", values) for dimension in self.dimensions[:1]] if values else []
        days = self.days.before() if self.compare == "previous" else self.days.year_before()
        return replace(self, days=days, compare=None, offset=0, limit=MAX_OFFSET, filters=(*self.filters, *shown))

    def cursor_after(self, rows: int) -> str:
        """Return the cursor of the page after `rows` rows of this one."""
        return urlsafe_b64encode(f"{self.offset + rows}.{self.digest}".encode()).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """What an application's settings say about its reports."""

    zone: str
    starts_sunday: bool
    definitions: Collection[ParameterDefinition]


def question_of(given: Mapping[str, str | None], site: ReportSettings, now: datetime) -> Question:
    """Read a question. Raises Refused that names the wrong field.

    `given` has start_date, end_date (days of the site's zone), measures, dimensions (by commas), filters (JSON),
    interval, compare, order (a name, with `-` before it for the largest first), limit, cursor; all may be absent.
    The dashboard also gives `until`, an instant at which the days are over.
    """
    keys = {definition.parameter_key for definition in site.definitions}
    numbers = {definition.parameter_key for definition in site.definitions if definition.parameter_type == "number"}
    measures = tuple(measure_of(name, numbers) for name in _names(given, "measures", MAX_MEASURES, "visitors,requests"))
    named = _names(given, "dimensions", MAX_DIMENSIONS, "")
    dimensions = tuple(dimension_of(name, keys, field="dimensions") for name in named)
    interval = _choice(given, "interval", INTERVALS)
    days = _days(given, site, now, interval)
    order_by, is_descending = _order(given, measures, dimensions)
    texts = [str(given.get(name) or "") for name in sorted(given) if name not in ("cursor", "limit")]
    digest = hashlib.blake2b("\0".join([*texts, str(days)]).encode("utf-8", "replace"), digest_size=8).hexdigest()
    return Question(
        days=days,
        measures=measures,
        dimensions=dimensions,
        filters=filters_of(given.get("filters"), keys),
        interval=cast("Interval | None", interval),
        compare=cast("Compare | None", _choice(given, "compare", COMPARES)),
        order_by=order_by,
        is_descending=is_descending,
        # Every interval has its row.
        limit=_limit(given.get("limit")) if dimensions or not interval else MAX_OFFSET,
        offset=_offset(given.get("cursor"), digest),
        digest=digest,
    )


def _days(given: Mapping[str, str | None], site: ReportSettings, now: datetime, interval: str | None) -> ZoneDays:
    last = _date(given, "end_date") or today_in(site.zone, now)
    first = _date(given, "start_date") or max(_EARLIEST, last - timedelta(days=_DEFAULT_DAYS - 1))
    if first > last:
        raise _wrong("start_date", f"{first} is after end_date {last}.")
    until = datetime.fromisoformat(text).astimezone(UTC) if (text := given.get("until")) else None
    days = ZoneDays(first, last, site.zone, site.starts_sunday, until)
    if days.count > MAX_DAYS:
        raise _wrong("end_date", f"At most {MAX_DAYS} days may be asked about, and these are {days.count}.")
    most = MAX_BUCKETS // _BUCKETS_A_DAY[interval] if interval in _BUCKETS_A_DAY else MAX_DAYS
    if days.count > most:
        raise _wrong("interval", f"By {interval} at most {most} days may be asked about, and these are {days.count}.")
    return days


def _date(given: Mapping[str, str | None], name: str) -> date | None:
    text = given.get(name)
    if not text:
        return None
    try:
        day = date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        day = None
    if day is None or not _EARLIEST <= day <= _LATEST:
        raise _wrong(name, f"Must be a day from {_EARLIEST} to {_LATEST}, YYYY-MM-DD.")
    return day


def _names(given: Mapping[str, str | None], field: str, most: int, default: str) -> list[str]:
    names = [name.strip() for name in (given.get(field) or default).split(",") if name.strip()]
    if len(names) > most or len(set(names)) < len(names):
        raise _wrong(field, f"Must be at most {most} different names, separated by commas.")
    return names


def _choice(given: Mapping[str, str | None], field: str, choices: Collection[str]) -> str | None:
    text = given.get(field) or None
    if text is not None and text not in choices:
        raise _wrong(field, f"Must be one of {', '.join(choices)}.")
    return text


def _order(
    given: Mapping[str, str | None], measures: tuple[Measure, ...], dimensions: tuple[Dimension, ...]
) -> tuple[str, bool]:
    text = given.get("order") or f"-{measures[0].name}"
    name = text.removeprefix("-")
    names = [measure.name for measure in measures] + [dimension.name for dimension in dimensions]
    if name not in names:
        raise _wrong("order", f"Must be one of {', '.join(names)}, with - before it for the largest first.")
    return name, text.startswith("-")


def _limit(text: str | None) -> int:
    if not text:
        return DEFAULT_ROWS
    if not re.fullmatch(r"[0-9]{1,6}", text) or not 1 <= int(text) <= MAX_ROWS:
        raise _wrong("limit", f"Must be a whole number from 1 to {MAX_ROWS}.")
    return int(text)


def _offset(cursor: str | None, digest: str) -> int:
    if not cursor:
        return 0
    try:
        match = _CURSOR.fullmatch(urlsafe_b64decode(cursor[:100] + "=" * (-len(cursor) % 4)).decode("ascii"))
    except ValueError:
        match = None
    if match is None or match[2] != digest or int(match[1]) > MAX_OFFSET:
        raise _wrong("cursor", "Is not a cursor that a page of this very question ended with.")
    return int(match[1])


def _wrong(field: str, reason: str) -> Refused:
    return invalid(f"{field}: {reason}", **{field: [reason]})
