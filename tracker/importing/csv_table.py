"""Tables (CSV), as tools that keep logs make them: names in the first line, a line of a log in each other one.

Either a column holds the whole line, or the columns are the fields of a request; both are read as JSON objects are.
"""

import csv
import re
from typing import Final

import orjson

from tracker.importing.json_aliases import ALIASES
from tracker.importing.record import Malformed

_NAME: Final = re.compile(r"[@A-Za-z_][\w .@()/:-]{0,80}")
_LINES: Final = frozenset(("@message", "message", "content", "line", "log", "log_s", "textpayload", "_raw", "body"))
"""Names of a column with lines, however they are spelled."""
_TIMES: Final = frozenset(("@timestamp", "timestamp", "time", "date", "_time", "timegenerated"))
_KNOWN: Final = {name: field for field, names in ALIASES.items() for name in names}
_REQUEST: Final = frozenset(("request", "target"))


class CsvTable:
    """Reads the rows of one file, after the names in its first line."""

    def __init__(self) -> None:
        self.header = b""
        """The line that names the columns; nothing where the file is no table."""
        self._names: list[str] = []
        self._has_begun = False

    @property
    def is_one(self) -> bool:
        """Return whether the file began with names, so that its lines are rows."""
        return bool(self._names)

    def take_names(self, line: bytes) -> bool:
        """Take the first line of a file, where it holds names of columns; False for any other."""
        is_first, self._has_begun = not self._has_begun, True
        if not is_first or b"," not in line or line.startswith((b"#", b"{")):
            return False
        try:
            names = [_known_name(name.strip()) for name in _cells(line)]
        except Malformed:
            return False
        fields = {_KNOWN.get(name) for name in names}
        tells = "message" in names or (_REQUEST & fields and "address" in fields)
        if tells and all(_NAME.fullmatch(name) for name in names):
            self._names, self.header = names, line
        return self.is_one

    def object_of(self, line: bytes) -> bytes:
        """Return a row as a JSON object of what it says. Raises Malformed."""
        cells = _cells(line)
        if len(cells) != len(self._names):
            raise Malformed(f"{len(cells)} columns where the first line of the table names {len(self._names)}")
        return orjson.dumps({name: cell for name, cell in zip(self._names, cells, strict=True) if cell})


def _known_name(name: str) -> str:
    lowered = name.lower()
    if lowered in _LINES:
        return "message"
    return lowered if lowered in _TIMES else name


def _cells(line: bytes) -> list[str]:
    try:
        [cells] = csv.reader([line.decode("utf-8", "replace")], strict=True)
    except (csv.Error, ValueError) as error:
        raise Malformed("its row of a table is not whole: a text in it may go on in the next line") from error
    return cells
