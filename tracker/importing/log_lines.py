r"""Lines of the common and combined log formats, as Apache httpd and nginx write them.

    host ident user [day/Mon/year:hour:minute:second zone] "request" status bytes "referrer" "user agent"

Both servers escape inside quotes (`\"`, `\\`, `\xhh`), so a quote that is not escaped ends its field. `-` stands for
nothing. The common format ends after the bytes. Many servers are set up to append fields of their own to the combined
format: what follows the user agent after a space is left alone.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from tracker.addresses import normalise
from tracker.hit_values import LARGEST_INTEGER, LONGEST_DESCRIPTIONS
from tracker.importing.record import Malformed, Record

_QUOTED = rb'"([^"\\]*(?:\\.[^"\\]*)*)"'
_TIME = rb"\[(\d{2})/([A-Za-z]{3})/(\d{4}):(\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2})\]"
# The user may hold spaces (it is what a visitor typed); the time's fixed shape ends the search for its end quickly.
_COMMON = rb"(\S+) \S+ .*? " + _TIME + rb" " + _QUOTED + rb" (\d{3}|-) (\d{1,18}|-)"
_COMMON_LINE = re.compile(_COMMON)
_COMBINED_LINE = re.compile(_COMMON + rb" " + _QUOTED + rb" " + _QUOTED + rb"(?: .*)?")
_ESCAPE = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v", b"b": b"\b", b"f": b"\f"}
_REQUEST = re.compile(r"([A-Za-z][A-Za-z0-9_-]{0,31}) (\S.*?)(?: HTTP/\d(?:\.\d)?)?")
# Month names in logs are English whatever the locale of the machine that reads them.
_MONTHS = {name: number for number, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
_COMMON_PARTS = 13


def combined(line: bytes) -> Record:
    """The record of a line of the combined log format; raises Malformed."""
    return _record(line, _COMBINED_LINE, "combined")


def common(line: bytes) -> Record:
    """The record of a line of the common log format; raises Malformed."""
    return _record(line, _COMMON_LINE, "common")


def _record(line: bytes, pattern: re.Pattern[bytes], name: str) -> Record:
    match = pattern.fullmatch(line)
    if match is None:
        raise Malformed(f"not a line of the {name} log format")
    parts = match.groups()
    host, *time_parts, request, status, size = parts[:_COMMON_PARTS]
    columns: dict[str, Any] = {"ip_address": normalise(host.decode("latin-1"))}
    event_data: dict[str, Any] = {}
    spoken = _REQUEST.fullmatch(_text(request) or "")
    if spoken is not None:
        event_data["method"], columns["url"] = spoken.groups()
    if status != b"-":
        event_data["status"] = int(status)
    if size != b"-":
        event_data["bytes"] = min(int(size), LARGEST_INTEGER)
    columns["event_data"] = event_data or None
    if len(parts) > _COMMON_PARTS:
        columns["referrer"], columns["user_agent"] = (_text(part) for part in parts[_COMMON_PARTS:])
    for column in ("url", "referrer", "user_agent"):
        if text := columns.get(column):
            columns[column] = text[: LONGEST_DESCRIPTIONS[column]]
    return Record(created_at=_time(time_parts), columns=columns)


def _time(parts: list[bytes]) -> datetime:
    day, month, year, hour, minute, second, sign, zone_hours, zone_minutes = parts
    offset = timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
    try:
        return datetime(
            int(year),
            _MONTHS[month.title()],
            int(day),
            int(hour),
            int(minute),
            min(int(second), 59),  # A leap second, 60, is counted into the second before it.
            tzinfo=timezone(-offset if sign == b"-" else offset),
        ).astimezone(UTC)
    except (KeyError, ValueError, OverflowError) as error:
        raise Malformed("its time does not exist") from error


def _text(field: bytes) -> str | None:
    """A quoted field as text: escapes undone, bytes that are not UTF-8 replaced, NUL left out (no column takes it)."""
    if field in (b"-", b""):
        return None
    if b"\\" in field:
        field = _ESCAPE.sub(_unescape, field)
    return field.decode("utf-8", "replace").replace("\0", "") or None


def _unescape(match: re.Match[bytes]) -> bytes:
    code, character = match.groups()
    return bytes.fromhex(code.decode()) if code is not None else _ESCAPED.get(character, character)
