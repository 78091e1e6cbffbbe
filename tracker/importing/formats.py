"""Reading the lines of a log: by a format that was named, by the server's format string, or by what each line is.

Detection is by line, since a file may hold several formats after a change of configuration. A line is tried as it
stands, then without what carried it (`wrappers`), always by the same strict formats: what none of them reads whole is
malformed.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final, Protocol

import orjson

from tracker.errors import Refused
from tracker.importing.csv_table import CsvTable
from tracker.importing.escapes import ESCAPES
from tracker.importing.format_strings import format_of_string
from tracker.importing.json_lines import UnknownNames, json_record
from tracker.importing.known_formats import DETECTED, KNOWN
from tracker.importing.line_format import LineFormat
from tracker.importing.log_record import NO_RULES, ReadingRules, note_passed_over, record_of
from tracker.importing.logfmt import pairs_of
from tracker.importing.ltsv import labelled_of
from tracker.importing.record import Fields, Malformed, Record
from tracker.importing.unreadable import several_in, why_unreadable
from tracker.importing.w3c import W3CReader
from tracker.importing.wrappers import Unwrapped, json_of, messages_of, unwrap, unwrap_json

_JSON_NAMES: Final = ("jsonl", "json", "nginx-json", "caddy", "traefik-json", "tomcat-json", "ltsv", "logfmt")
_NOT: Final = {"json": "no JSON object, no labelled values, no pairs", "w3c": "not a record of a W3C log"}
_W3C_NAMES: Final = ("w3c", "iis", "cloudfront")
NAMES: Final = tuple(sorted({*KNOWN, *_JSON_NAMES, *_W3C_NAMES}))
"""What `--format` takes besides a format string."""
_SHADOWED: Final = re.compile(r'" \d+ \S+ "" "" |:HIER_', re.ASCII)
"""Lines of HAProxy's and Squid's own kinds of the combined format, which the common reading of it would take too."""
_TOLD_APART: Final = frozenset(("", "#", "{"))
"""First characters that say what a line is: nothing, a directive, JSON."""
_NULS: Final = (
    "NUL bytes stand in it: a part of the log was never written to the disk",
    "it begins with NUL bytes: the log was truncated while its server wrote on",
)
"""Why a line with NUL bytes is none, by whether it begins with them. No server lets one through as it is."""
_MAX_PARTIAL: Final = 64 * 1024
_MAX_WRAPPERS: Final = 3


class _OfNoFormat(Malformed):
    """A line that no format took."""


class Reader(Protocol):
    """Reads the lines of one file, in their order."""

    counts: dict[str, int]
    """Lines read, by the name of their format."""
    unread: set[str]
    """Fields that the formats have and that have no place in a hit."""

    def __call__(self, line: bytes) -> Record | None:
        """Return the record of a line; None for one that says something about the log itself. Raises Malformed."""


@dataclass(slots=True)
class LogReader:
    """Reads any line that is of a known format; with `only`, of one format."""

    rules: ReadingRules = NO_RULES
    names: Mapping[str, str] = field(default_factory=dict)
    """Where fields of JSON objects stand, by `--map`."""
    only: LineFormat | str | None = None
    """One format, or `json` or `w3c`."""
    is_file: bool = False
    """The first line is that of a file, which may name columns; of lines that arrive one by one none does."""
    counts: dict[str, int] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    partial: bytes = b""
    """The parts of a line whose last one is still to come."""
    _partial_of: str = ""
    """The stream of those parts; empty where it is not known, as after a restart."""
    _w3c: W3CReader = field(default_factory=W3CReader)
    _table: CsvTable = field(default_factory=CsvTable)
    _last: LineFormat | W3CReader | None = None
    _usual: LineFormat | None = None
    """The last line's format, where nothing carried it."""
    _carried: int = 0
    """By how many wrappers the last line was carried, as the next one will be."""

    @property
    def header(self) -> bytes:
        """Return what holds for the lines to come, as `resume` takes it: directives of a W3C log, names of columns."""
        return self._table.header or self._w3c.header

    def resume(self, header: bytes, partial: bytes) -> None:
        """Go on in the middle of a log, after its directives and the parts of a line."""
        for line in header.splitlines():
            if not self._table.take_names(line):
                self._w3c.directive(line)
        self.partial = partial

    def __call__(self, line: bytes) -> Record | None:
        text = _searchable(line)
        if "\0" in text:
            raise Malformed(_NULS[text.startswith("\0")])
        if (usual := self._usual) is not None and text[:1] not in _TOLD_APART and not _is_shadowed(text):
            # Nearly every line is of the format of the one before.
            try:
                if (fields := usual.read_plain(text) if usual.is_plain(text) else usual.read(line)) is not None:
                    record = record_of(fields, self.rules)
                    note_passed_over(fields, self.rules, self.unread)
                    self._count(usual.name, ())
                    return record
            except Malformed:
                pass  # What else it may be, and what is wrong with it, is found below.
        if (self.is_file and self._table.take_names(line)) or self._take_directive(line):
            return None
        if self._table.is_one:
            return self._read_inner(Unwrapped("csv", self._table.object_of(line), None), None, ())
        return self._read(line, None, ())

    def _read(  # noqa: PLR0911 a return for each kind of line
        self, line: bytes, time: str | None, wrappers: tuple[str, ...]
    ) -> Record | None:
        """`time` is that of the wrapper, which stands in where the line has none."""
        reason: Malformed | None = None
        if line.startswith(b"{") and self.only in (None, "json"):
            return self._read_json(line, time, wrappers)
        if self.only in (None, "json") and (values := labelled_of(line)) is not None:
            return self._read_pairs("ltsv", values, time, wrappers)
        depth = len(wrappers)
        if self._carried > depth and (inner := unwrap(line)) is not None:
            return self._read_inner(inner, time, wrappers)
        for known in self._formats(line):
            try:
                fields = known.read(line)
                if fields is not None:
                    return self._record(known, fields, time, wrappers)
            except Malformed as error:
                reason = reason or error
        try:
            if self.only in (None, "w3c") and (fields := self._w3c.read(line)) is not None:
                return self._record(self._w3c, fields, time, wrappers)
        except Malformed as error:
            reason = reason or error
        if depth < _MAX_WRAPPERS and (inner := unwrap(line)) is not None:
            return self._read_inner(inner, time, wrappers)
        return self._read_others(line, time, wrappers, reason)

    def _read_others(
        self, line: bytes, time: str | None, wrappers: tuple[str, ...], reason: Malformed | None
    ) -> Record | None:
        """Read what no format of lines took: `reason` is why one that has its shape did not."""
        if line.startswith(b"{") and isinstance(self.only, LineFormat):
            return self._read_json(line, time, wrappers)
        if reason is None and self.only in (None, "json") and (pairs := pairs_of(line)) is not None:
            return self._read_pairs("logfmt", pairs, time, wrappers)
        raise reason or _OfNoFormat(self._no_format(line))

    def _read_pairs(self, name: str, pairs: dict[str, str], time: str | None, wrappers: tuple[str, ...]) -> Record:
        record = json_record(pairs, b"", self.rules, self.names, time, unread=self.unread)
        self._count(name, wrappers)
        return record

    def _read_json(self, line: bytes, time: str | None, wrappers: tuple[str, ...]) -> Record | None:
        try:
            values = json_of(line)
        except orjson.JSONDecodeError as error:
            raise Malformed(why_unreadable(line) if line.strip() == b"{" else f"not JSON: {error.msg}") from error
        is_object = len(wrappers) < _MAX_WRAPPERS and isinstance(values, dict)
        if is_object and (inner := unwrap_json(values)) is not None:
            return self._read_inner(inner, time, wrappers)
        if isinstance(self.only, LineFormat):
            inner = next(iter(messages_of(values, time)), None) if is_object else None
            if inner is None:
                raise Malformed(self._no_format(line))
            return self._read_inner(inner, time, wrappers)
        try:
            record = json_record(values, line, self.rules, self.names, time, unread=self.unread)
        except UnknownNames as unknown:
            # A shipper's or a logger's object around a line: its own names say nothing about a request.
            if is_object and (several := several_in(values)):
                raise Malformed(several) from None
            why: Malformed = unknown
            for inner in messages_of(values, time) if is_object else ():
                try:
                    return self._read_inner(inner, time, wrappers)
                except (UnknownNames, _OfNoFormat) as error:
                    # Of a word there is nothing to say.
                    why = why if inner.is_word else error
            raise why from None
        self._count("jsonl", wrappers)
        return record

    def _read_inner(self, inner: Unwrapped, time: str | None, wrappers: tuple[str, ...]) -> Record | None:
        self._usual = None
        if self.partial and self._partial_of and inner.stream != self._partial_of and not inner.partial:
            # A whole line of the other stream, which came between the parts.
            return self._read(inner.line, inner.time or time, (inner.wrapper, *wrappers))
        line = self.partial + inner.line
        if inner.partial:
            if len(line) > _MAX_PARTIAL:
                self.partial = b""
                raise Malformed(f"longer than {_MAX_PARTIAL} bytes")
            self.partial, self._partial_of = line, inner.stream
            return None
        self.partial = b""
        if not line:
            return None  # Empty lines are no more when something carried them.
        if self._take_directive(line):
            return None
        return self._read(line, inner.time or time, (inner.wrapper, *wrappers))

    def _record(
        self, known: LineFormat | W3CReader, fields: Fields, time: str | None, wrappers: tuple[str, ...]
    ) -> Record:
        if time is not None and not fields.get("time"):
            fields["time"] = time
        record = record_of(fields, self.rules)
        if known is self._w3c:
            self._w3c.accepted()
        self._last, self._carried = known, len(wrappers)
        self._usual = known if isinstance(known, LineFormat) and not wrappers else None
        if known.unread:
            self.unread.update(known.unread)
        note_passed_over(fields, self.rules, self.unread)
        self._count(known.name, wrappers)
        return record

    def _take_directive(self, line: bytes) -> bool:
        """Take a directive of a W3C log, by which the lines after it are read; False where a line is none."""
        return line.startswith(b"#") and self.only in (None, "w3c") and self._w3c.directive(line)

    def _formats(self, line: bytes) -> Iterable[LineFormat | W3CReader]:
        """Return the formats to try: the last line's first, but for those that it would take away from another."""
        if self.only is not None:
            if isinstance(self.only, LineFormat):
                yield self.only
            return
        if self._last is not None and not _is_shadowed(_searchable(line)):
            yield self._last
        yield from DETECTED.values()

    def _count(self, name: str, wrappers: tuple[str, ...]) -> None:
        name = " in ".join((name, *wrappers)) if wrappers else name
        self.counts[name] = self.counts.get(name, 0) + 1

    def _no_format(self, line: bytes) -> str:
        if self.only is None:
            return why_unreadable(line)
        return f"not a line of the format {self.only.name}" if isinstance(self.only, LineFormat) else _NOT[self.only]


def _searchable(line: bytes) -> str:
    """Return a text whose ASCII characters are the line's: they are found in it in a fifth of the time or less."""
    return line.decode("latin-1")


def _is_shadowed(text: str) -> bool:
    return (' "" "" ' in text or ":HIER_" in text) and _SHADOWED.search(text) is not None


def reader_of(
    format_: str | None,
    *,
    rules: ReadingRules = NO_RULES,
    names: Mapping[str, str] | None = None,
    escape: str | None = None,
) -> LogReader:
    """Return a reader for one file: of a named format, of a server's format string, or of whatever its lines are.

    `escape` replaces what the format undoes. Raises Refused.
    """
    if escape is not None and escape not in ESCAPES:
        raise Refused("VALIDATION_ERROR", 400, f"--escape takes one of {', '.join(ESCAPES)}.")
    only: LineFormat | str | None = None
    if format_ in _JSON_NAMES:
        only = "json"
    elif format_ in _W3C_NAMES:
        only = "w3c"
    elif format_ in KNOWN:
        only = KNOWN[format_] if escape is None else KNOWN[format_].with_escape(escape)
    elif format_ is not None:
        near = get_close_matches(format_.lower(), NAMES, 2)
        hint = f" Is it {' or '.join(near)}?" if near else " Leave it out to have each line tried as every known one."
        only = format_of_string(format_, escape, hint)
    elif escape is not None:
        raise Refused("VALIDATION_ERROR", 400, "--escape belongs to a --format.")
    return LogReader(rules=rules, names=names or {}, only=only, is_file=True)
