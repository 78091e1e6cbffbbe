"""What stands around a line where something else carried it: syslog, journald, Docker, Kubernetes.

A wrapper gives the line itself, and the time at which it was written, which stands in where the line has none.
"""

import re
from typing import Any, Final, NamedTuple

import orjson


class Unwrapped(NamedTuple):
    """A line without its wrapper."""

    wrapper: str
    line: bytes
    time: str | None
    partial: bool = False
    """The line goes on in the next one (Kubernetes cuts at 16 KB)."""


_CRI: Final = re.compile(rb"(\d{4}-\d\d-\d\dT\S+) (?:stdout|stderr) ([FP])(?::\S+)? (.*)", re.DOTALL)
_RFC5424: Final = re.compile(
    rb"<\d{1,3}>1 (\d{4}-\S+|-) \S+ \S+ \S+ \S+ (?:-|(?:\[(?:[^\]\\]|\\.)*\])+) ?(?:\xef\xbb\xbf)?(.*)", re.DOTALL
)
_RFC3164: Final = re.compile(
    rb"(?:<\d{1,3}>)?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)? "
    rb"(?:[A-Za-z0-9_.:-]+ )?[A-Za-z0-9_./-]+(?:\[\d+\])?: ?(.*)",
    re.DOTALL,
)
_RSYSLOG_FILE: Final = re.compile(
    rb"(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} )?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[^ ]*| UTC)) "
    rb"[A-Za-z0-9_.:-]+ [A-Za-z0-9_./-]+(?:\[\d+\])?: ?(.*)",
    re.DOTALL,
)
"""Its files, what it sends on, and `journalctl` with `short-iso` or `short-full`."""
_TWISTD: Final = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}) \[[^\]]*\] (.*)", re.DOTALL)
_COMPOSE: Final = re.compile(rb"[A-Za-z0-9][A-Za-z0-9_.-]* *\| (.*)", re.DOTALL)
_TIMESTAMPED: Final = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) (.*)", re.DOTALL)


def unwrap(line: bytes) -> Unwrapped | None:  # noqa: PLR0911 a return for each wrapper
    """Return the line inside, or None where there is no wrapper that is known."""
    if match := _CRI.fullmatch(line):
        return Unwrapped("cri", match[3], match[1].decode("latin-1"), match[2] == b"P")
    if match := _RFC5424.fullmatch(line):
        time = match[1].decode("latin-1")
        return Unwrapped("syslog", match[2].rstrip(b"\n"), None if time == "-" else time)
    if match := _RFC3164.fullmatch(line):
        # Its time has neither year nor zone: the line's own has to do.
        return Unwrapped("syslog", match[1].rstrip(b"\n"), None)
    if match := _RSYSLOG_FILE.fullmatch(line):
        return Unwrapped("syslog", match[2], match[1].decode("latin-1"))
    if match := _TIMESTAMPED.fullmatch(line):
        return Unwrapped("timestamps", match[2], match[1].decode("latin-1"))
    if match := _TWISTD.fullmatch(line):
        return Unwrapped("twistd", match[2], match[1].decode("latin-1"))
    if match := _COMPOSE.fullmatch(line):
        return Unwrapped("compose", match[1], None)
    return None


def unwrap_json(values: dict[str, Any]) -> Unwrapped | None:
    """Return the line inside an object of Docker's json-file driver or of `journalctl --output=json`."""
    text = values.get("log")
    if isinstance(text, str) and "stream" in values:
        time = values.get("time")
        ended = text.endswith("\n")
        return Unwrapped("docker", text.rstrip("\r\n").encode(), time if isinstance(time, str) else None, not ended)
    message = values.get("MESSAGE")
    if "__REALTIME_TIMESTAMP" in values and message is not None:
        # journald writes a message that is not UTF-8 as an array of bytes.
        line = bytes(message) if isinstance(message, list) else str(message).encode()
        return Unwrapped("journald", line, str(values["__REALTIME_TIMESTAMP"]))
    return None


def json_of(line: bytes) -> Any:  # noqa: ANN401 any JSON value
    """Return the JSON value of a line.

    Bytes that are no UTF-8 are replaced (nginx' `escape=json` leaves them as they came).

    Raises orjson.JSONDecodeError.
    """
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return orjson.loads(line.decode("utf-8", "replace"))
