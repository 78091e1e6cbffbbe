"""A line of every format that is read, put together of fields that say whose they are.

A shape is a text in which `<kind>` stands for a field; what stands between is written as it is.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from typing import Final

from tracker.importing.record import Record

_ANSWER: Final = '"<request>" <status> <bytes>'
_HEADERS: Final = ' "<referrer>" "<agent>"'
_COMBINED: Final = f"<address> - <user> [<clf>] {_ANSWER}{_HEADERS}"
_ESCAPED: Final = _COMBINED.replace('"', '\\"')
_CADDY: Final = (
    '{"level":"info","ts":<epoch>.1,"msg":"handled request","request":{"remote_ip":"<address>","remote_port":"4711",'
    '"client_ip":"<address>","proto":"HTTP/1.1","method":"GET","host":"<host>","uri":"<target>",'
    '"headers":{"User-Agent":["<agent>"]}},"bytes_read":0,"size":<bytes>,"status":<status>}'
)
SHAPES: Final = {
    "combined": _COMBINED,
    "common": f"<address> - <user> [<clf>] {_ANSWER}",
    "vhost": f"<host>:443 {_COMBINED}",
    "forwarded": f'{_COMBINED} "<address>"',
    "appended": f'{_COMBINED} rt=0.001 uct="0.000"',
    "lighttpd": f"<address> <host> <user> [<clf>] {_ANSWER}{_HEADERS}",
    "host": f"<host> {_COMBINED}",
    "wide": f"<address> - <user> [<clf>] <host> {_ANSWER}{_HEADERS}",
    "haproxy": "<address>:<port> [<clock>.187] web web/s1 0/0/1/2/3 <status> <bytes> - - ---- 1/1/0/0/0 0/0 "
    '{<host>|<agent>} "<request>"',
    "haproxy-clf": f'<address> - <user> [<clf>] {_ANSWER} "" "" 4711 187 "web" "web" "s1" 0 0 1 2 3 ---- 1 1 0 0 0 0 0 '
    '"" "" "<agent>"',
    "squid": "<epoch>.123    12 <address> TCP_MISS/<status> <bytes> <absolute> - HIER_DIRECT/10.0.0.1 -",
    "squid-combined": f"{_COMBINED} TCP_MISS:HIER_DIRECT",
    "ingress-old": f"<address> - [<address>] - <user> [<clf>] {_ANSWER}{_HEADERS} 120 0.001 [ns-svc-80] "
    "10.0.0.2:80 5 0.001",
    "ingress": f"{_COMBINED} 120 0.001 [ns-svc-80] [] 10.0.0.2:80 5 0.001 200 0a0a",
    "fastly": f'<address> "-" "<user>" [<clf>] {_ANSWER}{_HEADERS}',
    "twisted": f'"<address>" - <user> [<clf>] {_ANSWER}{_HEADERS}',
    "uwsgi": "[pid: 1|app: 0|req: 1/1] <address> () {40 vars in 800 bytes} [<asctime>] <bare> => generated <bytes> "
    "bytes in 1 msecs (HTTP/1.1 <status>) 2 headers in 79 bytes (1 switches on core 0)",
    "hypercorn": f'<address>:<port> - <user> [<clf>] "<decoded>" <status> <bytes>{_HEADERS}',
    "granian": '[<date> <time> +0000] <address> - "<undone>" <status> 0.123',
    "aiohttp": f"<address> [<clf>] {_ANSWER}{_HEADERS}",
    "cherrypy": f"<address> - <user> [<clock>] {_ANSWER}{_HEADERS}",
    "daphne": '<address>:<port> - <user> [<clock>] "<bare>" <status> <bytes>',
    "werkzeug": '<address> - <user> [<stamp>] "<request>" <status> <bytes>',
    "gevent": f"<address> - <user> [<date> <time>] {_ANSWER} 0.000102",
    "odoo": '<date> <time>,123 1 INFO shop werkzeug: <address> - - [<stamp>] "<request>" <status> - 25 0.006 0.024',
    "structlog": "timestamp='<date>T<time>.1Z' event='request_started' request='<bare>' user_agent='<agent>' "
    "ip='<address>'",
    "tornado": "[I 261128 <time> web:1] <status> <bare> (<address>) 0.48ms",
    "sanic": "Main |<date> <time> +0000 INFO: <address>:<port> <absolute> <status> <bytes>  0.3ms",
    "php": "[<asctime>] <address>:<port> [<status>]: <bare>",
    "rails": 'Started GET "<target>" for <address> at <date> <time> +0000',
    "gin": '[GIN] 2026/11/28 - <time> | <status> |     123.4us |  <address> | GET      "<target>"',
    "chi": '2026/11/28 <time> "<proxied>" from <address>:<port> - <status> <bytes>B in 12.3us',
    "http-server": '[<date>T<time>.134Z]  <address> "<bare>" "<agent>"',
    "log4js": f"[<date>T<time>.908] [<logger>] http - <address> - <user> {_ANSWER}{_HEADERS}",
    "actix": f"[<date>T<time>Z INFO  <logger>] <address> {_ANSWER}{_HEADERS} 0.000123",
    "logging": f"<date> <time>,123 INFO  [<logger>] {_COMBINED}",
    "s3": 'a5 bucket [<clf>] <address> - 3E57 WEBSITE.GET.OBJECT key "<request>" <status> - <bytes> - 7 - '
    '"<referrer>" "<agent>" - s9lzHYrFp76ZVxRcpX9 - - - <host> - - -',
    "alb": "h2 <date>T<time>.123Z app/lb/50 <address>:<port> 10.0.0.1:80 0 0 0 <status> 200 3 <bytes> "
    '"<secure>" "<agent>" ECDHE TLSv1.2 arn:x "Root=1" "<host>" "arn:c" 1 <date>T<time>.0Z '
    '"forward" "-" "-" "10.0.0.1:80" "200" "-" "-"',
    "elb": '<date>T<time>.123Z lb <address>:<port> 10.0.0.1:80 0 0 0 <status> 200 3 <bytes> "<secure>" "<agent>" - -',
    "envoy": '[<date>T<time>.123Z] "<request>" <status> - 0 <bytes> 1 0 "<address>" "<agent>" "0a0a" '
    '"<host>" "10.0.0.1:80"',
    "istio": '[<date>T<time>.123Z] "<request>" <status> - via_upstream - "-" 0 <bytes> 1 0 "<address>" "<agent>" '
    '"0a0a" "<host>" "10.0.0.1:80" inbound|80|| 127.0.0.6:1 10.0.0.1:80 <address>:0 - default',
    "json": '{"time":"<date>T<time>+00:00","remote_addr":"<address>","request":"<request>","status":<status>,'
    '"http_referer":"<referrer>","http_user_agent":"<agent>"}',
    "json-spaced": '{ "time": "<date>T<time>+00:00", "remote_addr": "<address>", "request": "<request>", '
    '"http_user_agent": "<agent>" }',
    "caddy": _CADDY,
    "own-json": '{"timestamp":"<date>T<time>Z","ip_address":"<address>","url":"<target>","user_agent":"<agent>"}',
    "cri": f"<date>T<time>.123Z stdout F {_COMBINED}",
    "docker": f'{{"log":"{_ESCAPED}\\n","stream":"stdout","time":"<date>T<time>.1Z"}}',
    "journald": f'{{"MESSAGE":"{_ESCAPED}","__REALTIME_TIMESTAMP":"<epoch>000000"}}',
    "syslog-3164": f"<190>Nov 28 <time> web1 nginx: {_COMBINED}",
    "syslog-priority": f"<190>{_COMBINED}",
    "flask": f"[<date> <time>,123] INFO in app: {_COMBINED}",
    "syslog-5424": f"<190>1 <date>T<time>Z web1 nginx 1 - - {_COMBINED}",
    "rsyslog": f"<date>T<time>.1+00:00 web1 nginx[1]: {_COMBINED}",
    "compose": f"web-1  | {_COMBINED}",
    "pod": f"[pod/web/nginx] <date>T<time>.1Z {_COMBINED}",
    "console": f"2026/11/28 <time>.123\tINFO\thttp.log.access\thandled request\t{_CADDY}",
    "w3c": "<date> <time> 10.0.0.1 GET <path> q=<query> 443 - <address> <agent> <referrer> <status> 0 0 12",
    "cloudfront": "<date>\t<time>\tFRA2\t<bytes>\t<address>\tGET\td.cloudfront.net\t<path>\t<status>\t<referrer>"
    "\t<agent>\t<query>",
    "uvicorn": '<date>T<time>.123Z stdout F INFO:     <address>:<port> - "<request>" <status> OK',
    "morgan-short": "<date>T<time>.123Z stdout F <address> - <request> <status> <bytes> - 1.1 ms",
    "morgan-tiny": "<date>T<time>.123Z stdout F <bare> <status> <bytes> - 1.1 ms",
    "proxy-manager": '[<clf>] - <status> <status> - GET https <host> "<target>" [Client <address>] [Length <bytes>] '
    '[Gzip -] [Sent-to 10.0.0.2] "<agent>" "<referrer>"',
    "stern": f"web-66b6c48dd5-7x2kq nginx {_COMBINED}",
    "waf": '{"timestamp":<epoch>123,"webaclId":"a","action":"ALLOW","httpRequest":{"clientIp":"<address>","headers":'
    '[{"name":"Host","value":"<host>"},{"name":"User-Agent","value":"<agent>"}],"uri":"<target>","httpMethod":"GET"}}',
    "openlitespeed": f'"{_COMBINED}"',
    "bunny": "HIT|<status>|<epoch>123|<bytes>|390|<address>|<referrer>|https://<host><target>|WA|<agent>|322b688bd63fb63f|DE",
    "spring": f"<date> <time>.123  INFO 1 --- [app] [<logger>] r.n.AccessLog : {_COMBINED}",
    "ruby": f"I, [<date>T<time>.123456 #12]  INFO -- : {_COMBINED}",
    "heroku": '<date>T<time>.1+00:00 heroku[router]: at=info method=GET path="<target>" host=<host> '
    'request_id=8 fwd="<address>" dyno=web.1 connect=1ms service=2ms status=<status> bytes=<bytes> protocol=https',
    "ltsv": "time:[<clf>]\thost:<address>\treq:<request>\tstatus:<status>\tsize:<bytes>"
    "\treferer:<referrer>\tua:<agent>",
    "fluentd": "<date>T<time>+00:00\tnginx.access\t"
    '{"remote":"<address>","method":"GET","path":"<target>","code":"<status>","agent":"<agent>"}',
    "traefik-old": f'<address> - <user> [<clf>] {_ANSWER} - "<agent>" 12 "web@docker" "http://10.0.0.2:80" 3ms',
    "api-gateway": f"<address> - <user> [<clf>]{_ANSWER} 0a0a-0b0b",
    "host-behind": f"<address> - <user> [<clf>] {_ANSWER} <host>{_HEADERS}",
    "gorouter": '<host> - [<date>T<time>.123+0000] "<request>" <status> 0 <bytes> "<referrer>" "<agent>" "10.0.0.1:1" '
    '"-" x_forwarded_for:"<address>" x_forwarded_proto:"https" vcap_request_id:"e1" response_time:0.012 app_id:"a"',
    "django": "[<stamp>] " + _ANSWER,
    "loguru": '<date> <time>.123 | INFO     | uvicorn.impl:send:482 - <address>:<port> - "<request>" <status>',
    "glassfish": '"<address>" "NULL-AUTH-USER" "<clf>" "<request>" <status> <bytes>',
    "warp": f'[<date>T<time>Z INFO  <logger>] <address>:<port> "<request>" <status>{_HEADERS} 105.2µs',
    "render": '<190>1 <date>T<time>Z srv web 1 - - [GET] <status> <host><target> clientIP="<address>" requestID="0a-0b" '
    'responseTimeMS=12 responseBytes=<bytes> userAgent="<agent>"',
    "gcore": '"<address>" "-" "-" "[<clf>]" "<request>" "<status>" "<bytes>" "<referrer>" "<agent>" "500" "[fr5]" "https" '
    '"<host>" "0.003" "-" "HIT"',
    "alibaba-cdn": '[<clf>] <address> - 1542 "<referrer>" "<absolute>" <status> 191 <bytes> MISS "<agent>" "text/html"',
    "papertrail": f"7711561783\t<date> <time>\t<date> <time>\t42\tweb1\t10.0.0.1\tLocal7\tInfo\tnginx\t{_COMBINED}",
    "digitalocean": f"web <date>T<time>.123456789Z {_COMBINED}",
    "go": f"2026/11/28 <time> {_COMBINED}",
    "honcho": f"<time> web.1 | {_COMBINED}",
    "fluent-bit": f'web.0: [<epoch>.123, {{"log":"{_ESCAPED}"}}]',
    "cee": '<190>Nov 28 <time> web1 nginx: @cee: {"time":"<date>T<time>+00:00","remote_addr":"<address>","request":"<request>"}',
}
FIELD_LINES: Final = {
    "w3c": b"#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) "
    b"cs(Referer) sc-status sc-substatus sc-win32-status time-taken",
    "cloudfront": b"#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status "
    b"cs(Referer) cs(User-Agent) cs-uri-query",
}
"""What stands before the lines of these formats."""
_PLACE: Final = re.compile(r"<([a-z]+)>")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whose a line is: every field of it says so."""

    name: str
    address: str
    second: int

    def fields(self) -> dict[str, str]:
        at = datetime(2026, 11, 28, 20, 57, self.second, tzinfo=UTC)
        clock, target = f"{at:%d/%b/%Y:%H:%M:%S}", f"/{self.name}?x={self.name}"
        return {
            "address": self.address,
            "user": "-",
            "clf": f"{clock} +0000",
            "clock": clock,
            "stamp": clock.replace(":", " ", 1),
            "port": f"4711{self.second}",
            "date": f"{at:%Y-%m-%d}",
            "time": f"{at:%H:%M:%S}",
            "epoch": str(int(at.timestamp())),
            "asctime": f"{at:%a %b %d %H:%M:%S %Y}",
            "request": f"GET {target} HTTP/1.1",
            "target": target,
            "bare": f"GET {target}",
            "absolute": f"GET http://{self.name}.example{target}",
            "secure": f"GET https://{self.name}.example:443{target} HTTP/1.1",
            "proxied": f"GET http://{self.name}.example{target} HTTP/1.1",
            "decoded": f"GET /{self.name} 1.1",
            "undone": f"GET /{self.name} HTTP/1.1",
            "logger": "wsgi::logger",
            "path": f"/{self.name}",
            "query": self.name,
            "status": "200",
            "bytes": "5",
            "referrer": f"https://{self.name}.example/",
            "agent": f"Agent/{self.name}",
            "host": f"{self.name}.example",
        }


ONE: Final = Visitor("one", "192.0.2.1", 1)
TWO: Final = Visitor("two", "198.51.100.2", 2)


@dataclass(frozen=True, slots=True)
class Part:
    """A field, or what stands between two."""

    kind: str
    """Of what stands between fields its own text."""
    start: int
    text: str

    @property
    def is_field(self) -> bool:
        return self.kind.startswith("<") and self.kind.endswith(">")


@cache
def parts_of(shape: str, visitor: Visitor) -> tuple[Part, ...]:
    """Return the parts of a visitor's line in their order."""
    fields = visitor.fields()
    parts: list[Part] = []
    start = 0
    for place, text in enumerate(_PLACE.split(SHAPES[shape])):
        value = fields[text] if place % 2 else text
        if value:
            parts.append(Part(f"<{text}>" if place % 2 else text, start, value))
            start += len(value)
    return tuple(parts)


@cache
def line_of(shape: str, visitor: Visitor) -> bytes:
    return "".join(part.text for part in parts_of(shape, visitor)).encode()


WITHOUT_PROTOCOL: Final = frozenset(("gin", "http-server"))
"""Formats whose requests in quotes have no end that is their own."""
JSON: Final = frozenset(
    ("json", "json-spaced", "caddy", "own-json", "docker", "journald", "console", "fluentd", "waf", "fluent-bit", "cee")
)


def whose(record: Record, names: tuple[str, ...] = ("url", "referrer", "user_agent")) -> set[str]:
    """To whom the fields of a record belong; an address or a time that nobody sent is a stranger's."""
    columns = record.columns
    owners = {{1: "one", 2: "two"}.get(record.created_at.second, "a stranger")}
    if (address := columns.get("ip_address")) is not None:
        owners.add({ONE.address: "one", TWO.address: "two"}.get(address, "a stranger"))
    texts = [*(columns.get(name) for name in names), record.host]
    return owners | {name for name in ("one", "two") for text in texts if text and name in text}


def is_seamless(shape: str, cut: int, other: str, begin: int) -> bool:
    """Return whether a line that was cut, and what is left of another, fit together as if one server had written both.

    Then the cut goes through the same field of both, or between two parts that follow each other in some format: such a
    line is what a server writes for some request, and nobody can tell.
    """
    before, after = parts_of(shape, ONE), parts_of(other, TWO)
    last = next(place for place, part in enumerate(before) if cut <= part.start + len(part.text))
    left, right = before[last], next(part for part in after if begin < part.start + len(part.text))
    head, tail = left.text[: cut - left.start], right.text[begin - right.start :]
    following = before[last + 1].kind if last + 1 < len(before) else ""
    return (
        left.kind == right.kind
        or _may_be_another(left, right, begin)
        # A host, and a whole line behind it.
        or (begin == 0 and right.kind == "<address>" and _is_host(before, last))
        # The name of a logger may be anything, and that of a user nothing, or a word before a time.
        or (head.strip().isalpha() and (right.kind == "<user>" or right.text.strip().startswith("[")))
        or (re.fullmatch(r"\.\d*", head) is not None and tail[0].isdigit())
        or (_GROUP.get(left.kind) == "<time>" and (tail[0].isdigit() or tail.startswith("]")))
        or "<logger>" in (left.kind, following)
        or head + tail == " -  ["
        # The name of a value goes on as that of another.
        or (left.kind.endswith('"') and re.fullmatch(r" [a-z_]+=\"?", head + tail) is not None)
        # A value without quotes ends anywhere, and the next name follows.
        or (shape == "heroku" and left.is_field and re.fullmatch(r" [a-z_]+=[\"']?", tail) is not None)
        # PHP and CloudFront write the target or the query last, and without quotes, LTSV all.
        or (shape, left.kind) in (("php", "<bare>"), ("cloudfront", "<query>"))
        or (shape == "ltsv" and (left.is_field or left.kind.endswith(":")))
        or (left.is_field and right.is_field and _GROUP.get(left.kind, left.kind) == _GROUP.get(right.kind, right.kind))
        or (left.is_field and (left.kind, tail) in _NEIGHBOURS)
        or (right.is_field and (head, right.kind) in _NEIGHBOURS)
        or (before[last - 1].kind if last else "", head + tail) in _NEIGHBOURS
    )


def _may_be_another(left: Part, right: Part, begin: int) -> bool:
    """Return whether a number goes on as a number, or an address lost its beginning, which makes it another one."""
    return {left.kind, right.kind} <= _NUMBERS or (right.kind == "<address>" and begin > right.start)


def _is_host(before: tuple[Part, ...], last: int) -> bool:
    return any(part.kind == "<host>" for part in before[max(0, last - 1) : last + 1])


def is_text_in_text(shape: str, cut: int, other: str, begin: int) -> bool:
    """Return whether a text in quotes goes on as a text in quotes: it may hold anything."""
    heads = line_of(shape, ONE)[:cut], line_of(other, TWO)[:begin]
    return all(head.replace(b'\\"', b"").count(b'"') % 2 == 1 for head in heads)


_NUMBERS: Final = frozenset(("<port>", "<address>", "<bytes>", "<status>", "<epoch>"))
_GROUP: Final = dict.fromkeys(("<clf>", "<clock>", "<stamp>", "<date>", "<time>"), "<time>") | dict.fromkeys(
    ("<target>", "<path>", "<query>", "<bare>", "<absolute>", "<secure>", "<proxied>", "<decoded>", "<undone>"),
    "<request>",
)
"""Fields of one kind, under several names."""
_NEIGHBOURS: Final = {
    pair for shape in SHAPES for pair in pairwise(["", *(part.kind for part in parts_of(shape, ONE))])
}
