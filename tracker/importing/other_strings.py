"""What stands in format strings of Envoy (`%REQ(:METHOD)%`), Squid (`%>a`), granian (`%(addr)s`) and morgan (`:url`).

None of these strings has a name of its own: they are directives, and anything between them.
"""

import re
from typing import Final, NamedTuple

from tracker.importing.line_format import FIELD
from tracker.importing.record import field_by_name


class FormatNames(NamedTuple):
    """How the strings of one server name what it writes."""

    told_by: re.Pattern[str]
    """What a string of no other server has."""
    directive: re.Pattern[str]
    """A `name`, and what it is asked `about` (a header, a shape)."""
    fields: dict[str, str]
    """Fields by the name, or by a name with a header's in braces, all in small letters."""
    escape: str
    time: str | None = None
    """The shape of its times, where it is not a usual one."""

    def field_of(self, match: re.Match[str]) -> str | None:
        """Return which field a directive names; None for what is not read."""
        name, about = match["name"].lower(), (match.groupdict().get("about") or "").lower()
        # Of two headers Envoy takes the second where the first is missing.
        return self.fields.get(f"{name}{{{about.rpartition('?')[2]}}}") or self.fields.get(name)

    def shape_of(self, match: re.Match[str], field: str | None) -> str | None:
        """Return the shape of what a directive stands for, where it is not the usual one of its field."""
        is_padded = match[0].startswith("%") and match[0][1:2].isdecimal()
        return self.time if field == "time" else r' *[^ "]*' if is_padded and field is None else None


_ENVOY: Final = FormatNames(
    re.compile(r"%(?:START_TIME|REQ\(|RESPONSE_CODE|DOWNSTREAM_)"),
    re.compile(r"%(?P<name>[A-Z][A-Z0-9_]*)(?:\((?P<about>[^)]*)\))?(?::\d+)?%"),
    field_by_name(
        {
            "time": "start_time",
            "method": "req{:method}",
            "target": "req{:path}",
            "protocol": "protocol",
            "status": "response_code",
            "bytes": "bytes_sent",
            "forwarded_for": "req{x-forwarded-for}",
            "address": "downstream_remote_address downstream_remote_address_without_port",
            "user_agent": "req{user-agent}",
            "referrer": "req{referer}",
            "host": "req{:authority} req{host}",
        }
    ),
    "none",
)
_SQUID: Final = FormatNames(
    re.compile(r"%(?:>a|\[?u[in]\b|<st|>Hs|ts\.%03tu)"),
    re.compile(
        r"%[\"'#/\[]?-?\d*(?:\.\d+)?(?:\{(?P<about>[^}]*)\})?(?P<name>ts\.%03tu"
        r"|[<>]?(?:Hs|r[mupvsdP]|s[Hht]|[pt]t|bs|ha|h|a|A|p|eui)|t[sulgr]|dt|u[nlise]|e[ta]|mt|l[ap]|S[sh]|err_\w+|note"
        r"|(?:ssl|icap|adapt)::[<>]?\w+|%)"
    ),
    field_by_name(
        {
            "time": "tl tg ts ts.%03tu",
            "address": ">a",
            "method": "rm >rm",
            "target": "ru >ru",
            "status": ">hs",
            "bytes": "<st",
            "referrer": ">h{referer}",
            "user_agent": ">h{user-agent}",
            "forwarded_for": ">h{x-forwarded-for}",
            "host": ">h{host}",
        }
    ),
    "none",
)
_GRANIAN: Final = FormatNames(
    re.compile(r"%\((?:addr|dt_ms|query_string)\)"),
    re.compile(r"%\((?P<name>\w+)\)(?:\.\d+)?[sdf]"),
    field_by_name(
        {
            "time": "time",
            "address": "addr",
            "method": "method",
            "decoded_path": "path",
            "query": "query_string",
            "protocol": "protocol",
            "status": "status",
        }
    ),
    "none",
)
_MORGAN: Final = FormatNames(
    re.compile(r"\A[^$%]*:(?:remote-addr|date|url|user-agent)\b[^$%]*\Z"),
    re.compile(r":(?P<name>[a-z][a-z-]*)(?:\[(?P<about>[^\]]*)\])?"),
    field_by_name(
        {
            "time": "date",
            "address": "remote-addr",
            "user": "remote-user",
            "method": "method",
            "target": "url",
            "status": "status",
            "bytes": "res{content-length}",
            "referrer": "referrer",
            "user_agent": "user-agent",
            "forwarded_for": "req{x-forwarded-for}",
            "host": "req{host}",
        }
    ),
    "node",
    rf"(?:[A-Z][a-z]{{2}}, \d\d [A-Z][a-z]{{2}} \d{{4}} \d\d:\d\d:\d\d GMT|{FIELD['time']})",
)


def names_of_string(text: str) -> FormatNames | None:
    """Return whose names a format string has; None for those of Apache, nginx and HAProxy, and for none."""
    return next((one for one in (_ENVOY, _SQUID, _GRANIAN, _MORGAN) if one.told_by.search(text)), None)
