"""Hits as text: CSV that a spreadsheet may open, and lines of JSON. Pure."""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Literal

from tracker.reading.export_json import json_lines
from tracker.store import exported_hits

try:
    import re2
except ImportError:
    re2 = None

Format = Literal["csv", "jsonl"]
FORMATS: tuple[Format, ...] = ("csv", "jsonl")

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


def _searching(pattern: bytes) -> Callable[[bytes], object]:
    """Return the search for a pattern of bytes; re2 looks at a line in a sixth of the time, and is not everywhere."""
    if re2 is None:
        return re.compile(pattern).search
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    search: Callable[[bytes], object] = re2.compile(pattern, options).search
    return search


_UNSAFE: Final = rb"\x00-\x1f'=+\-@\x7f-\xff"
_SUSPECT_IN_CSV: Final = _searching(
    rb',(?:"?(?: [%b ,]|[%b])|"\n)|[;|\x00-\x1f\x7f](?: [%b "]|["%b])|\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9]'
    % (_UNSAFE, _UNSAFE.replace(rb"\x00-\x1f", rb"\x00-\x09\x0b-\x1f"), _UNSAFE, _UNSAFE)
)
"""Where there may be something for `safe_cell` in lines of CSV that end with newlines: in more places than there is.
A newline behind a comma is the end of a line: at the beginning of a text it has a quote before it."""
_CELL: Final = re.compile(r'(?:"([^"]*(?:""[^"]*)*)"|([^,"]*))(?:,|\Z)')

Rows = Sequence[bytes | memoryview]
Lines = Callable[[Rows], bytes]


def fields_of(*, with_params: bool) -> tuple[str, ...]:
    """Return the names of the fields of an export."""
    return exported_hits.FIELDS if with_params else exported_hits.FIELDS[:-1]


def lines_of(format_: Format, fields: Sequence[str]) -> tuple[bytes, Lines]:
    """Return what an export begins with, and the function that ends its lines, from those of `exported_hits.page`."""
    if format_ == "jsonl":
        return b"", partial(json_lines, fields)
    return _written(fields), _safe_lines


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
    return _SUSPECT.sub(lambda match: match[0] + _MARK if _needs_mark(text, match.end()) else match[0], text)


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


def _safe_lines(rows: Rows) -> bytes:
    """Return lines of CSV as they are, but for those in which a spreadsheet could find a formula.

    One look goes over all of them: nearly always there is nothing to do, and a look at each cell takes ten times as
    long as PostgreSQL does for the whole line.
    """
    together = b"".join(rows)
    # Neither a line break within a text nor a place at a line's end: each line has its end where it seems to have it.
    are_plain = together.count(b"\n") == together.count(_END) == len(rows)
    if are_plain and not _SUSPECT_IN_CSV(together):
        return together.replace(_END, b"\r\n")
    lines = [_without_place(bytes(row)) for row in rows]
    return b"".join([_safe_line(line) if _SUSPECT_IN_CSV(line + b"\n") else line + b"\r\n" for line in lines])


_END: Final = b",\n"
"""Of a line whose place is empty."""


def _without_place(row: bytes) -> bytes:
    return row[: row.rindex(b",")]


def _safe_line(line: bytes) -> bytes:
    tracking_id, time, *texts = _cells(line.decode())
    return _written([tracking_id, time, *map(safe_cell, texts)])


def _cells(line: str) -> list[str]:
    """Return the cells of a line of PostgreSQL's CSV, however long they are; csv.reader has a limit."""
    cells, place = [], 0
    while place <= len(line):
        cell = _CELL.match(line, place)
        if cell is None:
            raise AssertionError("PostgreSQL writes a cell with a quote within quotes")
        quoted, plain = cell.groups()
        cells.append(plain if quoted is None else quoted.replace('""', '"'))
        if cell.end() == len(line) and not cell[0].endswith(","):
            break
        place = cell.end()
    return cells


def _written(cells: Sequence[str]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    # No text of PostgreSQL's has a lone surrogate.
    return text.getvalue().encode()
