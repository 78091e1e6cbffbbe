"""W3C extended log files: IIS, CloudFront and whatever writes a `#Fields:` line before its records.

Times are UTC (W3C working draft "Extended Log File Format"). IIS writes `+` for a space, CloudFront separates by tabs
and percent-encodes what it would not write.
"""

import re
from typing import Final
from urllib.parse import unquote

from tracker.importing.record import Fields, Malformed

_NAMES: Final = {
    name: field
    for field, names in {
        "address": "c-ip",
        "forwarded_for": "x-forwarded-for cs(x-forwarded-for) x-client-ip",
        "method": "cs-method",
        "path": "cs-uri-stem",
        "query": "cs-uri-query",
        "target": "cs-uri",
        "status": "sc-status",
        "bytes": "sc-bytes",
        "referrer": "cs(referer)",
        "user_agent": "cs(user-agent)",
        "host": "cs-host cs(host) x-host-header",
        "scheme": "cs-protocol",
        "protocol": "cs-version",
        "port": "s-port",
    }.items()
    for name in names.split()
}
_ENCODED: Final = frozenset(("user_agent", "referrer", "forwarded_for"))
_SPACED: Final = re.compile(r'"((?:[^"]|"")*)"|(\S+)')


class W3CReader:
    """Reads the records of one file, after the names of its latest `#Fields:` line."""

    name = "w3c"

    def __init__(self) -> None:
        self._names: list[str] = []
        self._is_cloudfront = False
        self.unread: tuple[str, ...] = ()

    def directive(self, line: bytes) -> bool:
        """Take a line that begins with `#`; True where it was one of the format's."""
        text = line.decode("utf-8", "replace")
        key, _, value = text[1:].partition(":")
        if key.lower() == "fields":
            self._names = value.split()
            self._is_cloudfront = "x-edge-location" in self._names
            known = {*_NAMES, "date", "time", "time-to-first-byte", "timestamp"}
            self.unread = tuple(name for name in self._names if name.lower() not in known)
        return key.lower() in (
            "fields",
            "version",
            "software",
            "date",
            "start-date",
            "end-date",
            "remark",
            "gmt-offset",
        )

    def read(self, line: bytes) -> Fields | None:
        """Return the fields of a record, or None where there was no `#Fields:` line yet. Raises Malformed."""
        if not self._names:
            return None
        text = line.decode("utf-8", "replace").replace("\0", "")
        values = text.split("\t") if "\t" in text else [quoted or plain for quoted, plain in _SPACED.findall(text)]
        if len(values) != len(self._names):
            raise Malformed(f"{len(values)} fields where #Fields: names {len(self._names)}")
        found = {name.lower(): value for name, value in zip(self._names, values, strict=True) if value not in ("-", "")}
        fields: Fields = {}
        for name, value in found.items():
            if field := _NAMES.get(name):
                fields[field] = self._decoded(field, value)
        if "x-host-header" in found:
            # CloudFront's cs(Host) is the distribution's own name.
            fields["host"] = found["x-host-header"]
        fields["time"] = self._time(found)
        return fields

    def _decoded(self, field: str, value: str) -> str:
        if field not in _ENCODED:
            return value
        if self._is_cloudfront:
            return unquote(unquote(value)) if "%25" in value else unquote(value)
        return value.replace("+", " ") if field == "user_agent" and " " not in value else value

    def _time(self, found: dict[str, str]) -> str:
        date, time = found.get("date"), found.get("time")
        if date and time:
            return f"{date} {time}Z"
        if stamp := found.get("timestamp") or found.get("date-time"):
            return stamp
        raise Malformed("it has no date and time")
