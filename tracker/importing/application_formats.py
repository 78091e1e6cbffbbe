r"""The formats of application servers and frameworks, each as it writes its access log by itself."""

from typing import Final

from tracker.importing.line_format import FIELD, RAW_QUOTED, LineFormat
from tracker.importing.line_parts import (
    CLOCK,
    COLOUR,
    DAY,
    HEAD,
    ISO_TIME,
    PEER,
    PLAIN_ADDRESS,
    TIME,
    TIME_WITHOUT_OFFSET,
    answer,
    referrer_and_agent,
)

_UWSGI: Final = (
    rf"\[pid: \d+\|app: [\d-]+\|req: [\d-]+/[\d-]+\] (?P<address>(?:{FIELD['address']})?) \((?:(?!\[pid: )[^)])*\) \{{\d+ vars in \d+ bytes\}} "
    r"(?P<time>\[[^\]]+\]) (?P<method>[A-Za-z]*) (?P<target>[^\s\x22]*) => generated (?P<bytes>\d+) bytes in \d+ \w+ "
    r"\((?P<protocol>HTTP/[\d.]+)? (?P<status>\d{3})\) .*"
)
_UVICORN: Final = (
    r"(?: *INFO:? +)?(?P<address>" + PEER + r'):\d{1,5} - "(?P<request>[^"]*)" (?P<status>\d{3})(?: [A-Z][A-Za-z -]*)?'
)
_GRANIAN: Final = (
    rf'\[(?P<time>{ISO_TIME} [+-]\d{{4}})\] (?P<address>{PLAIN_ADDRESS}) - "(?P<method>\S+) '
    r'(?P<decoded_path>(?:[^\["]|\[(?!\d{4}-\d\d-\d\d )|"(?![A-Z]+ /| \d{3} ))*) (?P<protocol>HTTP/[\d.]+)" (?P<status>\d{3}) \d+\.\d+'
)
"""A quote stands in a path as it was sent; none that ends this record's request, or begins that of another."""
_HYPERCORN: Final = (
    r"(?:\[[^\]]+\] \[\d+\] \[[A-Z]+\] )?(?P<address>"
    + PEER
    + r"):\d{1,5} - - "
    + TIME
    + r' "(?P<method>[A-Za-z]+) (?P<decoded_path>[^"]*) [\d.]+" (?P<status>\d{3}|-) (?P<bytes>\d+|-)'
    + referrer_and_agent(RAW_QUOTED)
)
"""Before a line stands what Python's logging puts there."""
_DAPHNE: Final = (
    r"(?:(?P<address>"
    + PEER
    + r"):\d{1,5}|-) - - "
    + TIME_WITHOUT_OFFSET
    + r' "(?P<method>[A-Za-z]+) (?P<target>[^"]*)" (?P<status>\d{3}) (?P<bytes>\d+|-)'
)
_AIOHTTP: Final = rf"(?P<address>{PLAIN_ADDRESS}) " + TIME + answer(RAW_QUOTED) + referrer_and_agent(RAW_QUOTED)
"""It writes no word between address and time: a line that lost its beginning must not be one."""
_WERKZEUG: Final = (
    rf"(?P<address>{FIELD['address']}) - - "
    + TIME_WITHOUT_OFFSET
    + rf' "{COLOUR}(?P<request>[^"\x1b]*){COLOUR}" (?P<status>\d{{3}}) (?P<bytes>\d+|-)'
    rf"(?: \d+\.\d{{6}}|(?: {COLOUR}(?:\d+(?:\.\d{{3}})?|-){COLOUR}){{3}}(?: {COLOUR}(?:ro|rw|ro->rw|-){COLOUR})?)?"
)
"""Werkzeug's colours stand in files too; eventlet adds its seconds, Odoo its queries, their time and the rest, and how it
spoke to a database that has replicas."""
_GEVENT: Final = HEAD + rf"\[(?P<time>{ISO_TIME})\]" + answer(RAW_QUOTED) + r" (?:\d+\.\d{6}|-)"
_DJANGO: Final = TIME_WITHOUT_OFFSET + r' "(?P<request>[^"]*)" (?P<status>\d{3}) (?P<bytes>\d+|-)'
_TORNADO: Final = (
    rf"(?:{COLOUR}\[[A-Z] (?P<time>\d{{6}} \d\d:\d\d:\d\d) [\w.]+:\d+\]{COLOUR} )?(?P<status>\d{{3}}) (?P<method>[A-Z]+) "
    rf"(?P<target>[^\s\x22]+) \((?P<address>{PLAIN_ADDRESS})\) \d+\.\d\dms"
)
_SANIC: Final = (
    rf"{COLOUR}[A-Za-z][A-Za-z0-9_-]*+ *+\|?{COLOUR} ?{COLOUR}(?P<time>{ISO_TIME} [+-]\d{{4}}){COLOUR} {COLOUR}INFO{COLOUR}: {COLOUR}"
    rf"(?P<address>{PEER}):\d+{COLOUR} {COLOUR}(?P<method>[A-Z]+) (?P<target>[^\s\x22]+){COLOUR} {COLOUR}(?P<status>\d{{3}}){COLOUR} "
    rf"{COLOUR}(?P<bytes>\d+|-){COLOUR} +{COLOUR}[\d.]+ms{COLOUR}"
)
_SANIC_BEFORE_23: Final = (
    rf"\[(?P<time>{ISO_TIME} [+-]\d{{4}})\] - \(sanic\.access\)\[INFO\]\[(?P<address>{PEER}):\d+\]: "
    r"(?P<method>[A-Z]+) (?P<target>[^\s\x22]+)  (?P<status>\d{3}) (?P<bytes>-?\d+)"
)
_TWISTED: Final = rf'"(?P<address>{FIELD["address"]})" - - ' + TIME + answer() + referrer_and_agent()
_MORGAN_SHORT: Final = (
    rf"(?P<address>{FIELD['address']}) (?P<user>{FIELD['user']}) (?P<method>[A-Z]+) (?P<target>[^\s\x22]+) (?P<protocol>HTTP/[\d.]+) (?P<status>\d{{3}}|-) "
    r"(?P<bytes>\d+|-) - [\d.]+ ms"
)
_MORGAN_TINY: Final = (
    r"(?P<method>[A-Z]+) (?P<target>(?:https?:/)?/[^\s\x22]*) (?P<status>\d{3}|-) (?P<bytes>\d+|-) - (?:[\d.]+|-) ms"
)
_MORGAN_DEV: Final = rf"{COLOUR}(?P<method>[A-Z]+) (?P<target>(?:https?:/)?/[^\s\x22]*) {COLOUR}(?P<status>\d{{3}}|-){COLOUR} (?:[\d.]+|-) ms - (?P<bytes>\d+|-){COLOUR}"
_NO_TIME: Final = r'(?:(?!\[\d\d/[A-Z][a-z]{2}/\d{4}:)[^"])*'
"""Quoted in a line that has no time: with one it holds the beginning of another line."""
_HEADERS_OF_NODE: Final = rf' "(?P<referrer>{_NO_TIME})" "(?:undefined|(?P<user_agent>{_NO_TIME}))"'
_LOG4JS: Final = rf"(?P<address>{FIELD['address']}) - (?P<user>-)" + answer(_NO_TIME) + _HEADERS_OF_NODE
_HTTP_SERVER: Final = (
    rf"\[(?P<time>{ISO_TIME}Z)\] (?: ?(?P<address>{FIELD['address']}))? "
    r'"(?P<method>[A-Z]+) (?P<target>[^" ]*)" "(?:undefined|(?P<user_agent>[^"]*))"'
)
_PHP: Final = (
    rf"\[(?P<time>[A-Z][a-z]{{2}} [A-Z][a-z]{{2}} [ \d]\d [\d:]{{8}} \d{{4}})\] (?P<address>{PEER}):\d+ "
    rf"{COLOUR}\[(?P<status>\d{{3}})\]: (?P<method>[A-Z]+) (?P<target>[^\s\x22]+)(?: - .*?)?{COLOUR}"
)
_RAILS: Final = (
    r"(?:[A-Z], \[[^\]]*\] +[A-Z]+ -- : )?(?:\[[0-9a-f-]{36}\] )?Started (?P<method>[A-Z]+) "
    rf'"(?P<target>[^"]*)" for (?P<address>{PLAIN_ADDRESS}) at (?P<time>{ISO_TIME} [+-]\d{{4}})'
)
_GIN: Final = (
    r"(?:\[GIN\] )?(?P<time>\d{4}/\d\d/\d\d - \d\d:\d\d:\d\d) \|"
    rf" *+{COLOUR} *+(?P<status>\d{{3}}) *+{COLOUR} *+\| *+[\d.]+\S+ *+\| *+(?P<address>{PLAIN_ADDRESS}) *+\| *+{COLOUR} *+(?P<method>[A-Z]+) *+{COLOUR} *+"
    r'"(?P<target>[^"]*)"'
)
_CHI: Final = (
    r'(?P<time>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) (?:\[[^\]]*\] )?"(?P<request>[A-Za-z]+ [^"]* HTTP/[\d.]+)" from '
    r"(?P<address>" + PEER + r"):\d+ - (?P<status>\d{3}) (?P<bytes>\d+)B in \S+"
)
_ACTIX: Final = rf"(?P<address>{PLAIN_ADDRESS})" + answer(_NO_TIME) + referrer_and_agent(_NO_TIME) + r" \d+\.\d+"
_WARP: Final = (
    rf"(?:(?P<address>{PEER}):\d{{1,5}}|-)"
    rf' "(?P<request>{_NO_TIME})" (?P<status>\d{{3}})' + referrer_and_agent(_NO_TIME) + r" [\d.]+(?:ns|µs|ms|s)"
)
_GLASSFISH: Final = (
    rf'"(?P<address>{FIELD["address"]})" "(?P<user>[^"]*)" "(?P<time>{DAY}:{CLOCK} [+-]\d{{4}})" '
    r'"(?P<request>[^"]*)" (?P<status>\d{3}) (?P<bytes>-?\d+)'
)
_CIVETWEB: Final = (
    HEAD
    + TIME
    + r' "(?P<method>[A-Z]+) (?P<decoded_path>/[^"?]*)(?:\?(?P<query>[^" ]*))? (?P<protocol>HTTP/[\d.]+)" (?P<status>\d{3}) (?P<bytes>-?\d+) '
    r"(?P<referrer>-|[a-z][a-z-]*://\S*) (?P<user_agent>\S.*)"
)
"""Without quotes around the headers: where an address in the referrer has a blank, the rest counts as the program's."""
CIVETWEB: Final = LineFormat("civetweb", _CIVETWEB, escape="none", unread=("user",))
"""For those who name it: nothing holds its headers, so that a torn line may be one."""

_NO_QUERY: Final = "query ({} writes none)"
BEFORE_COMBINED: Final = (
    LineFormat("hypercorn", _HYPERCORN, escape="letters", unread=(_NO_QUERY.format("hypercorn"),)),
)
"""What would also be taken for the common shapes of web servers."""
BEHIND_COMBINED: Final = (
    LineFormat("daphne", _DAPHNE, escape="none"),
    LineFormat("werkzeug", _WERKZEUG, escape="none"),
    LineFormat("aiohttp", _AIOHTTP, escape="none"),
    LineFormat("twisted", _TWISTED, escape="apache"),
    LineFormat("uwsgi", _UWSGI, escape="none", unread=("pid", "vars", "duration")),
    LineFormat("granian", _GRANIAN, escape="none", unread=(_NO_QUERY.format("granian"), "duration")),
    LineFormat("uvicorn", _UVICORN, escape="none", unread=("port",)),
    LineFormat("morgan-short", _MORGAN_SHORT, escape="node", unread=("user", "duration")),
    LineFormat("gevent", _GEVENT, escape="none", unread=("duration",)),
    LineFormat("tornado", _TORNADO, escape="none", unread=("duration",)),
    LineFormat("sanic", _SANIC, escape="none", unread=("duration",)),
    LineFormat("sanic-22", _SANIC_BEFORE_23, escape="none"),
    LineFormat("django", _DJANGO, escape="none"),
    LineFormat("morgan-tiny", _MORGAN_TINY, escape="node", unread=("duration",)),
    LineFormat("morgan-dev", _MORGAN_DEV, escape="node", unread=("duration",)),
    LineFormat("log4js", _LOG4JS, escape="letters"),
    LineFormat("http-server", _HTTP_SERVER, escape="letters"),
    LineFormat("php", _PHP, escape="none"),
    LineFormat("rails", _RAILS, escape="none"),
    LineFormat("gin", _GIN, escape="none", unread=("duration",)),
    LineFormat("chi", _CHI, escape="none", unread=("duration",)),
    LineFormat("actix", _ACTIX, escape="none", unread=("duration",)),
    LineFormat("warp", _WARP, escape="none", unread=("duration",)),
    LineFormat("glassfish", _GLASSFISH, escape="none", unread=("user",)),
)
