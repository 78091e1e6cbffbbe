"""Lines of `key=value` pairs (logfmt): Heroku's router, Grafana, lograge. Their names are those of JSON objects.

structlog's KeyValueRenderer writes all values as Python does: texts in quotes of either kind.
"""

import re
from typing import Final

from tracker.importing.json_aliases import NAMED_ONCE
from tracker.importing.line_format import TWO_RECORDS
from tracker.importing.record import Malformed

_NAME: Final = r"[A-Za-z_@][\w.@-]*"
_DOUBLE: Final = r'"[^"\\]*(?:\\.[^"\\]*)*"'
_SINGLE: Final = _DOUBLE.replace('"', "'")
_PLAIN: Final = r"""(?!')[^\s"]*"""


def _line_of(value: str) -> re.Pattern[str]:
    pair = rf"{_NAME}=(?:{value})"
    return re.compile(rf"{pair}(?: {pair}){{2,}} ?")


_LINES: Final = (
    _line_of(rf"{_DOUBLE}|{_PLAIN}"),
    # No word stands there without quotes: a line that has both is made of two.
    _line_of(rf"{_DOUBLE}|{_SINGLE}|-?\d[\d.]*|None|True|False"),
)
_PAIRS: Final = re.compile(rf"({_NAME})=({_DOUBLE}|{_SINGLE}|{_PLAIN})(?: |$)")
_ESCAPED: Final = re.compile(r"""\\(["'\\])""")


def pairs_of(line: bytes) -> dict[str, str] | None:
    """Return the pairs of a line, or None where it is not made of them. Raises Malformed where it says a name twice."""
    text = line.decode("utf-8", "replace")
    if not any(line.fullmatch(text) for line in _LINES):
        return None
    values: dict[str, str] = {}
    for name, told in _PAIRS.findall(text):
        value = _ESCAPED.sub(r"\1", told[1:-1]) if told[:1] in ('"', "'") else told
        if name in NAMED_ONCE and values.get(name, value) != value:
            raise Malformed(f"{TWO_RECORDS}: it says {name} twice")
        values[name] = value
    return values
