r"""A format of lines: one regular expression that must match a whole line, whose groups are named after fields.

Each field takes only what its server writes there, so that a line which was torn, or glued to another, is no line of
the format: `FIELD` has what may stand in a field without quotes, `QUOTED` what in one with them.
"""

import re
from functools import cached_property, lru_cache
from typing import Final

from tracker.importing.escapes import ESCAPES
from tracker.importing.record import Fields, Malformed
from tracker.privacy.addresses import normalise

_ADDRESSES: Final = r"[0-9A-Za-z_.:%\[\]-]+(?:, ?[0-9A-Za-z_.:%\[\]-]+)*"
FIELD: Final[dict[str, str]] = {
    "address": _ADDRESSES,
    "forwarded_for": _ADDRESSES,
    "time": (
        r"\[?(?:\d{1,2}/[A-Za-z]{3}/\d{4}:[\d:.,]+(?: ?[+-]\d{2}:?\d{2})?"
        r"|\d{4}-\d\d-\d\d[T ][\d:.,]+(?: ?[+-][\d:]+|Z)?"
        r"|\d{9,19}(?:\.\d+)?|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:]+ \d{4})\]?"
    ),
    "status": r"-?\d{1,3}|-",
    "bytes": r"\+?\d{1,18}|-",
    "host": r"[A-Za-z0-9_.\[\]:-]*?",
    "port": r"\d{1,5}|-",
    "method": r"(?:[A-Za-z][A-Za-z_-]{0,31}|-)?",
    "protocol": r"(?:HTTP/\d(?:\.\d)?|-)?",
    "user": r'(?:""|(?:[^"\\\r\n]|\\.)*?)',
}
"""What a field may hold without quotes around it. Apache writes two of them for a user without a name, lighttpd nothing
for the method of what was no request."""
QUOTED: Final = r'[^"\\]*(?:\\.[^"\\]*)*'
"""Quoted, with quotes inside escaped."""
RAW_QUOTED: Final = r'[^"]*'
"""Quoted by a server that escapes nothing: a quote inside cannot be told from the end, and such a line is not taken."""
QUOTE_ESCAPED: Final = r'[^"\\]*(?:\\"?[^"\\]*)*'
"""Quoted by a server that escapes quotes alone: a backslash before a quote is its escape, or the field's end."""
TWO_RECORDS: Final = "two records in one line"
_GLUED: Final = f"{TWO_RECORDS}, or one behind words of a program that is not known: take them off (docs/formats.md)"
_ANY_TIME: Final = re.compile(
    rb"\[(?:\d{1,2}/[A-Za-z]{3}/\d{4}[: ]\d\d:\d\d:\d\d(?:\.\d+)?(?: (?:[+-]\d{4}|[A-Z]{3,5}))?"
    rb"|[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT)\]"
    # At the beginning of a line stands such a one where Python's logging wrote it.
    rb"|(?<=.)\[\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[^\]]{0,16}\]"
)
_ADDRESS_INSIDE: Final = re.compile(
    rb"(?<![\d.@])\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?(?:[ ,]|$)"
    rb"|(?:^|[ ,])[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(?:[ ,]|$)"
)
_RECORD_INSIDE: Final = re.compile(
    rb"(?:^| )(?:-(?: |$)|/)| HTTP/\d|\[(?:\d|$)|(?:^|[ ,])[\d.]*\.\d{1,3}\.\d{1,3}(?:[ ,]|$)"
)
"""A place of nobody's name, a target, the end of a request, the beginning of a time, the end of an address."""
_END_OF_REQUEST: Final = re.compile(rb' HTTP/\d(?:\.\d)?" ')
"""Before another field. No visitor makes one: quotes that were sent are escaped, or the line is not taken."""
_CAPTURES: Final = re.compile(rb'\}? *\{|[{}|]|" "|"')
_HOST: Final = re.compile(r"(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|localhost)(?::\d+)?")


class LineFormat:
    """A format that reads lines.

    `unread` names what the format has and a hit has no place for.
    """

    def __init__(self, name: str, pattern: str, *, escape: str = "safe", unread: tuple[str, ...] = ()) -> None:
        self.name = name
        self.unread = unread
        self._pattern = re.compile(pattern.encode(), re.DOTALL)
        self._names = tuple(sorted(self._pattern.groupindex, key=self._pattern.groupindex.__getitem__))
        self._user = self._pattern.groupindex.get("user")
        self._captured = tuple(name for name in self._names if name.startswith("captured_"))
        """Places of one header each, which HAProxy captured and does not name."""
        self._mark, self._unescape = ESCAPES[escape]
        self._plain_mark = self._mark.decode("ascii")
        # The visitors of a log share their programs.
        self._headers = lru_cache(maxsize=4096)(self._headers_of)

    @cached_property
    def _plain(self) -> re.Pattern[str]:
        """Return the pattern for lines of ASCII, whose fields are texts at once."""
        return re.compile(self._pattern.pattern.decode(), re.DOTALL | re.ASCII)

    def with_escape(self, escape: str) -> "LineFormat":
        """Return the same format with another rule of ESCAPES."""
        return LineFormat(self.name, self._pattern.pattern.decode(), escape=escape, unread=self.unread)

    def read(self, line: bytes) -> Fields | None:
        """Return the fields of a line, or None where it is not of this format.

        Raises Malformed for two lines in one.
        """
        mark = self._mark
        may_be_escaped = mark in line or not line.isascii()
        if not may_be_escaped and b"\0" not in line:
            return self.read_plain(line.decode("ascii"))
        match = self._pattern.fullmatch(line)
        if match is None:
            return None
        if self._user is not None and (user := match[self._user]) not in (b"-", b"", None) and _is_glued(user):
            raise Malformed(_GLUED)
        if line.count(b"[") > 1 or line.count(b" HTTP/") > 1:
            self._check_alone(line, match)
        fields: Fields = {}
        for name, value in zip(self._names, match.groups(), strict=True):
            if not value or name == "user":
                continue
            if name == "captures":
                self._distribute(fields, value)
                continue
            if name == "target" and b"\0" in value:
                raise Malformed(TWO_RECORDS)  # Here no quotes hold it together.
            if may_be_escaped and (mark in value or not value.isascii()):
                value = self._unescape(value)  # noqa: PLW2901 the same value, as it was sent
            fields[name] = value.decode("utf-8", "replace").replace("\0", "")
        return self._with_captured(fields) if self._captured else fields

    def is_plain(self, line: str) -> bool:
        """Return whether `read_plain` may read a line, which has no NUL."""
        return line.isascii() and self._plain_mark not in line

    def read_plain(self, line: str) -> Fields | None:
        """Return the fields of a line in which nothing is escaped, as nearly all are: they are what stands there.

        Raises Malformed for two lines in one.
        """
        match = self._plain.fullmatch(line)
        if match is None:
            return None
        fields: Fields = dict(zip(self._names, match.groups()))  # noqa: B905 as many as the pattern has
        user = fields.pop("user", "-")
        if user and user != "-" and _is_glued(user.encode()):
            raise Malformed(_GLUED)
        if line.count("[") > 1 or line.count(" HTTP/") > 1:
            self._check_alone(line.encode(), match)
        if captures := fields.pop("captures", ""):
            fields = {name: value for name, value in fields.items() if value}
            self._distribute(fields, captures.encode())
        return self._with_captured(fields) if self._captured else fields

    def _check_alone(self, line: bytes, match: re.Match[bytes] | re.Match[str]) -> None:
        """Raises Malformed where two requests end, or a time in brackets stands where the format has none."""
        place = match.start("time") if "time" in self._pattern.groupindex else -1
        has_another_time = any(not time.start() <= place < time.end() for time in _ANY_TIME.finditer(line))
        if has_another_time or len(_END_OF_REQUEST.findall(line)) > 1:
            raise Malformed(TWO_RECORDS)

    def _distribute(self, fields: Fields, captures: bytes) -> None:
        """Give the headers that HAProxy captured their places."""
        for name, text in self._headers(captures):
            fields.setdefault(name, text)

    def _with_captured(self, fields: Fields) -> Fields:
        """Give each header that HAProxy captured by itself its place; a name that the format tells is stronger."""
        texts = [fields.pop(name, "") for name in self._captured]
        fields = {name: value for name, value in fields.items() if value}
        for text in texts:
            if text not in ("", "-"):
                fields.setdefault(_kind_of_header(text), text)
        return fields

    def _headers_of(self, captures: bytes) -> tuple[tuple[str, str], ...]:
        """Return which headers captures are: HAProxy writes their values and not their names."""
        headers: list[tuple[str, str]] = []
        for value in _CAPTURES.split(captures):
            text = self._unescape(value.strip()).decode("utf-8", "replace")
            if text in ("", "-"):
                continue
            headers.append((_kind_of_header(text), text))
        return tuple(headers)


def _kind_of_header(text: str) -> str:
    """Return which header a captured value is of."""
    if text.startswith(("http://", "https://")):
        return "referrer"
    if _is_address_list(text):
        return "forwarded_for"
    return "host" if _HOST.fullmatch(text) else "user_agent"


def _is_address_list(text: str) -> bool:
    """Return whether a text is what X-Forwarded-For holds: addresses, and `unknown` among them."""
    items = {item.strip() for item in text.split(",")} - {"unknown"}
    return bool(items) and all(normalise(item) is not None for item in items)


def _is_glued(user: bytes) -> bool:
    """Return whether the place of a user's name holds the beginning of another record, as where a line lost its end."""
    return _RECORD_INSIDE.search(user) is not None or _ADDRESS_INSIDE.search(user) is not None
