"""Hits as text: CSV that a spreadsheet may open, and lines of JSON. Pure."""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, Literal

import orjson

from tracker.hit import tracking_id_of

Format = Literal["csv", "jsonl"]
FORMATS: tuple[Format, ...] = ("csv", "jsonl")

FIELDS: Final = (
    "tracking_id",
    "created_at",
    "app_id",
    "client_sub_id",
    "module_id",
    "url",
    "referrer",
    "user_agent",
    "ip_address",
    "session_id",
    "screen_resolution",
    "language",
    "timezone",
    "event_name",
    "event_data",
    "custom_params",
)
"""The columns of `access_logs`, with the tracking id, which carries the `id`, in its place."""
_JSON_FIELDS: Final = ("event_data", "custom_params")
_TEXT_FIELDS: Final = FIELDS[2:]

_MARK: Final = "'"
_FORMULA: Final = "=+-@\N{MINUS SIGN}"
"""What begins a formula in a spreadsheet, once look-alikes are reduced to it."""
_SEPARATOR: Final = r"[;|\x00-\x1f\x7f-\x9f\u2028\u2029]"
"""Where a program may begin another cell inside of ours, whatever quotes stand around it: quotes count at the beginning
of a cell alone, and to a program that reads with another separator ours is somewhere in the middle of one. Not the
comma: who reads with it takes our quotes for quotes."""
_SUSPECT: Final = re.compile(rf"(?:\A|{_SEPARATOR})(?! ?[/{{\[a-zA-Z0-9])")
_SEPARATORS: Final = re.compile(_SEPARATOR)
_NUMBER: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")

_Row = dict[str, Any]
Lines = Callable[[Sequence[_Row]], bytes]


def fields_of(*, with_params: bool) -> tuple[str, ...]:
    """Return the names of the fields of an export."""
    return FIELDS if with_params else FIELDS[:-1]


def lines_of(format_: Format, fields: Sequence[str]) -> tuple[bytes, Lines]:
    """Return what an export begins with, and the function that makes its lines from rows of `exported_hits.page`."""
    if format_ == "jsonl":
        return b"", lambda rows: b"".join([_json_line(row, fields) for row in rows])
    return _csv_lines([fields]), lambda rows: _csv_lines([_csv_row(row, fields) for row in rows])


def safe_cell(text: str) -> str:
    """Return the text as a spreadsheet shows it instead of computing it, whichever separator it reads with.

    An apostrophe is put where a formula could begin: at the beginning of the text and behind each separator in it
    (`;`, `|`, tab, line break or another control character), where the next character, after blanks and characters
    that nobody sees, is `=`, `+`, `-`, `@` or looks like one of them. So it is where an apostrophe stands there, and at
    the beginning where that is a control character. Whoever takes away one apostrophe at the beginning and one behind
    each separator has every text as it was. A number is none: `-12.5` stays as it is.
    """
    if not text or _NUMBER.fullmatch(text):
        return text
    return _SUSPECT.sub(lambda found: found[0] + _MARK if _needs_mark(text, found.end()) else found[0], text)


def _needs_mark(text: str, place: int) -> bool:
    """Return whether what is read from this place on, the beginning or the end of a separator, could be a formula."""
    is_beginning = place == 0
    if text.startswith(_MARK, place) or (is_beginning and unicodedata.category(text[0]) == "Cc"):
        return True
    for position in range(place, len(text)):
        letter = text[position]
        if not is_beginning and _SEPARATORS.match(letter):
            return False  # What comes behind that one has a mark of its own.
        # A quote in a field is doubled: with another separator that is an empty quoted text before the rest.
        if not _is_invisible(letter) and (is_beginning or letter != '"'):
            return _plain(letter) in _FORMULA
    return is_beginning


def _is_invisible(letter: str) -> bool:
    return letter.isspace() or unicodedata.category(letter)[0] in "CZ"


def _plain(letter: str) -> str:
    """Return a letter without its width or style: the first one of what it is compatible with (Unicode, NFKC)."""
    return unicodedata.normalize("NFKC", letter)[:1]


def _csv_lines(rows: Sequence[Sequence[str | None]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    # No text of PostgreSQL's has a lone surrogate.
    return text.getvalue().encode()


def _csv_row(row: _Row, fields: Sequence[str]) -> list[str | None]:
    cells: list[str | None] = [_tracking_id(row), _time(row["created_at"])]
    for name in fields[2:]:
        value = row[name]
        cells.append(value if value is None else safe_cell(value))
    return cells


def _json_line(row: _Row, fields: Sequence[str]) -> bytes:
    values = {name: row[name] for name in fields[2:]}
    for name in _JSON_FIELDS:
        if values.get(name) is not None:
            values[name] = orjson.Fragment(values[name])
    line = {"tracking_id": _tracking_id(row), "created_at": _time(row["created_at"]), **values}
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def _tracking_id(row: _Row) -> str | None:
    """None for a row that somebody inserted by hand with an id or a time that the pipeline never gives."""
    try:
        return str(tracking_id_of(row["id"], row["created_at"]))
    except ValueError:
        return None


def _time(time: datetime) -> str:
    """RFC 3339 in UTC, which is what the connection's times are in."""
    return time.replace(tzinfo=None).isoformat() + "Z"
