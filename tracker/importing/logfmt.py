"""Lines of `key=value` pairs (logfmt): Heroku's router, Grafana, lograge. Their names are those of JSON objects.

structlog's KeyValueRenderer writes a value as Python does: in single quotes where it holds none.
"""

import re
from typing import Final

from tracker.importing.json_aliases import NAMED_ONCE
from tracker.importing.line_format import TWO_RECORDS
from tracker.importing.record import Malformed

_PAIR: Final = r"""[A-Za-z_@][\w.@-]*=(?>"[^"\\]*(?:\\.[^"\\]*)*"|'[^'\\]*(?:\\.[^'\\]*)*'|[^\s"]*)"""
"""Taken back it is never: a quote may be a value's first character, and then there would be two ways for each."""
_LINE: Final = re.compile(rf"{_PAIR}(?: {_PAIR}){{2,}} ?")
_PAIRS: Final = re.compile(
    r"""([A-Za-z_@][\w.@-]*)=(?>"([^"\\]*(?:\\.[^"\\]*)*)"|'([^'\\]*(?:\\.[^'\\]*)*)'|([^\s"]*))(?: |$)"""
)
_ESCAPED: Final = re.compile(r"""\\(["'\\])""")


def pairs_of(line: bytes) -> dict[str, str] | None:
    """Return the pairs of a line, or None where it is not made of them. Raises Malformed where it says a name twice."""
    text = line.decode("utf-8", "replace")
    if _LINE.fullmatch(text) is None:
        return None
    values: dict[str, str] = {}
    for name, double, single, plain in _PAIRS.findall(text):
        value = _ESCAPED.sub(r"\1", double or single) or plain
        if name in NAMED_ONCE and values.get(name, value) != value:
            raise Malformed(f"{TWO_RECORDS}: it says {name} twice")
        values[name] = value
    return values
