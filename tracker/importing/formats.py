"""The formats that an import reads, by the names of `--format`, and how the format of a file is found out."""

from collections.abc import Callable

from tracker.importing.json_lines import json_object
from tracker.importing.log_lines import combined, common
from tracker.importing.record import Malformed, Record

Parse = Callable[[bytes], Record]
"""Reads one line; raises Malformed."""

FORMATS: dict[str, Parse] = {"combined": combined, "common": common, "jsonl": json_object}


class DetectedFormat:
    """Takes the format of the first line that is sound in one of them, and holds to it for the rest of the file."""

    def __init__(self) -> None:
        self.name: str | None = None

    def __call__(self, line: bytes) -> Record:
        if self.name is not None:
            return FORMATS[self.name](line)
        for name, parse in FORMATS.items():
            try:
                record = parse(line)
            except Malformed:
                continue
            self.name = name
            return record
        raise Malformed(f"none of the formats {', '.join(FORMATS)}")
