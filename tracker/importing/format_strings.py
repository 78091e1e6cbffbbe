"""The format strings of Apache (`%h %l %u %t`), nginx (`$remote_addr`) and HAProxy (`%ci:%cp [%tr]`), as formats.

A name that is not known here is a field that is not read: it may hold anything that holds neither what stands behind it
in the format nor a quote.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from tracker.errors import Refused
from tracker.importing import haproxy_directives
from tracker.importing.apache_times import SplitTimeFormat, TimeShapes
from tracker.importing.line_format import FIELD, QUOTED, RAW_QUOTED, LineFormat
from tracker.importing.other_strings import FormatNames, names_of_string
from tracker.importing.pasted_formats import bare_format
from tracker.importing.record import field_by_name

_APACHE: Final = field_by_name(
    {
        "address": "h a",
        "time": "t",
        "request": "r",
        "status": "s",
        "bytes": "b B O",
        "user": "u",
        "host": "v V",
        "port": "p",
        "method": "m",
        "written_path": "U",
        "written_target": "Uq",
        "query": "q",
        "protocol": "H",
    }
)
_APACHE_HEADERS: Final = field_by_name(
    {
        "referrer": "referer",
        "user_agent": "user-agent",
        "forwarded_for": "x-forwarded-for x-real-ip",
        "host": "host",
    }
)
_APACHE_DIRECTIVE: Final = re.compile(r"%(?:[!0-9,]+)?[<>]?(?:\{([^}]*)\})?(\^?[A-Za-z]{1,2}|%)")
_NGINX: Final = field_by_name(
    {
        "address": "remote_addr",
        "forwarded_for": "http_x_forwarded_for proxy_add_x_forwarded_for http_x_real_ip http_cf_connecting_ip",
        "user": "remote_user",
        "time": "time_local time_iso8601 msec",
        "request": "request",
        "status": "status",
        "bytes": "body_bytes_sent bytes_sent",
        "referrer": "http_referer",
        "user_agent": "http_user_agent",
        "host": "host http_host server_name",
        "port": "server_port",
        "scheme": "scheme",
        "method": "request_method",
        "target": "request_uri",
        "decoded_path": "uri document_uri",
        "query": "args query_string",
        "protocol": "server_protocol",
    }
)
_GOACCESS: Final = re.compile(r"%\^(?!FB|t[io])|%d:%t")
_LIST: Final = r'(?:[^ "]+(?:(?:, | : )[^ "]+)*)?'
"""One item for each server that nginx asked, and ` : ` between groups of them."""
_BARE_REQUEST: Final = r'(?:[A-Za-z_-]+ [^"]*? HTTP/\d(?:\.\d)?|[^ "]*)'
"""Without quotes a request ends with its protocol: spaces stand in it."""
_NGINX_VARIABLE: Final = re.compile(r"\$(?:\{([a-z0-9_]+)\}|([a-z0-9_]+))")
_CAPTURES: Final = frozenset(("hr", "hs", "hrl", "hsl"))
"""HAProxy's headers, in braces or in a list."""
_WEAKER: Final[dict[str, tuple[re.Pattern[str], ...]]] = {
    "address": (re.compile(r"%[^a]*\{(?:c|remote|peer)\}a"), re.compile("%[^a-z]*h")),
    "status": (re.compile("%[^>s]*s"),),
    "host": (re.compile(r"\$\{?server_name\}?"),),
}
"""Labels whose field is taken from another of the format, where there is one.

Apache's `%a` is the visitor behind a proxy (mod_remoteip), `%h` may be a name, `%s` is the answer before an internal
redirect; nginx' `$server_name` may be `_`."""


@dataclass(frozen=True, slots=True)
class Field:
    """A place of a format string where something stands."""

    name: str | None
    """One of `record.Fields`, `user`, or None for what is not read."""
    label: str
    """How the server calls it, for the report of what was not read."""
    shape: str | None = None
    """A regular expression of its own."""


_Part = str | Field
_FieldOf = Callable[[re.Match[str]], _Part]


def format_of_string(text: str, escape: str | None, hint: str = "") -> LineFormat:
    """Return the format that a server's own format string describes.

    `hint` is said where it is none. Raises Refused where it has no time or cannot be read.
    """
    plain, said = bare_format(text)
    if _GOACCESS.search(plain):
        raise Refused(
            "VALIDATION_ERROR", 400, f"--format {text!r} is GoAccess' own: leave it out, or give the server's."
        )
    times = TimeShapes()
    if (names := names_of_string(plain)) is not None:
        parts, usual = _parts(plain, names.directive, lambda match: _of_names(match, names)), names.escape
    elif "$" in plain:
        parts, usual = _parts(plain, _NGINX_VARIABLE, _nginx), "nginx"
    elif haproxy_directives.STRING.search(plain):
        parts, usual = _haproxy_parts(plain), "json" if ",json" in plain else "haproxy"
    elif "%" in plain:
        parts, usual = _parts(plain, _APACHE_DIRECTIVE, lambda match: _apache(match, times)), "apache"
        times.check(text)
    else:
        raise Refused(
            "VALIDATION_ERROR", 400, f"--format {text!r} is neither a known format nor a format string.{hint}"
        )
    parts = _without_weaker(parts)
    fields = [part for part in parts if isinstance(part, Field)]
    if not any(field.name == "time" for field in fields):
        raise Refused("VALIDATION_ERROR", 400, f"--format {text!r} has no time: a hit needs one.")
    escape = escape or said or usual
    unread = tuple(field.label for field in fields if field.name in (None, "user"))
    kind = SplitTimeFormat if times.named else LineFormat
    return kind("of --format", _pattern(parts, raw=escape == "none"), escape=escape, unread=unread)


def _haproxy_parts(text: str) -> list[_Part]:
    parts = _parts(haproxy_directives.with_quotes(text), haproxy_directives.FIELD, _haproxy)
    for place, (part, after) in enumerate(pairwise([*parts])):
        if isinstance(part, Field) and part.name == "captures" and isinstance(after, str) and after.startswith(" "):
            # Of captures that are not there HAProxy writes no space either.
            parts[place : place + 2] = [replace(part, shape=rf"(?:{part.shape} )?"), after[1:]]
    return parts


def _parts(text: str, pattern: re.Pattern[str], field_of: _FieldOf) -> list[_Part]:
    """Literals and fields in turn, neighbouring literals as one."""
    parts: list[_Part] = []
    end = 0
    for match in [*pattern.finditer(text), None]:
        parts.append(text[end : match.start() if match else len(text)])
        if match:
            parts.append(field_of(match))
            end = match.end()
    joined: list[_Part] = []
    for part in parts:
        if part == "":
            continue
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        else:
            joined.append(part)
    return joined


def _without_weaker(parts: list[_Part]) -> list[_Part]:
    """Leave unread what says less than another field of the same name."""

    def is_weaker(part: _Part) -> bool:
        patterns = _WEAKER.get(part.name or "", ()) if isinstance(part, Field) else ()
        return isinstance(part, Field) and any(pattern.fullmatch(part.label) for pattern in patterns)

    told = {part.name for part in parts if isinstance(part, Field) and not is_weaker(part)}
    return [
        Field(None, part.label, part.shape or FIELD.get(part.name or ""))
        if isinstance(part, Field) and part.name in told and is_weaker(part)
        else part
        for part in parts
    ]


def _pattern(parts: list[_Part], *, raw: bool) -> str:
    taken: set[str] = set()
    pattern: list[str] = []
    for index, part in enumerate(parts):
        if isinstance(part, str):
            pattern.append(re.escape(part))
            continue
        before = parts[index - 1] if index else ""
        after = parts[index + 1] if index + 1 < len(parts) else ""
        shape = (
            part.shape
            or _shape_beside(part, before, after)
            or _shape(part, before if isinstance(before, str) else "", after if isinstance(after, str) else "", raw=raw)
        )
        if part.name == "captured":
            pattern.append(f"(?P<captured_{index}>{shape})")  # There may be several.
        elif part.name is None or part.name in taken:
            pattern.append(f"(?:{shape})")
        else:
            taken.add(part.name)
            pattern.append(f"(?P<{part.name}>{shape})")
    return "".join(pattern)


def _shape_beside(part: Field, before: _Part, after: _Part) -> str | None:
    """Return the shape of what stands beside another field with nothing between them; None for what does not."""
    if part.name == "target" and isinstance(before, Field):
        return r'(?:/[^ "]*|\*)?'  # `$host$request_uri`: the host ends where the target begins.
    if part.name in ("decoded_path", "written_path") and isinstance(after, Field):
        return r'[^?"]*'  # `%U%q`, `$uri$is_args$args`.
    return None


def _shape(part: Field, before: str, after: str, *, raw: bool) -> str:
    if before.endswith('"') and after.startswith('"'):
        return RAW_QUOTED if raw else QUOTED
    if part.name in FIELD:
        return FIELD[part.name]
    if part.name == "request" and after.startswith(" "):
        return _BARE_REQUEST
    if after.startswith("\t") or (before.endswith("\t") and not after):
        return r"[^\t]*"  # Quotes too, which need no escape there.
    if not after:
        return ".*" if part.name in ("request", "user_agent", "referrer", "captured") else r'[^ "]*'
    return f'[^{re.escape(after[0])}"]*'


def _of_names(match: re.Match[str], names: FormatNames) -> _Part:
    name = names.field_of(match)
    return Field(name, match[0], names.shape_of(match, name))


def _apache(match: re.Match[str], times: TimeShapes) -> _Part:
    argument, directive = match.groups()
    if directive == "%":
        return "%"
    if directive == "t":
        return Field("time", match[0], times.shape(argument))
    if directive == "i" and argument:
        return Field(_APACHE_HEADERS.get(argument.lower()), match[0])
    if directive in ("a", "p") and argument in ("c", "remote", "peer", "client"):
        # Mostly the connection's own address, and the visitor's port: neither is what the bare directive says.
        return Field("address" if directive == "a" else None, match[0])
    if argument and directive not in "sbp":
        return Field(None, match[0])
    # A file's name has spaces.
    return Field(_APACHE.get(directive), match[0], r'[^"]*' if directive == "f" else None)


def _nginx(match: re.Match[str]) -> _Part:
    name = match[1] or match[2]
    if name == "is_args":
        return Field(None, f"${name}", r"\??")
    return Field(_NGINX.get(name), f"${name}", _LIST if name.startswith("upstream_") else None)


def _haproxy(match: re.Match[str]) -> _Part:
    expression, name = match.groups()
    if expression is None:
        field = "captures" if name in _CAPTURES else haproxy_directives.FIELDS.get(name)
        return Field(field, match[0], haproxy_directives.SHAPES.get(name))
    if haproxy_directives.CAPTURED.fullmatch(expression):
        return Field("captured", match[0])
    if haproxy_directives.TIME.match(expression):
        return Field("time", match[0])
    lowered = expression.lower()
    for header, field in haproxy_directives.EXPRESSIONS.items():
        if header in lowered:
            return Field(field, match[0])
    return Field(None, match[0])
