"""Why a line is of no format that is known: what it looks like, or where it stops to be a line of the usual shape."""

import re
from collections.abc import Mapping
from typing import Any, Final

from tracker.importing.line_format import QUOTED
from tracker.importing.line_parts import TIME

_UNKNOWN: Final = "not a line of a format that is known"
_LOOKED_AT: Final = 1024
"""Bytes of a line that are enough to tell what wrote it."""
_DAY_AND_TIME: Final = r"\d\d/[A-Z][a-z]{2}/\d{4}:[\d:]{8} [+-]\d{4}"
_BEFORE_HAPROXY: Final = r"(?:[^\[]{0,80}\[\d+\]: )?\S+:\d+ \[[^\]]+\] "
_LOOKS_LIKE: Final = {
    "Apache's error log, which is no access log: import that one": (
        r"\[[A-Z][a-z]{2} [A-Z][a-z]{2} [^\]]{15,30}\] \[[a-z0-9_]*:[a-z0-9]+\] "
    ),
    "nginx' error log, which is no access log: import that one": r"\d{4}/\d\d/\d\d [\d:]{8} \[[a-z]+\] \d+#\d+: ",
    "a line with two addresses first, or one glued to another: take "
    "--address-from forwarded "
    """--format '%{X-Forwarded-For}i %h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"'""": (
        r"(?:-|[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]+(?:, ?[0-9A-Fa-f.:]+)*) "
        r"(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:]+) "
        r"\S+ [^\[\"]{1,80} ?\[\d"
    ),
    "JSON with an object on several lines, or a list of objects: put each on one line (jq -c '.', jq -c '.[]')": (
        r"\s*(?:[\[{\]}],?|\"[^\"]+\"\s*:\s.*|\[\s*\{.*)\s*$"
    ),
    "Fiber's logger, whose times have no day: give its TimeFormat one": r"\d\d:\d\d:\d\d \| \d{3} \| ",
    "Phoenix' or Plug's log, which writes no address": r"\d\d:\d\d:\d\d\.\d{3} (?:request_id=\S+ )?\[[a-z]+\] ",
    "Google Cloud Storage's usage log without its first line, which names the columns": r"\"\d{16}\",",
    "Hiawatha's own format: give it AccessLogFormat = extended": (
        r"[0-9A-Fa-f.:]+\|[A-Z][a-z]{2} \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} "
    ),
    "Apache's forensic log, which is no access log: import that one": r"[+-][A-Za-z0-9@_:.-]{8,}(?:\||$)",
    "Apache's ssl_request_log, which has the requests of the access log a second time": (
        r"\[[^\]]+\] \S+ (?:TLS|SSL)v[\d.]+ \S+ \""
    ),
    "a log of referrers (Apache's referer_log, WEBrick), which stands beside an access log": r"\S+ -> /\S*$",
    "a log of user agents (Apache's agent_log), which stands beside an access log": r"Mozilla/\d\.\d \(",
    "HAProxy's tcplog, which knows no requests: have it write option httplog": (
        _BEFORE_HAPROXY + r"[^ /]+ [^ /]+/\S+ -?\d+/-?\d+/\+?\d+ \+?\d+ [A-Za-z-]{2} "
    ),
    "a line of HAProxy's httplog that was cut: give its `log` line a longer len": (
        _BEFORE_HAPROXY + r"[^ /]+ [^ /]+/\S+ -?\d+/-?\d+/-?\d+/-?\d+/\+?-?\d+ "
    ),
    "HAProxy's line of a connection without a request": _BEFORE_HAPROXY + r"[^ /]+/\S+: ",
    "IIS' own format, whose dates are ambiguous: choose W3C": r"\S+, \S*, \d{1,2}/\d{1,2}/\d{2,4}, [\d:]{5,8}, ",
    "CloudFront's real-time log, which names no fields: put a #Fields: line with its fields' names before it": (
        r"\d{10}(?:\.\d{1,3})?\t[0-9A-Fa-f.:]+\t"
    ),
    "a Network Load Balancer's log, which knows no requests": r"(?:tls|tcp|udp) \d\.\d \S+ (?:net|app)/\S+ ",
    "journalctl --output=export: --output=json is read": r"(?:MESSAGE|__CURSOR|_[A-Z_]+|[A-Z]+_[A-Z_]+)=",
    "koa-logger or Hono's logger, which write no time and no address: take koa-morgan, or put a server before it": (
        r"(?:\x1b\[\d+m| )*+(?:<--|-->|xxx|-x-)"
    ),
    "hapi's good-console, which writes no address: SafeJson of good-squeeze does": (
        r"\d{6}/\d{6}\.\d{3}, [^\[]{0,80}\[(?:response|request|log|ops|error)"
    ),
    "a table (CSV), as Grafana downloads one, without its first line, which names the columns": (
        r"(?:\"[^\"]{0,40}\",){2}|\"\d{4}-\d\d-\d\d [\d:.]{8,15}\",\""
    ),
    "npm's sirv-cli, whose times have no day and whose lines no address: put a server before it": (
        r"(?:\x1b\[\d+m| )*+\[\d\d:\d\d:\d\d\](?:\x1b\[\d+m| )*+\d{3}(?:\x1b\[\d+m| )*+─"
    ),
    "npm's serve, whose times have no zone and whose lines no headers: put a server before it": (
        r" ?(?:HTTP|INFO)  .{8,40} (?:GET|HEAD|POST|Returned) "
    ),
    "php-fpm's log, which names scripts: import that of the web server": rf"\S+ - +{_DAY_AND_TIME} \"[A-Z]+ ",
    "PHP's own server telling of a connection, not of a request": (
        r"\[[A-Z][a-z]{2} [A-Z][a-z]{2} [^\]]+ \d{4}\] (?:\S+:\d+ (?:Accepted|Clos)|PHP .{1,40} Development Server)"
    ),
    "eventlet telling of a connection, not of a request": r"\(\d+\) (?:accepted |wsgi (?:starting|exited))",
    "what Python's http.server says about the next line": r"\S+ - - \[[^\]]*\] code \d{3}, message ",
    "what npm's http-server says about the line before": r"\[[^\]]+\]  ?\"[^\"]*\" Error \(\d{3}\): ",
}
"""What kinds of logs begin with."""
_SEVERAL: Final = {
    ("logEvents",): "what CloudWatch Logs hands on, several lines in one object: jq -c '.logEvents[]' takes them apart",
    ("events",): "an object of several lines, such as an answer of `aws logs`: jq -c '.events[]' takes them apart",
    ("data", "result"): "an answer of Loki, several lines in one object: jq -c '.data.result[].values[] | "
    "{time: .[0], message: .[1]}' takes them apart",
    ("streams",): "what is sent to Loki, several lines in one object: jq -c '.streams[].values[] | "
    "{time: .[0], message: .[1]}' takes them apart",
    ("resourceLogs",): "what OpenTelemetry's collector writes, several lines in one object: jq -c "
    "'.resourceLogs[].scopeLogs[].logRecords[] | {time: .timeUnixNano, message: .body.stringValue}' takes them apart",
    ("hits", "hits"): "an answer of Elasticsearch, several lines in one object: jq -c '.hits.hits[]' takes them apart",
}
"""Objects of several lines, by the names that lead to the list of these."""
_BEGINNINGS: Final = tuple((re.compile(pattern.encode(), re.DOTALL), what) for what, pattern in _LOOKS_LIKE.items())
_PARTS: Final = {
    "time in brackets": rf"[^\"]{{1,300}}? {TIME}",
    "request in quotes": f'"{QUOTED}"',
    "status": r"(?:\d{3}|-|0)",
    "number of bytes": r"(?:\d{1,18}|-)",
    "referrer in quotes": f'"{QUOTED}"',
    "user agent in quotes": f'"{QUOTED}"',
}
_AS_COMBINED: Final = tuple(
    (name, re.compile(" ".join(list(_PARTS.values())[: place + 1]).encode(), re.DOTALL))
    for place, name in enumerate(_PARTS)
)
"""A combined line up to each of its parts."""


def why_unreadable(line: bytes) -> str:
    """Return a sentence for an operator that holds nothing of the line."""
    text = line[:_LOOKED_AT]
    for beginning, what in _BEGINNINGS:
        if beginning.match(text):
            return f"{_UNKNOWN}: it looks like {what}"
    last_fit = None
    for name, pattern in _AS_COMBINED:
        match = pattern.match(line)
        if match is None or line[match.end() : match.end() + 1] not in (b"", b" "):
            break
        last_fit = name
    if last_fit is None:
        return f"{_UNKNOWN} (see --format)"
    if last_fit == "user agent in quotes":
        return f"{_UNKNOWN}: like a combined line, but for what follows the user agent (a quote that was not escaped?)"
    return f"{_UNKNOWN}: like a combined line up to the {last_fit}, not behind it (--format takes a format string)"


def several_in(values: Mapping[str, Any]) -> str | None:
    """Return what an object is that holds several lines, and how it is taken apart; None for any other."""
    return next((f"it looks like {what}" for names, what in _SEVERAL.items() if _holds(values, names)), None)


def _holds(values: Mapping[str, Any], names: tuple[str, ...]) -> bool:
    value: Any = values
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return isinstance(value, list)
