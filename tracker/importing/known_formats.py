r"""The formats of lines that are known by name, as a table.

More particular formats stand before those that would take their lines too. A shape that several servers write has the
`safe` escapes; a format that is named after a server undoes what that server escapes.
"""

from typing import Final

from tracker.importing.line_format import FIELD, QUOTED, LineFormat

_HEAD: Final = rf"(?P<address>{FIELD['address']}) (?:-|[A-Za-z0-9_]+) (?P<user>{FIELD['user']}) "
_TIME: Final = r"(?P<time>\[\d{1,2}/[A-Za-z]{3}/\d{4}:\d{2}:\d{2}:\d{2}(?:\.\d{1,9})? [+-]\d{4}\])"
_ANSWER: Final = rf' "(?P<request>{QUOTED})" (?P<status>\d{{3}}|-|0) (?P<bytes>\d{{1,18}}|-)'
_REFERRER_AND_AGENT: Final = rf' "(?P<referrer>{QUOTED})" "(?P<user_agent>{QUOTED})"'
_APPENDED: Final = r'(?: "(?P<forwarded_for>[0-9A-Fa-f:.]+(?:, ?[0-9A-Fa-f:.]+)*)")?(?: (?!.*:HIER_).*)?'
"""An appended list of addresses is nginx' `"$http_x_forwarded_for"`, as its packages configure it."""
_APPENDED_PLAIN: Final = r'(?: [^"\[]*)?'
_VHOST: Final = r"(?P<host>[A-Za-z0-9_.\[\]-]*):(?P<port>\d{1,5}|-) "
_SECOND_VHOST: Final = (
    rf"(?P<address>{FIELD['address']}) (?P<host>(?:(?:[A-Za-z0-9][A-Za-z0-9_-]*\.)+[A-Za-z][A-Za-z0-9-]*|localhost)(?::\d{{1,5}})?) "
    rf"(?P<user>{FIELD['user']}) "
)
_COMBINED: Final = _HEAD + _TIME + _ANSWER + _REFERRER_AND_AGENT + _APPENDED
_COMMON: Final = _HEAD + _TIME + _ANSWER + _APPENDED_PLAIN
_HAPROXY: Final = (
    r"(?P<address>[0-9A-Fa-f:.]+|unix|-):(?P<port_of_client>\d+) \[(?P<time>[^\]]+)\] \S+ \S+/\S+ -?\d+/-?\d+/-?\d+/-?\d+/\+?-?\d+ "
    r"(?P<status>-?\d{1,3}) (?P<bytes>\+?\d{1,18}) \S+ \S+ \S{4} \d+/\d+/\d+/\d+/\+?\d+ \d+/\d+"
    r'(?P<captures>(?: \{[^{}]*\}){0,2}) "(?P<request>[^"]*)"(?: [^"\[]*)?'
)
_HAPROXY_CLF: Final = (
    _HEAD + _TIME + _ANSWER + r' "" "" \d+ \d+ "[^"]*" "[^"]*" "[^"]*"(?: -?\d+){5} \S{4}(?: \+?\d+){7} "[^"]*" "[^"]*"'
    r'(?P<captures>(?: "[^"]*")*) ?'
)
_SQUID: Final = (
    r"(?P<time>\d{9,10}\.\d{3}) +-?\d+ (?P<address>\S+) [A-Z_]+(?:/(?P<status>\d{3})) (?P<bytes>\d+) (?P<method>\S+) (?P<target>\S+) \S+ "
    r"[A-Z_]+/\S+ \S+"
)
_SQUID_COMBINED: Final = (
    _HEAD
    + _TIME
    + r' "(?P<request>[^"]*)" (?P<status>\d{3}|0) (?P<bytes>\d{1,18}|-) "(?P<referrer>[^"]*)" "(?P<user_agent>[^"]*)"'
    r" [A-Z_]+:[A-Z_]+"
)
_SQUID_COMMON: Final = (
    _HEAD + _TIME + r' "(?P<request>[^"]*)" (?P<status>\d{3}|0) (?P<bytes>\d{1,18}|-) [A-Z_]+:[A-Z_]+'
)
_ENVOY: Final = (
    r'\[(?P<time>\d{4}-[^\]]+)\] "(?P<method>\S+) (?P<target>[^" ]*) (?P<protocol>[^" ]*)" (?P<status>\d{1,3}) \S+'
    r'(?: \S+ \S+ "[^"]*")? \d+ (?P<bytes>\d+) \d+ \S+ "(?P<forwarded_for>[^"]*)" "(?P<user_agent>[^"]*)" "[^"]*" "(?P<host>[^"]*)" "[^"]*"'
    r"(?: .*)?"
)
_ALB: Final = (
    r"(?:https?|h2|grpcs|wss?) (?P<time>\S+) \S+ (?P<address>[0-9A-Fa-f:.\[\]]+|-) \S+ -?[\d.]+ -?[\d.]+ -?[\d.]+ (?P<status>\d{3}|-) (?:\d{3}|-) "
    r'\d+ (?P<bytes>\d+) "(?P<request>[^"]*)" "(?P<user_agent>[^"]*)" \S+ \S+ \S+ "[^"]*" "(?P<ssl_name>[^"]*)" .*'
)
_ELB: Final = (
    r"(?P<time>\d{4}-\S+) \S+ (?P<address>[0-9A-Fa-f:.\[\]]+) \S+ -?[\d.]+ -?[\d.]+ -?[\d.]+ (?P<status>\d{3}|-) (?:\d{3}|-) \d+ (?P<bytes>\d+) "
    r'"(?P<request>[^"]*)"(?: "(?P<user_agent>[^"]*)" \S+ \S+)?'
)
_S3: Final = (
    r"[0-9a-f-]+ \S+ (?P<time>\[[^\]]+\]) (?P<address>[0-9A-Fa-f:.]+|-) \S+ \S+ [A-Z]+[A-Z0-9._]* \S+ "
    rf'(?:"(?P<request>{QUOTED})"|-) (?P<status>\d{{3}}|-) \S+ (?P<bytes>\d+|-) \S+ \S+ \S+ (?:"(?P<referrer>{QUOTED})"|-) '
    rf'(?:"(?P<user_agent>{QUOTED})"|-) \S+(?: \S+ \S+ \S+ \S+ (?P<host>\S+))?(?: .*)?'
)
_UWSGI: Final = (
    r"\[pid: \d+\|app: [\d-]+\|req: [\d-]+/\d+\] (?P<address>[0-9A-Fa-f:.]*) \([^)]*\) \{\d+ vars in \d+ bytes\} (?P<time>\[[^\]]+\]) "
    r"(?P<method>[A-Z]+) (?P<target>\S+) => generated (?P<bytes>\d+) bytes in \d+ \w+ \((?P<protocol>HTTP/[\d.]+) (?P<status>\d{3})\) .*"
)
_UVICORN: Final = (
    r'(?:INFO: +)?(?P<address>[0-9A-Fa-f:.\[\]]+) - "(?P<request>[^"]*)" (?P<status>\d{3})(?: [A-Z][A-Za-z -]*)?'
)
_GRANIAN: Final = r'\[(?P<time>[^\]]+)\] (?P<address>[0-9A-Fa-f:.]+) - "(?P<method>\S+) (?P<path>\S+) (?P<protocol>\S+)" (?P<status>\d{3}) [\d.]+'
_HYPERCORN: Final = (
    rf'(?P<address>[0-9A-Fa-f:.\[\]]+:\d+) - - (?P<time>\[[^\]]+\]) "(?P<method>[A-Z]+) (?P<path>\S+) [\d.]+" (?P<status>\d{{3}}|-) '
    rf'(?P<bytes>\d+|-) "(?P<referrer>{QUOTED})" "(?P<user_agent>{QUOTED})"'
)

_DETECTED: Final = (
    LineFormat("haproxy", _HAPROXY, escape="haproxy", unread=("timers", "queues", "cookies")),
    LineFormat("haproxy-clf", _HAPROXY_CLF, escape="haproxy", unread=("timers", "queues", "cookies")),
    LineFormat("squid-combined", _SQUID_COMBINED, escape="none", unread=("%Ss:%Sh",)),
    LineFormat("squid-common", _SQUID_COMMON, escape="none", unread=("%Ss:%Sh",)),
    LineFormat("hypercorn", _HYPERCORN, unread=("query (hypercorn writes none)",)),
    LineFormat("lighttpd", _SECOND_VHOST + _TIME + _ANSWER + _REFERRER_AND_AGENT + _APPENDED),
    LineFormat("combined", _COMBINED, unread=("ident", "user")),
    LineFormat("vhost", _VHOST + _COMBINED, unread=("ident", "user")),
    LineFormat("common", _COMMON, unread=("ident", "user")),
    LineFormat("vhost-common", _VHOST + _COMMON, unread=("ident", "user")),
    LineFormat("s3", _S3, unread=("owner", "bucket", "request id", "operation", "key", "times")),
    LineFormat("alb", _ALB, escape="nginx", unread=("target", "times", "TLS", "trace id")),
    LineFormat("elb", _ELB, escape="nginx", unread=("backend", "times", "TLS")),
    LineFormat("envoy", _ENVOY, escape="none", unread=("flags", "duration", "upstream", "request id")),
    LineFormat("squid", _SQUID, escape="none", unread=("elapsed", "hierarchy", "type")),
    LineFormat("uwsgi", _UWSGI, escape="none", unread=("pid", "vars", "duration")),
    LineFormat("granian", _GRANIAN, escape="none", unread=("query (granian writes none)", "duration")),
    LineFormat("uvicorn", _UVICORN, escape="none", unread=("port",)),
)
"""In the order in which they are tried."""

_NAMED: Final = tuple(
    LineFormat(f"{server}{suffix}", pattern, escape=escape)
    for server, escape in (
        ("apache", "apache"),
        ("nginx", "nginx"),
        ("tomcat", "java"),
        ("morgan", "node"),
        ("gunicorn", "quote"),
        ("h2o", "apache"),
        ("varnish", "apache"),
        ("traefik", "quote"),
        ("puma", "none"),
        ("twisted", "apache"),
    )
    for suffix, pattern in (
        ("", _COMBINED),
        ("-common", _COMMON),
        ("-vhost", _VHOST + _COMBINED),
    )
)
"""The shapes of `combined`, `common` and `vhost` with the escapes of one server, for `--format`."""

DETECTED: Final[dict[str, LineFormat]] = {known.name: known for known in _DETECTED}
KNOWN: Final[dict[str, LineFormat]] = DETECTED | {known.name: known for known in _NAMED}
