"""One line of a log, read by itself."""

from typing import Any

from tracker.importing.formats import reader_of
from tracker.importing.log_record import ReadingRules
from tracker.importing.record import Record

START = b"192.0.2.1 - - [17/May/2015:10:05:03 +0000] "
LINE = START + b'"GET / HTTP/1.1" 200 1 "-" "-"'


def read(line: bytes, format_: str | None = None, **rules: Any) -> Record:
    record = reader_of(format_, rules=ReadingRules(**rules))(line)
    assert record is not None
    return record


def combined(line: bytes) -> Record:
    return read(line, "combined")


def common(line: bytes) -> Record:
    return read(line, "common")


def columns(line: bytes, format_: str | None = None, **rules: Any) -> dict[str, Any]:
    return dict(read(line, format_, **rules).columns)
