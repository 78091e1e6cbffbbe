"""The times that logs write, as an aware time in UTC.

| shape | who |
|---|---|
| `28/Nov/2026:20:57:33 +0000`, with `.187` or without an offset | Apache, nginx `$time_local`, HAProxy `%tr` |
| `28/Nov/2026:20:57:33 UTC`; of other zones' names the place is taken as for none | WEBrick |
| `28/Nov/2026 20:57:33` | Werkzeug, Python's `http.server` |
| `2026-11-28T20:57:31+00:00`, with a fraction, `Z`, a space instead of `T` | nginx `$time_iso8601`, Envoy, Caddy, ELB |
| `2026/11/28 - 20:57:31` | Gin |
| `1795899522.801`, in seconds, milli-, micro- or nanoseconds | nginx `$msec`, Caddy, Squid, journald |
| `Sat Nov 28 20:57:33 2026` | uWSGI |
| `Sat, 28 Nov 2026 20:57:33 GMT` | morgan's `default` |
| `261128 20:57:33` | Tornado |

Month names in logs are English whatever the machine's language. A second of 60 (a leap second) is the second before it.
Offsets are at most 14 hours and their minutes at most 59; where a server labels its local time wrongly, `zone` replaces
what the line says.
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final

from tracker.hit import EPOCH
from tracker.importing.record import Malformed

_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1
    )
}
_CLF: Final = re.compile(
    r"(\d{1,2})/([A-Za-z]{3})/(\d{4})[: ](\d{2}):(\d{2}):(\d{2})([.,]\d{1,9})?(?: ([+-]\d{2}[:-]?\d{2}|[A-Z]{1,5}))?"
)
_ISO: Final = re.compile(
    r"(\d{4})[-/](\d{2})[-/](\d{2})(?:[T ]| - )(\d{2}):(\d{2}):(\d{2})([.,]\d{1,9})?"
    r" ?([+-]\d{2}(?::?\d{2})?|Z|z|UTC|GMT)?"
)
_ASCTIME: Final = re.compile(r"(?:[A-Z][a-z]{2} )?([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d{2}):(\d{2}):(\d{2}) (\d{4})")
_SHORT: Final = re.compile(r"(\d{2})(\d{2})(\d{2}) (\d{2}):(\d{2}):(\d{2})")
_HTTP_DATE: Final = re.compile(r"[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) (GMT)")
_NUMBER: Final = re.compile(r"(\d{9,19})(?:\.(\d{1,9}))?")
_CLOCK: Final = r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?"
_OFFSET: Final = r"[+-](?:0\d|1[0-3]):?[0-5]\d"
_USUAL_CLF: Final = re.compile(rf"\[?(\d\d)/([A-Z][a-z][a-z])/(\d{{4}}):({_CLOCK}) ({_OFFSET})\]?", re.ASCII)
_USUAL_ISO: Final = re.compile(rf"\d{{4}}-\d\d-\d\d[T ]{_CLOCK}(?:Z|{_OFFSET})", re.ASCII)
_MONTHS_OF_ISO: Final = {name: f"{number:02}" for name, number in _MONTHS.items()}
_MAX_OFFSET: Final = timedelta(hours=14)
_SECONDS_BELOW: Final = 10**11
"""A number from here on counts something shorter than seconds: in seconds it would lie beyond the year 5000."""
_UTC: Final = frozenset(("Z", "z", "UTC", "GMT"))
_NO_SUCH_TIME: Final = "its time does not exist"


@lru_cache(maxsize=4096)
def log_time(text: str, zone: tzinfo | None = None, assume: tzinfo | None = None) -> datetime:
    """Return the time that a log's text says, in UTC.

    `zone` overrides the offset that is written. Where none is, `assume` holds, and the machine's time zone where that
    is None. Raises Malformed. The lines of a log share their seconds, so that what was read is kept.
    """
    usual = _usual_time(text) if zone is None else None
    return usual or _any_time(text, zone, assume)


def _any_time(text: str, zone: tzinfo | None, assume: tzinfo | None) -> datetime:
    text = text.strip().removeprefix("[").removesuffix("]")
    if match := _CLF.fullmatch(text):
        day, month, year, hour, minute, second, fraction, offset = match.groups()
        month_number = _MONTHS.get(month.title(), 0)
        return _time((year, month_number, day, hour, minute, second), fraction, offset, zone, assume)
    if match := _ISO.fullmatch(text):
        year, month, day, hour, minute, second, fraction, offset = match.groups()
        return _time((year, month, day, hour, minute, second), fraction, offset, zone, assume)
    if match := _NUMBER.fullmatch(text):
        return _of_number(match[1], match[2] or "")
    if match := _ASCTIME.fullmatch(text):
        month, day, hour, minute, second, year = match.groups()
        return _time((year, _MONTHS.get(month, 0), day, hour, minute, second), None, None, zone, assume)
    if match := _HTTP_DATE.fullmatch(text):
        day, month, year, hour, minute, second, offset = match.groups()
        return _time((year, _MONTHS.get(month, 0), day, hour, minute, second), None, offset, zone, assume)
    if match := _SHORT.fullmatch(text):
        return _time((f"20{match[1]}", *match.groups()[1:]), None, None, zone, assume)
    raise Malformed("its time cannot be read")


def _usual_time(text: str) -> datetime | None:
    """Return a time as nearly all logs write it, in a third of the time of `_any_time`; None for others.

    That one reads the others, and says what is wrong with one.
    """
    try:
        if _USUAL_ISO.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(UTC)
        if (match := _USUAL_CLF.fullmatch(text)) and (month := _MONTHS_OF_ISO.get(match[2])):
            return datetime.fromisoformat(f"{match[3]}-{month}-{match[1]}T{match[4]}{match[5]}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return _of_number(match[1], match[2] or "") if (match := _NUMBER.fullmatch(text)) else None


def _time(
    parts: tuple[str | int, ...], fraction: str | None, offset: str | None, zone: tzinfo | None, assume: tzinfo | None
) -> datetime:
    year, month, day, hour, minute, second = map(int, parts)
    if second > 60:  # noqa: PLR2004 a leap second is the 60th
        raise Malformed(_NO_SUCH_TIME)
    # A name of a time zone other than UTC's is the server's own: it has several meanings (CST, IST).
    is_named = offset is not None and offset.isalpha() and offset not in _UTC
    there = zone or (assume if offset is None or is_named else _offset(offset))
    micros = int((fraction or ".0")[1:7].ljust(6, "0"))
    try:
        return datetime(year, month, day, hour, minute, min(second, 59), micros, tzinfo=there).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Malformed(_NO_SUCH_TIME) from error


@lru_cache(maxsize=128)
def _offset(text: str) -> tzinfo:
    if text in _UTC:
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    offset = timedelta(hours=hours, minutes=minutes)
    if "-" in text[1:] or minutes > 59 or offset > _MAX_OFFSET:  # noqa: PLR2004 minutes of an hour
        raise Malformed(f"no place on earth has the offset {text}")
    return timezone(-offset if text[0] == "-" else offset)


def _of_number(whole: str, fraction: str) -> datetime:
    number = int(whole)
    micros = number * 1_000_000 + int(fraction[:6].ljust(6, "0"))
    while number >= _SECONDS_BELOW:
        number //= 1000
        micros //= 1000
    try:
        return EPOCH + timedelta(0, 0, micros)
    except OverflowError as error:
        raise Malformed(_NO_SUCH_TIME) from error
