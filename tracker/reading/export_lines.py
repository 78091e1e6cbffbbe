"""Hits as text: CSV that a spreadsheet may open, and lines of JSON. Pure."""

import csv
import io
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
_HARMLESS: Final = frozenset("/{[abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")

_Row = dict[str, Any]
Lines = Callable[[Sequence[_Row]], bytes]


def fields_of(*, with_params: bool) -> tuple[str, ...]:
    """The names of the fields of an export."""
    return FIELDS if with_params else FIELDS[:-1]


def lines_of(format_: Format, fields: Sequence[str]) -> tuple[bytes, Lines]:
    """What an export begins with, and the function that makes its lines from rows of `exported_hits.page`."""
    if format_ == "jsonl":
        return b"", lambda rows: b"".join([_json_line(row, fields) for row in rows])
    return _csv_lines([fields]), lambda rows: _csv_lines([_csv_row(row, fields) for row in rows])


def safe_cell(text: str) -> str:
    """The text as a spreadsheet shows it instead of computing it.

    A text that could begin a formula gets an apostrophe in front: one whose first character, after blanks and
    characters that nobody sees, is `=`, `+`, `-`, `@` or looks like one of them, and one that begins with a control
    character (a tab or a line break moves what follows into a cell of its own in some programs). So does a text that
    begins with an apostrophe: whoever takes one apostrophe away from a field that begins with one has every value as
    it was.
    """
    if not text or text[0] in _HARMLESS:
        return text
    first = text[0]
    seen = next((letter for letter in text if not _is_invisible(letter)), "=")
    dangerous = first == _MARK or unicodedata.category(first) == "Cc" or _plain(seen) in _FORMULA
    return _MARK + text if dangerous else text


def _is_invisible(letter: str) -> bool:
    return letter.isspace() or unicodedata.category(letter)[0] in "CZ"


def _plain(letter: str) -> str:
    """A letter without its width or style: the first one of what it is compatible with (Unicode, NFKC)."""
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
