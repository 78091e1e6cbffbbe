r"""The formats of lines that are known by name, as a table.

More particular formats stand before those that would take their lines too. A shape that several servers write has the
`safe` escapes; a format that is named after a server undoes what that server escapes.
"""

from typing import Final

from tracker.importing.line_format import FIELD, QUOTE_ESCAPED, QUOTED, RAW_QUOTED, LineFormat

_HEAD: Final = rf"(?P<address>{FIELD['address']}) (?:-|[A-Za-z0-9_]+) (?P<user>{FIELD['user']}) "
_DAY: Final = r"\d{1,2}/[A-Za-z]{3}/\d{4}"
_CLOCK: Final = r"\d{2}:\d{2}:\d{2}"
_TIME: Final = rf"(?P<time>\[(?:{_DAY}:{_CLOCK}(?:\.\d{{1,9}})? [+-]\d{{4}}|[A-Z][a-z]{{2}}, \d\d [A-Z][a-z]{{2}} \d{{4}} {_CLOCK} GMT)\])"
_TIME_WITHOUT_OFFSET: Final = rf"(?P<time>\[{_DAY}[: ]{_CLOCK}\])"
_FORWARDED: Final = r'(?: "(?P<forwarded_for>[0-9A-Fa-f:.]+(?:, ?[0-9A-Fa-f:.]+)*)")?'
"""An appended list of addresses is nginx' `"$http_x_forwarded_for"`, as its packages configure it."""
_APPENDED: Final = rf'{_FORWARDED}(?: (?!.*:HIER_)[^"]*(?:"{QUOTED}"[^"]*)*)?'
_APPENDED_PLAIN: Final = r'(?: [^"\[]*)?'
_VHOST: Final = r"(?P<host>[A-Za-z0-9_.\[\]-]*):(?P<port>\d{1,5}|-) "
_NAME: Final = r"(?:(?:[A-Za-z0-9][A-Za-z0-9_-]*\.)+[A-Za-z][A-Za-z0-9-]*|localhost)\.?(?::\d{1,5})?"
_SECOND_VHOST: Final = (
    rf"(?P<address>{FIELD['address']}) "
    # An address as the host, or one word and a port, may also be a line that was torn: then words follow for the user.
    rf"(?P<host>{_NAME}|(?:\d{{1,3}}(?:\.\d{{1,3}}){{3}}(?::\d{{1,5}})?|\[[0-9A-Fa-f:.]+\](?::\d{{1,5}})?|[A-Za-z0-9-]+:\d{{1,5}})(?= [^ ]+ \[)) "
    rf"(?P<user>{FIELD['user']}) "
)


def _answer(quoted: str = QUOTED) -> str:
    return rf' "(?P<request>{quoted})" (?P<status>\d{{3}}|-|0) (?P<bytes>\d{{1,18}}|-)'


def _combined(quoted: str = QUOTED) -> str:
    return _HEAD + _TIME + _answer(quoted) + _referrer_and_agent(quoted) + _APPENDED


def _common(quoted: str = QUOTED) -> str:
    return _HEAD + _TIME + _answer(quoted) + _APPENDED_PLAIN


def _referrer_and_agent(quoted: str = QUOTED) -> str:
    return rf' "(?P<referrer>{quoted})" "(?P<user_agent>{quoted})"'


_HAPROXY: Final = (
    r"(?P<address>[0-9A-Fa-f:.]+|unix|-):(?P<port_of_client>\d+) \[(?P<time>[^\]]+)\] \S+ \S+/\S+ -?\d+/-?\d+/-?\d+/-?\d+/\+?-?\d+ "
    r"(?P<status>-?\d{1,3}) (?P<bytes>\+?\d{1,18}) \S+ \S+ \S{4} \d+/\d+/\d+/\d+/\+?\d+ \d+/\d+"
    r'(?P<captures>(?: \{[^{}]*\}){0,2}) "(?P<request>[^"]*)"(?: [^"\[]*)?'
)
_HAPROXY_CLF: Final = (
    _HEAD
    + _TIME
    + _answer()
    + r' "" "" \d+ \d+ "[^"]*" "[^"]*" "[^"]*"(?: -?\d+){5} \S{4}(?: \+?\d+){7} "[^"]*" "[^"]*"'
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
    rf"\[pid: \d+\|app: [\d-]+\|req: [\d-]+/\d+\] (?P<address>(?:{FIELD['address']})?) \([^)]*\) \{{\d+ vars in \d+ bytes\}} "
    r"(?P<time>\[[^\]]+\]) (?P<method>[A-Za-z]*) (?P<target>\S*) => generated (?P<bytes>\d+) bytes in \d+ \w+ "
    r"\((?P<protocol>HTTP/[\d.]+)? (?P<status>\d{3})\) .*"
)
_UVICORN: Final = (
    r'(?:INFO: +)?(?P<address>[0-9A-Fa-f:.\[\]]+) - "(?P<request>[^"]*)" (?P<status>\d{3})(?: [A-Z][A-Za-z -]*)?'
)
_GRANIAN: Final = (
    r'\[(?P<time>[^\]]+)\] (?P<address>[0-9A-Fa-f:.]+) - "(?P<method>\S+) '
    r'(?P<decoded_path>(?:[^\[]|\[(?!\d{4}-\d\d-\d\d ))*) (?P<protocol>\S+)" (?P<status>\d{3}) [\d.]+'
)
_HYPERCORN: Final = (
    r"(?:\[[^\]]+\] \[\d+\] \[[A-Z]+\] )?(?P<address>[0-9A-Fa-f:.\[\]]+:\d+) - - "
    + _TIME
    + r' "(?P<method>[A-Za-z]+) (?P<decoded_path>[^"]*) [\d.]+" (?P<status>\d{3}|-) (?P<bytes>\d+|-)'
    + _referrer_and_agent(RAW_QUOTED)
)
"""Before a line stands what Python's logging puts there."""
_DAPHNE: Final = (
    r"(?P<address>[0-9A-Fa-f:.\[\]]+:\d+|-) - - "
    + _TIME_WITHOUT_OFFSET
    + r' "(?P<method>[A-Za-z]+) (?P<target>[^"]*)" (?P<status>\d{3}) (?P<bytes>\d+|-)'
)
_AIOHTTP: Final = (
    r"(?P<address>\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+) "
    + _TIME
    + _answer(RAW_QUOTED)
    + _referrer_and_agent(RAW_QUOTED)
)
"""It writes no word between address and time: a line that lost its beginning must not be one."""
_WERKZEUG: Final = (
    rf"(?P<address>{FIELD['address']}) - - "
    + _TIME_WITHOUT_OFFSET
    + r' "(?:\x1b\[[\d;]*m)*(?P<request>[^"\x1b]*)(?:\x1b\[[\d;]*m)*" (?P<status>\d{3}) (?P<bytes>\d+|-)'
)
"""Werkzeug's colours stand in files too."""
_TWISTED: Final = rf'"(?P<address>{FIELD["address"]})" - - ' + _TIME + _answer() + _referrer_and_agent()
_MORGAN_SHORT: Final = (
    rf"(?P<address>{FIELD['address']}) (?P<user>{FIELD['user']}) (?P<method>[A-Z]+) (?P<target>\S+) (?P<protocol>HTTP/[\d.]+) (?P<status>\d{{3}}|-) "
    r"(?P<bytes>\d+|-) - [\d.]+ ms"
)
_LIGHTTPD: Final = _SECOND_VHOST + _TIME + _answer() + _referrer_and_agent() + _APPENDED

_DETECTED: Final = (
    LineFormat("haproxy", _HAPROXY, escape="haproxy", unread=("timers", "queues", "cookies")),
    LineFormat("haproxy-clf", _HAPROXY_CLF, escape="haproxy", unread=("timers", "queues", "cookies")),
    LineFormat("squid-combined", _SQUID_COMBINED, escape="none", unread=("%Ss:%Sh",)),
    LineFormat("squid-common", _SQUID_COMMON, escape="none", unread=("%Ss:%Sh",)),
    LineFormat("hypercorn", _HYPERCORN, escape="letters", unread=("query (hypercorn writes none)",)),
    LineFormat("lighttpd", _LIGHTTPD),
    LineFormat("combined", _combined(), unread=("ident", "user")),
    LineFormat("vhost", _VHOST + _combined(), unread=("ident", "user")),
    LineFormat("daphne", _DAPHNE, escape="none"),
    LineFormat("common", _common(), unread=("ident", "user")),
    LineFormat("vhost-common", _VHOST + _common(), unread=("ident", "user")),
    LineFormat("cherrypy", _HEAD + _TIME_WITHOUT_OFFSET + _answer() + _referrer_and_agent(), unread=("ident", "user")),
    LineFormat("werkzeug", _WERKZEUG, escape="none"),
    LineFormat("aiohttp", _AIOHTTP, escape="none"),
    LineFormat("twisted", _TWISTED, escape="apache"),
    LineFormat("s3", _S3, unread=("owner", "bucket", "request id", "operation", "key", "times")),
    LineFormat("alb", _ALB, escape="nginx", unread=("target", "times", "TLS", "trace id")),
    LineFormat("elb", _ELB, escape="nginx", unread=("backend", "times", "TLS")),
    LineFormat("envoy", _ENVOY, escape="none", unread=("flags", "duration", "upstream", "request id")),
    LineFormat("squid", _SQUID, escape="none", unread=("elapsed", "hierarchy", "type")),
    LineFormat("uwsgi", _UWSGI, escape="none", unread=("pid", "vars", "duration")),
    LineFormat("granian", _GRANIAN, escape="none", unread=("query (granian writes none)", "duration")),
    LineFormat("uvicorn", _UVICORN, escape="none", unread=("port",)),
    LineFormat("morgan-short", _MORGAN_SHORT, escape="node", unread=("user", "duration")),
)
"""In the order in which they are tried."""

_NAMED: Final = (
    LineFormat("lighttpd", _LIGHTTPD, escape="apache"),
    *(
        LineFormat(f"{server}{suffix}", pattern, escape=escape)
        for server, escape, quoted in (
            ("apache", "apache", QUOTED),
            ("nginx", "nginx", QUOTED),
            ("tomcat", "java", QUOTED),
            ("morgan", "node", QUOTED),
            ("gunicorn", "quote", QUOTE_ESCAPED),
            ("h2o", "h2o", RAW_QUOTED),
            ("varnish", "apache", QUOTED),
            ("traefik", "none", RAW_QUOTED),
            ("puma", "none", RAW_QUOTED),
        )
        for suffix, pattern in (
            ("", _combined(quoted)),
            ("-common", _common(quoted)),
            ("-vhost", _VHOST + _combined(quoted)),
        )
    ),
)
"""The shapes of `combined`, `common` and `vhost` with the escapes of one server, for `--format`."""

DETECTED: Final[dict[str, LineFormat]] = {known.name: known for known in _DETECTED}
KNOWN: Final[dict[str, LineFormat]] = DETECTED | {known.name: known for known in _NAMED}
