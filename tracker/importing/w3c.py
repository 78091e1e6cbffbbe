"""W3C extended log files: IIS, CloudFront and whatever writes a `#Fields:` line before its records.

Times are UTC (W3C working draft "Extended Log File Format"). IIS writes `+` for a space, CloudFront separates by tabs
and percent-encodes what it would not write, Tomcat escapes as in its other logs and doubles quotes.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from datetime import time as clock
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import unquote

from tracker.importing.escapes import ESCAPES
from tracker.importing.record import Fields, Malformed, field_by_name
from tracker.privacy.addresses import normalise

_NAMES: Final = field_by_name(
    {
        "address": "c-ip",
        "forwarded_for": "x-forwarded-for cs(x-forwarded-for) x-client-ip",
        "method": "cs-method",
        "path": "cs-uri-stem",
        "query": "cs-uri-query",
        "target": "cs-uri",
        "status": "sc-status",
        "bytes": "sc-bytes bytes",
        "referrer": "cs(referer) cs-referer",
        "user_agent": "cs(user-agent) cs-user-agent",
        "host": "cs-host cs(host) x-host-header",
        "scheme": "cs-protocol",
        "protocol": "cs-version",
    }
)
_ENCODED: Final = frozenset(("user_agent", "referrer", "forwarded_for"))
_WITHOUT_SPACES: Final = frozenset(("method", "path", "query", "target"))
"""Between tabs too: whoever separates by them encodes what was asked for."""
_NUMBERS: Final = frozenset(["s-port", "cs-bytes", "sc-bytes", "sc-substatus", "sc-win32-status", "time-taken"])
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_CLOCK: Final = re.compile(r"\d\d:\d\d:\d\d(?:\.\d+)?")
_STAMPS: Final = ("timestamp", "timestamp(ms)", "date-time")
_DATED: Final = frozenset(("date", *_STAMPS))
_OVERTAKEN: Final = timedelta(hours=2)
"""By less than this a time of day goes back since an answer was overtaken by others; else a midnight lies between."""
_OVERTAKEN_AT_MIDNIGHT: Final = timedelta(minutes=10)
"""By less than this an answer of the day before comes late: a gap that leaves so little of a day is less likely."""
_DAY: Final = timedelta(days=1)
_NOTHING: Final = frozenset(("", "-"))
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")
_SPACED: Final = re.compile(r'"((?:[^"]|"")*)"|(\S+)')
_NOT_NEEDED: Final = ("time-to-first-byte", "s-port")
"""The port that was asked for stands in the visitor's Host; behind a proxy this is another one."""
_CLOUDFRONT: Final = "x-edge-location"
"""A field that CloudFront alone has, in its files and in its JSON."""
_OTHERS: Final = frozenset((*_DATED, "time", "cs-host", "x-host-header", _CLOUDFRONT))
"""Names that are no field's, or not alone, and that are read."""
_UNDO_TOMCAT: Final = ESCAPES["java"].undo


class W3CReader:
    """Reads the records of one file, after the names of its latest `#Fields:` line."""

    name = "w3c"

    def __init__(self) -> None:
        self._names: list[str] = []
        self._is_tomcat = False
        self._header: dict[str, bytes] = {}
        self._last: datetime | None = None
        """The latest moment of which the date is known."""
        self._latest: datetime | None = None
        """What it is once the line that was read last is taken for a record."""
        self.unread: tuple[str, ...] = ()

    @property
    def header(self) -> bytes:
        """Return the directives after which the lines to come are read."""
        if self._last is not None:
            self._header["date"] = f"#Date: {self._last:%Y-%m-%d %H:%M:%S}".encode()
        return b"\n".join(self._header.values())

    def directive(self, line: bytes) -> bool:
        """Take a line that begins with `#`; True where it was one of the format's."""
        text = line.decode("utf-8", "replace")
        key, _, value = text[1:].partition(":")
        if key.lower() == "fields":
            self._names = value.split()
            known = {*_NAMES, *_NOT_NEEDED, *_DATED, "time"}
            self.unread = tuple(name for name in self._names if name.lower() not in known)
        elif key.lower() == "software":
            self._is_tomcat = "Tomcat" in value
        elif key.lower() == "date":
            self._last = _moment_of(value.strip())
        if key.lower() in ("fields", "software"):
            self._header[key.lower()] = line
        return key.lower() in (
            "fields",
            "version",
            "software",
            "date",
            "start-date",
            "end-date",
            "remark",
            "gmt-offset",
        )

    def read(self, line: bytes) -> Fields | None:
        """Return the fields of a record, or None where there was no `#Fields:` line yet. Raises Malformed."""
        if not self._names:
            return None
        text = line.decode("utf-8", "replace").replace("\0", "")
        if "\t" in text:
            values = text.split("\t")
        elif '"' in text or self._is_tomcat:
            values = [self._value(*pair) for pair in _SPACED.findall(text)]
        else:
            values = text.split()
        if len(values) != len(self._names):
            raise Malformed(f"{len(values)} fields where #Fields: names {len(self._names)}")
        dated, self._latest = self._dated(dict(zip(self._names, values, strict=True)))
        return fields_of(dated)

    def accepted(self) -> None:
        """Note that the line read last was a record: one that is torn says nothing of the days of those to come."""
        self._last = self._latest

    def _dated(self, values: dict[str, str]) -> tuple[dict[str, str], datetime | None]:
        """Give a record that has a time of day alone its date: of the last `#Date:`, and a later one behind a midnight.

        Return the values, and which moment is the latest that is known then.
        """
        time, last = values.get("time"), self._last
        if time is None or last is None or not _CLOCK.fullmatch(time) or not _DATED.isdisjoint(values):
            return values, last
        try:
            moment = datetime.combine(last.date(), clock.fromisoformat(time[:8]))
            if moment <= last - _OVERTAKEN:
                moment += _DAY
            elif moment > last + _DAY - _OVERTAKEN_AT_MIDNIGHT:
                moment -= _DAY
        except (ValueError, OverflowError):
            return values, last  # It is no time of day, or of no year: whoever reads the fields refuses it.
        return {**values, "date": str(moment.date())}, max(moment, last)

    def _value(self, quoted: str, plain: str) -> str:
        text = quoted.replace('""', '"') or plain
        return _UNDO_TOMCAT(text.encode()).decode("utf-8", "replace") if self._is_tomcat else text


def _moment_of(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(microsecond=0, tzinfo=None)
    except ValueError:
        return None  # Of another shape: records without a date are malformed then.


class _Columns(NamedTuple):
    """Where in a record what is read of it stands."""

    of_fields: tuple[tuple[str, str], ...]
    """The names of the record that are a field's, and the fields."""
    numbers: tuple[str, ...]
    others: tuple[tuple[str, str], ...]
    """Those of _OTHERS, and how they are spelled there."""


@lru_cache(maxsize=64)
def _columns_of(names: tuple[str, ...]) -> _Columns:
    """Return what names stand for, kept: a log's records have all the same ones."""
    return _Columns(
        tuple((name, _NAMES[name.lower()]) for name in names if name.lower() in _NAMES),
        tuple(name for name in names if name.lower() in _NUMBERS),
        tuple((name, name.lower()) for name in names if name.lower() in _OTHERS),
    )


def fields_of(values: Mapping[str, str]) -> Fields:
    """Return what stands under the format's names. Raises Malformed."""
    columns = _columns_of(tuple(values))
    others = {lower: value for name, lower in columns.others if (value := values[name]) not in _NOTHING}
    is_cloudfront = _CLOUDFRONT in others
    for name in columns.numbers:
        value = values[name]
        if not value.isdecimal() and value not in _NOTHING and not _NUMBER.fullmatch(value):
            raise Malformed(f"its {name.lower()} is no number")
    fields: Fields = {}
    for name, field in columns.of_fields:
        value = values[name]
        if value in _NOTHING:
            continue
        if field in _WITHOUT_SPACES and " " in value:
            raise Malformed(f"its {name.lower()} has a space")
        if is_cloudfront and '"' in value:
            raise Malformed(f"its {name.lower()} has a quote")  # It percent-encodes them.
        fields[field] = _decoded(field, value, is_cloudfront=is_cloudfront) if field in _ENCODED else value
    if host := others.get("cs-host") or others.get("x-host-header"):
        # What the visitor asked for: the distribution's own name is cs(Host) in CloudFront's files, and x-host-header
        # in its real-time logs.
        fields["host"] = host
    if (address := fields.get("address")) and normalise(address) is None:
        raise Malformed("its c-ip is no address")
    fields["time"] = _time(others)
    return fields


def _decoded(field: str, value: str, *, is_cloudfront: bool) -> str:
    if is_cloudfront:
        return unquote(unquote(value)) if "%25" in value else unquote(value)
    return value.replace("+", " ") if field == "user_agent" and " " not in value else value


def _time(values: Mapping[str, str]) -> str:
    date, time = values.get("date"), values.get("time")
    if date and time:
        if not _DATE.fullmatch(date):
            raise Malformed("its date is none")
        return f"{date} {time}Z"
    if stamp := next((values[name] for name in _STAMPS if name in values), None):
        return stamp
    raise Malformed("it has no date and time")
