r"""The formats of content delivery networks and hosting services, each as it writes its lines by itself."""

from typing import Final

from tracker.importing.line_format import QUOTED, LineFormat
from tracker.importing.line_parts import NAME, PLAIN_ADDRESS, TIME

_RENDER: Final = (
    rf"\[(?P<method>[A-Z]+)\] ?(?:(?P<status>\d{{3}}) ?)?(?P<host>{NAME})(?P<target>/[^ \x22]*) "
    rf'clientIP="(?P<address>{PLAIN_ADDRESS})" requestID="[^"]*" responseTimeMS=\d+ responseBytes=(?P<bytes>\d+) '
    rf'userAgent="(?P<user_agent>{QUOTED})"'
)
_GCORE: Final = (
    rf'"(?P<address>{PLAIN_ADDRESS})" "-" "[^"]*" "'
    + TIME
    + rf'" "(?P<request>{QUOTED})" "(?P<status>\d{{3}})" "(?P<bytes>\d+)" "(?P<referrer>{QUOTED})" "(?P<user_agent>{QUOTED})" '
    r'"\d+" "[^"]*" "(?P<scheme>https?)" "(?P<host>[^"]*)"(?: "[^"]*")*'
)
_ALIBABA: Final = (
    TIME
    + rf' (?P<address>{PLAIN_ADDRESS}) \S+ \d+ "(?P<referrer>{QUOTED})" "(?P<method>[A-Z]+) (?P<target>https?://[^" ]*)" '
    rf'(?P<status>\d{{3}}) \d+ (?P<bytes>\d+) [A-Z]+ "(?P<user_agent>{QUOTED})" "[^"]*"(?: {PLAIN_ADDRESS})?'
)
OF_SERVICES: Final = (
    LineFormat("render", _RENDER, unread=("request id", "duration")),
    LineFormat("gcore", _GCORE, escape="nginx", unread=("user", "cache", "times")),
    LineFormat("alibaba-cdn", _ALIBABA, unread=("proxy", "duration", "cache", "type")),
)
