"""What stands in HAProxy's `log-format`: `%ci`, `%{+Q}r`, `%[...]`, and where it writes quotes of its own."""

import re
from typing import Final

from tracker.importing.record import field_by_name

FIELDS: Final = field_by_name(
    {
        "address": "ci",
        "time": "tr trl trg t T Tl Ts",
        "status": "ST",
        "bytes": "B",
        "request": "r",
        "method": "HM",
        "target": "HU",
        "path": "HP",
        "query": "HQ",
        "protocol": "HV",
    }
)
SHAPES: Final = {
    **dict.fromkeys(("hr", "hs"), r'(?:"?\{[^{}]*\}"?)?'),
    **dict.fromkeys(("hrl", "hsl"), r'(?:"[^"]*"(?: "[^"]*")*|[^ "]+(?: [^ "]+)*)?'),
    **dict.fromkeys(("bp", "sp"), r'(?:""|-?\d+|-)'),
}
_TEXTS: Final = re.compile("b|bi|ci|CC|CS|fi?|ft|H|HM|HPO?|HQ|HU|HV|ID|r|s|si|ssl[cv]")
"""Around these and expressions it puts quotes for `%{+Q}o`, not around numbers and times."""
EXPRESSIONS: Final = {
    "user-agent": "user_agent",
    "referer": "referrer",
    "x-forwarded-for": "forwarded_for",
    "host": "host",
    "src": "address",
    "pathq": "target",
}
TIME: Final = re.compile(r"(?:accept_|request_)?date\b")
"""A time of HAProxy's own, converted as its configuration says (`date,utime(...)`)."""
CAPTURED: Final = re.compile(r"(?:capture\.req\.hdr|capture_req_hdr)\(\d{1,3}\)(?:,(?:json(?:\(\w*\))?|lower))?")
STRING: Final = re.compile(r"%(?:\{[^}]*\})?(?:ci|cp|ST|TR|tr|HM|HU|ft)\b|%\[")
FIELD: Final = re.compile(r"%(?:\{[^}]*\})?(?:\[([^\]]*)\]|(ssl[cv]|[A-Za-z]{1,3}))")
_QUOTED: Final = re.compile(r"%\{\+Q[^}]*\}(\[[^\]]*\]|ssl[cv]|(?!o)[A-Za-z]{1,3})")
_OPTIONS: Final = re.compile(r"%\{[^}]*\}o ?")


def with_quotes(text: str) -> str:
    """Return a `log-format` with the quotes that HAProxy writes for `+Q`: around a field, or with `o` around all."""
    quotes_all = "+Q" in "".join(_OPTIONS.findall(text))
    text = _QUOTED.sub(r'"%\1"', _OPTIONS.sub("", text))
    return FIELD.sub(_quoted_by_option, text) if quotes_all else text


def _quoted_by_option(match: re.Match[str]) -> str:
    is_quoted = (match[2] is None or _TEXTS.fullmatch(match[2]) is not None) and "-Q" not in match[0]
    return f'"{match[0]}"' if is_quoted else match[0]
