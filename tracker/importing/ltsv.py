r"""Lines of labelled values between tabs (LTSV, http://ltsv.org): `time:...\thost:...\treq:...`.

Labels that the format recommends are given the names of JSON objects; others have these names already, as nginx'
variables do.
"""

import re
from typing import Final

from tracker.importing.escapes import ESCAPES
from tracker.importing.json_aliases import ALIASES
from tracker.importing.line_format import TWO_RECORDS
from tracker.importing.record import Malformed
from tracker.privacy.addresses import normalise

_PAIR: Final = r"[A-Za-z_][0-9A-Za-z_.-]*:[^\t]*"
_LINE: Final = re.compile(rf"{_PAIR}(?:\t{_PAIR}){{2,}}\t?")
_LABELS: Final = {"req": "request", "forwardedfor": "forwarded_for"}
_CLIENT: Final = "host"
"""The client, where no other label says its address: the format calls the site `vhost`."""
_ADDRESSES: Final = frozenset(ALIASES["address"])
_TIMES: Final = frozenset(ALIASES["time"])
_WHOLE_REQUEST: Final = re.compile(r"[A-Za-z_-]+ \S.* HTTP/\d(?:\.\d)?")
_CLOCK: Final = re.compile(r"(?<!\d)[0-2]\d:[0-5]\d:\d\d(?!\d)")
_REQUEST: Final = re.compile(r"\b(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH) +\"?(?:/|https?:)")
_OF_A_LINE: Final = re.compile(rf"\{{\"|(?<![\d.])1\d{{9}}(?:\.\d|\d{{3}}\|)|{_REQUEST.pattern}")
"""An object, a time in seconds, a request."""
_TARGET: Final = re.compile(r"(?:/|https?://)\S*")
_DATE_OR_NUMBER: Final = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} GMT|[\d.]+")
_HEADERS: Final = ("referer", "ua", "http_referer", "http_user_agent")
_SENT: Final = frozenset({"request", *_HEADERS, "user", "remote_user"})
"""What is read of a line and may be any text; of others the first and the last are looked at, where lines are torn."""
_MARK, _UNDO = ESCAPES["safe"]


def labelled_of(line: bytes) -> dict[str, str] | None:
    """Return the labelled values of a line, or None where it is not made of them.

    Raises Malformed where it says a label twice, or a value holds a part of another line.
    """
    if b"\t" not in line:
        return None
    text = line.decode("utf-8", "replace")
    if _LINE.fullmatch(text) is None:
        return None
    is_escaped = _MARK in line
    values: dict[str, str] = {}
    pairs = text.rstrip("\t").split("\t")
    for pair in pairs:
        label, _, value = pair.partition(":")
        name = _LABELS.get(label, label)
        if name in values:
            raise Malformed(f"{TWO_RECORDS}: it says {label} twice")
        is_at_an_end = pair is pairs[0] or pair is pairs[-1]
        is_looked_at = name in _SENT or (is_at_an_end and name not in _TIMES)
        if is_looked_at and _holds_another(name, value):
            raise Malformed(TWO_RECORDS)
        # Behind the split: servers escape the tabs that were sent.
        values[name] = _UNDO(value.encode()).decode("utf-8", "replace") if is_escaped else value
    if _lost_a_part(values):
        raise Malformed("its request has no protocol, and yet it brought headers: it lost a part")
    if _ADDRESSES.isdisjoint(values) and normalise(values.get(_CLIENT, "")):
        values["remote_addr"] = values.pop(_CLIENT)
    return values


def _holds_another(name: str, value: str) -> bool:
    """Return whether a value has what lines of other formats have, as if one was glued to it: a time, a request."""
    if _DATE_OR_NUMBER.fullmatch(value) or (name == "request" and _WHOLE_REQUEST.fullmatch(value)):
        return False
    is_text = " " in value or '"' in value
    if is_text and _CLOCK.search(value):
        return True
    return (_OF_A_LINE if name in _SENT else _REQUEST).search(value) is not None


def _lost_a_part(values: dict[str, str]) -> bool:
    request = values.get("request", "-")
    if request == "-" or _WHOLE_REQUEST.fullmatch(request) or _TARGET.fullmatch(request):
        return False
    return any(values.get(name, "-") not in ("", "-") for name in _HEADERS)
