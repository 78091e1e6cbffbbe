r"""The formats of lines that are known by name, as a table.

More particular formats stand before those that would take their lines too. A shape that several servers write has the
`safe` escapes; a format that is named after a server undoes what that server escapes.
"""

from typing import Final

from tracker.importing.application_formats import BEFORE_COMBINED, BEHIND_COMBINED, CIVETWEB
from tracker.importing.line_format import FIELD, QUOTE_ESCAPED, QUOTED, RAW_QUOTED, LineFormat
from tracker.importing.line_parts import (
    HEAD,
    NAME,
    PEER,
    PLAIN_ADDRESS,
    TIME,
    TIME_WITHOUT_OFFSET,
    answer,
    referrer_and_agent,
)
from tracker.importing.service_formats import OF_SERVICES

_PASSED_ON: Final = r"(?:\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?|\[[0-9A-Fa-f:.]+\](?::\d{1,5})?|[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*|unknown)"
"""Each address fits in one way only: whoever sends a request writes the list, and ways would multiply along it."""
_FORWARDED: Final = rf'(?: (?:[Xx]-[Ff]orwarded-[Ff]or=)?"(?P<forwarded_for>{_PASSED_ON}(?:, ?{_PASSED_ON})*)")?'
"""An appended list of addresses is nginx' `"$http_x_forwarded_for"`, as its packages configure it; some name it."""
_APPENDED: Final = rf'{_FORWARDED}(?P<rest> (?!.*:HIER_)[^"]*(?:"{QUOTED}"[^"]*)*)?'
_APPENDED_PLAIN: Final = r'(?P<rest> [^"\[]*)?'
_VHOST: Final = r"(?P<host>[A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\]):(?P<port>\d{1,5}|-) "
_BARE_HOST: Final = rf"(?P<host>{NAME}|_|) (?={PLAIN_ADDRESS}(?:, ?{PLAIN_ADDRESS})* )"
"""nginx' `$host $remote_addr`, OpenBSD's httpd: a name that cannot be an address, then what can be nothing else.

`$server_name` is `_` for any host, or nothing.
"""
_SECOND_VHOST: Final = (
    rf"(?P<address>{FIELD['address']}) "
    # An address as the host, or one word and a port, may also be a line that was torn: then words follow for the user.
    rf"(?P<host>{NAME}|(?:\d{{1,3}}(?:\.\d{{1,3}}){{3}}(?::\d{{1,5}})?|\[[0-9A-Fa-f:.]+\](?::\d{{1,5}})?|[A-Za-z0-9-]+:\d{{1,5}})(?= [^ ]+ \[)) "
    rf"(?P<user>{FIELD['user']}) "
)


def _combined(quoted: str = QUOTED) -> str:
    return HEAD + TIME + answer(quoted) + referrer_and_agent(quoted) + _APPENDED


def _bare_dashes(quoted: str) -> str:
    """Return what Traefik wrote before its version 1.5: no quotes around the dash of a header that was not sent."""
    return (
        HEAD + TIME + answer(quoted) + rf' (?:"(?P<referrer>{quoted})"|-) (?:"(?P<user_agent>{quoted})"|-)' + _APPENDED
    )


def _common(quoted: str = QUOTED) -> str:
    return HEAD + TIME + answer(quoted) + _APPENDED_PLAIN


_UPSTREAM_TIMES: Final = r"\d+\.\d{3}(?:(?:, | : )(?:\d+\.\d{3}|-))*"
_WIDE: Final = (
    rf"(?P<address>{FIELD['address']}) (?:-|[A-Za-z0-9_]+|{_UPSTREAM_TIMES}) (?P<user>{FIELD['user']}) "
    + TIME
    + rf"(?: (?P<host>{NAME}|-)(?= \"))?"
    + answer()
    + rf'(?: \d{{1,12}}(?:\.\d{{1,9}})?)? "(?P<referrer>-|[a-z][a-z-]*://{QUOTED}|)" "(?P<user_agent>{QUOTED})"'
    + _APPENDED
)
"""APISIX and others write the host before the request, Tomcat's and others' configurations the duration behind the bytes.

WordOps has nginx write how long PHP took, and what the cache did, in the places of two names."""
_HOST_BEHIND: Final = HEAD + TIME + answer() + rf" (?P<host>{NAME})" + referrer_and_agent() + _APPENDED
"""As IONOS writes it: the host behind the bytes."""
_GOROUTER: Final = (
    rf"(?P<host>{NAME}) - "
    + TIME
    + rf' "(?P<request>{QUOTED})" (?P<status>\d{{3}}|-|0) \d{{1,18}} (?P<bytes>\d{{1,18}})'
    + referrer_and_agent()
    + rf' "(?:{PEER}:\d{{1,5}}|-)" "[^"]*" x_forwarded_for:"(?P<forwarded_for>[^"]*)" [^"]*(?:"{QUOTED}"[^"]*)*'
)
_INGRESS: Final = (
    rf"(?P<address>{PLAIN_ADDRESS}) - \[(?P<forwarded_for>{FIELD['address']})\] - (?P<user>{FIELD['user']}) "
    + TIME
    + answer()
    + referrer_and_agent()
    + rf'(?: [^"]*(?:"{QUOTED}"[^"]*)*)?'
)
"""ingress-nginx before 0.24."""
_API_GATEWAY: Final = (
    rf"(?P<address>{PLAIN_ADDRESS}) \S+ (?P<user>{FIELD['user']}) "
    + TIME
    + answer(RAW_QUOTED).removeprefix(" ")
    + r"(?: [^ \"\[]+){1,2}"
)
"""Amazon's CLF for API Gateway, which has no space behind the time."""
_FASTLY: Final = (
    rf'(?P<address>{PLAIN_ADDRESS}) "(?:-|[A-Za-z0-9_]*)" "(?P<user>[^"]*)" '
    + TIME
    + answer()
    + rf"(?:{referrer_and_agent()})?"
)
_HAPROXY: Final = (
    r"(?P<address>[0-9A-Fa-f:.]+|unix|-):(?P<port_of_client>\d+) \[(?P<time>[^\]]+)\] \S+ \S+/\S+ -?\d+/-?\d+/-?\d+/-?\d+/\+?-?\d+ "
    r"(?P<status>-?\d{1,3}) (?P<bytes>\+?\d{1,18}) \S+ \S+ \S{4} \d+/\d+/\d+/\d+/\+?\d+ \d+/\d+"
    r'(?P<captures>(?: \{[^{}]*\}){0,2}) "(?P<request>[^"]*)"(?: [^"\[]*)?'
)
_HAPROXY_CLF: Final = (
    HEAD + TIME + answer() + r' "" "" \d+ \d+ "[^"]*" "[^"]*" "[^"]*"(?: -?\d+){5} \S{4}(?: \+?\d+){7} "[^"]*" "[^"]*"'
    r'(?P<captures>(?: "[^"]*")*) ?'
)
_SQUID: Final = (
    r"(?P<time>\d{9,10}\.\d{3}) +-?\d+ (?P<address>\S+) [A-Z_]+(?:/(?P<status>\d{3})) (?P<bytes>\d+) (?P<method>\S+) (?P<target>\S+) \S+ "
    r"[A-Z_]+/\S+ \S+"
)
_SQUID_COMBINED: Final = (
    HEAD
    + TIME
    + r' "(?P<request>[^"]*)" (?P<status>\d{3}|0) (?P<bytes>\d{1,18}|-) "(?P<referrer>[^"]*)" "(?P<user_agent>[^"]*)"'
    r" [A-Z_]+:[A-Z_]+"
)
_SQUID_COMMON: Final = HEAD + TIME + r' "(?P<request>[^"]*)" (?P<status>\d{3}|0) (?P<bytes>\d{1,18}|-) [A-Z_]+:[A-Z_]+'
_ID: Final = r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
_ENVOY: Final = (
    r'\[(?P<time>\d{4}-[^\]]+Z)\] "(?P<method>\S+) (?P<target>[^ ]*) (?P<protocol>[^" ]*)" (?P<status>\d{1,3}) \S+'
    r'(?: \S+ \S+ "[^"]*")? \d+ (?P<bytes>\d+) \d+ \S+ "(?P<forwarded_for>[^"]*)" '
    rf'"(?P<user_agent>(?:[^"]|"(?! "{_ID}" "))*(?=" "{_ID}" ")|[^"]*)" "[^"]*" "(?P<host>[^"]*)" "[^"]*"(?: .*)?'
)
"""Envoy leaves quotes as they were sent: then the id that it gives to a request says where a user agent ends."""
_ALB: Final = (
    r"(?:https?|h2|grpcs|wss?) (?P<time>\S+) \S+ (?:(?P<address>"
    + PEER
    + r"):\d{1,5}|-) \S+ -?[\d.]+ -?[\d.]+ -?[\d.]+ (?P<status>\d{3}|-) (?:\d{1,3}|-) "
    r'\d+ (?P<bytes>\d+) "(?P<request>[^"]*)" "(?P<user_agent>[^"]*)" \S+ \S+ \S+ "[^"]*" "(?P<ssl_name>[^"]*)" .*'
)
_ELB: Final = (
    r"(?P<time>\d{4}-\S+) \S+ (?P<address>"
    + PEER
    + r"):\d{1,5} \S+ -?[\d.]+ -?[\d.]+ -?[\d.]+ (?P<status>\d{3}|-) (?:\d{1,3}|-) \d+ (?P<bytes>\d+) "
    r'"(?P<request>[^"]*)"(?: "(?P<user_agent>[^"]*)" \S+ \S+)?'
)
_BEHIND_S3: Final = (
    r'" [\w.-]+ [A-Za-z0-9+/=]{4,} (?:SigV\d|-) (?:[A-Z0-9_-]+) (?:AuthHeader|QueryString|-) [A-Za-z0-9.-]+'
    r"(?: (?:TLSv[\d.]+|-)(?: [^\" ]+)*)?"
)
_S3: Final = (
    r"[0-9a-f-]+ \S+ (?P<time>\[[^\]]+\]) (?P<address>[0-9A-Fa-f:.]+|-) \S+ \S+ [A-Z]+[A-Z0-9._]* \S+ "
    rf'(?:"(?P<request>{QUOTED})"|-) (?P<status>\d{{3}}|-) \S+ (?P<bytes>\d+|-)(?: (?:\d+|-)){{3}} (?:"(?P<referrer>{QUOTED})"|-) '
    r'(?:"(?P<user_agent>(?:[^"\\]|\\.|"(?! "| [\w.-]+ [A-Za-z0-9+/=]{4,} (?:SigV\d|-) )(?=.*'
    + _BEHIND_S3
    + r'\Z))*)"|-) [^" ]+(?: [^" ]+ [^" ]+ [^" ]+ [^" ]+ (?P<host>[^" ]+))?(?: [^"]*)?'
)
"""S3 leaves quotes in a user agent as they were sent: then all that stands behind it has to be S3's."""
_LIGHTTPD: Final = _SECOND_VHOST + TIME + answer() + referrer_and_agent() + _APPENDED
_LIGHTTPD_ALONE: Final = _LIGHTTPD.replace(rf"(?P<host>{NAME}|", rf"(?P<host>{NAME}|-(?= )|")
"""Of a request that it refused it writes `-` for the host: then a line is also one of the combined shape."""
_NGINX_PROXY_MANAGER: Final = (
    TIME
    + r" (?:(?:-|[A-Z]+) (?:-|\d{3}(?:, \d{3})*) )?(?P<status>\d{3}) - (?P<method>[A-Za-z_-]+) (?P<scheme>https?) (?P<host>\S+) "
    + rf'"(?P<target>{QUOTED})" \[Client (?P<address>{FIELD["address"]})\] \[Length (?P<bytes>\d+)\] \[Gzip [\d.-]+\] '
    + rf'(?:\[Sent-to [^\]"]*\] )?"(?P<user_agent>{QUOTED})" "(?P<referrer>{QUOTED})"'
)
_OPENLITESPEED: Final = '"' + HEAD + TIME + answer() + referrer_and_agent() + '"'
"""With the quotes of its configuration around the line."""
_BUNNY: Final = (
    rf"(?:-|[A-Z]+)\|(?P<status>\d{{3}})\|(?P<time>\d{{13}})\|(?P<bytes>\d+)\|\d+\|(?P<address>{PLAIN_ADDRESS})\|(?P<referrer>[^|]*)\|"
    r"(?P<target>https?://[^| ]*)\|[A-Z]{1,4}\|(?P<user_agent>[^|]*)\|[0-9a-f]{8,}(?:\|[A-Z-]{1,3})?"
)
_DETECTED: Final = (
    LineFormat("haproxy", _HAPROXY, escape="haproxy", unread=("timers", "queues", "cookies")),
    LineFormat("haproxy-clf", _HAPROXY_CLF, escape="haproxy", unread=("timers", "queues", "cookies")),
    LineFormat("squid-combined", _SQUID_COMBINED, escape="none", unread=("%Ss:%Sh",)),
    LineFormat("squid-common", _SQUID_COMMON, escape="none", unread=("%Ss:%Sh",)),
    *BEFORE_COMBINED,
    LineFormat("lighttpd", _LIGHTTPD),
    LineFormat("combined", _combined(), unread=("ident", "user")),
    LineFormat("vhost", _VHOST + _combined(), unread=("ident", "user")),
    LineFormat("common", _common(), unread=("ident", "user")),
    LineFormat("vhost-common", _VHOST + _common(), unread=("ident", "user")),
    LineFormat("cherrypy", HEAD + TIME_WITHOUT_OFFSET + answer() + referrer_and_agent(), unread=("ident", "user")),
    *BEHIND_COMBINED,
    LineFormat("host", _BARE_HOST + _combined(), unread=("ident", "user")),
    LineFormat("host-common", _BARE_HOST + _common(), unread=("ident", "user")),
    LineFormat("combined-wide", _WIDE, unread=("ident", "user", "what stands between")),
    LineFormat("traefik", _bare_dashes(QUOTED), unread=("user",)),
    LineFormat("api-gateway", _API_GATEWAY, escape="none", unread=("caller", "user", "request id")),
    LineFormat("host-behind", _HOST_BEHIND, unread=("ident", "user")),
    LineFormat("gorouter", _GOROUTER, escape="none", unread=("bytes received", "backend", "ids", "times")),
    LineFormat("ingress", _INGRESS, unread=("user",)),
    LineFormat("fastly", _FASTLY, unread=("ident", "user")),
    LineFormat("s3", _S3, unread=("owner", "bucket", "request id", "operation", "key", "times")),
    LineFormat("alb", _ALB, escape="nginx", unread=("target", "times", "TLS", "trace id")),
    LineFormat("elb", _ELB, escape="nginx", unread=("backend", "times", "TLS")),
    LineFormat("envoy", _ENVOY, escape="none", unread=("flags", "duration", "upstream", "request id")),
    LineFormat("nginx-proxy-manager", _NGINX_PROXY_MANAGER, escape="nginx", unread=("cache", "gzip", "sent to")),
    LineFormat("openlitespeed", _OPENLITESPEED, unread=("ident", "user")),
    LineFormat("bunny", _BUNNY, escape="none", unread=("cache", "zone", "edge", "request id", "country")),
    LineFormat("squid", _SQUID, escape="none", unread=("elapsed", "hierarchy", "type")),
    *OF_SERVICES,
)
"""In the order in which they are tried."""

_NAMED: Final = (
    LineFormat("lighttpd", _LIGHTTPD_ALONE, escape="apache"),
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
            ("webrick", "none", RAW_QUOTED),
            ("plack", "plack", RAW_QUOTED),
            ("paste", "letters", RAW_QUOTED),
            ("jetty", "letters", RAW_QUOTED),
        )
        for suffix, pattern in (
            ("", _combined(quoted)),
            ("-common", _common(quoted)),
            ("-vhost", _VHOST + _combined(quoted)),
        )
    ),
    LineFormat("traefik", _bare_dashes(RAW_QUOTED), escape="none"),
    CIVETWEB,
)
"""The shapes of `combined`, `common` and `vhost` with the escapes of one server, for `--format`."""

DETECTED: Final[dict[str, LineFormat]] = {known.name: known for known in _DETECTED}
KNOWN: Final[dict[str, LineFormat]] = DETECTED | {known.name: known for known in _NAMED}
