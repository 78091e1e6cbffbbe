"""What stands around a line where something else carried it: syslog, journald, Docker, Kubernetes, a program's logging.

A wrapper gives the line itself, and the time at which it was written, which stands in where the line has none. One may
stand in another: what `docker compose logs --timestamps` shows of a program that logs a time of its own.
"""

import re
from typing import Any, Final, NamedTuple

import orjson

from tracker.importing import program_wrappers, service_wrappers
from tracker.importing.program_wrappers import COLOUR
from tracker.importing.record import Malformed
from tracker.json_rules import nests_over


class Unwrapped(NamedTuple):
    """A line without its wrapper."""

    wrapper: str
    line: bytes
    time: str | None
    partial: bool = False
    """The line goes on in the next one (Kubernetes cuts at 16 KB)."""
    stream: str = ""
    """`stdout` or `stderr`, where that is known: lines of the one stand between the parts of the other's."""
    is_word: bool = False
    """It may be no line, but a word for what happened."""


_MAX_LEVELS: Final = 100
"""Levels of a line's JSON; orjson reads 1,024 and writes 254 ("Recursion limit reached")."""
_AFTER_BACKSLASH: Final = re.compile(rb"\\(x[0-9A-Fa-f]{2}|.)", re.DOTALL)
_CRI: Final = re.compile(
    rb"(\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)) (stdout|stderr) ([FP])(?::\S+)? (.*)", re.DOTALL
)
_RFC5424: Final = re.compile(
    rb"<\d{1,3}>1 (\d{4}-\S+|-)(?: [^\s\[\]]+){4} "
    rb'(?:-|(?:\[[^\s=\]"]+(?: [^\s=\]"]+=(?:"(?:[^"\\]|\\.)*"|[^\s\]"]*))*\])+) ?(?:\xef\xbb\xbf)?(.*)',
    re.DOTALL,
)
"""HAProxy leaves out the quotes of numbers in the structured data that its manual shows (`log-format-sd`)."""
_PRIORITY: Final = re.compile(rb"<\d{1,3}>(.*)", re.DOTALL)
"""HAProxy's `priority`, `short` and `timed`, and whoever else sends a message with nothing of a head but this."""
_RFC3164: Final = re.compile(
    rb"(?:<\d{1,3}>)?[A-Z][a-z]{2} [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d+)? "
    rb"(?:[A-Za-z0-9_.:-]+ )?[A-Za-z0-9_./-]+(?:\[\d+\]: ?|: )(.*)",
    re.DOTALL,
)
_RSYSLOG_FILE: Final = re.compile(
    rb"(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} )?"
    rb"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?| UTC| [+-]\d\d(?:\d\d)?)) "
    rb"[A-Za-z0-9_.:-]+ [A-Za-z0-9_./@-]+(?:\[\d+\]: ?|: )(.*)",
    re.DOTALL,
)
"""Its files, what it sends on, and `journalctl` with `short-iso`, `short-full` or `with-unit`."""
_JOURNAL_LOCAL: Final = re.compile(
    rb"(?:[A-Z][a-z]{2} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d [A-Z]{3,5}|\[ *\d{1,10}\.\d{6}\]) "
    rb"[A-Za-z0-9_.:-]+ [A-Za-z0-9_./@-]+(?:\[\d+\])?: ?(.*)",
    re.DOTALL,
)
"""`journalctl` with `short-full` in a zone whose name has several meanings, or with `short-monotonic`."""
_JOURNAL_UNIX: Final = re.compile(rb"(\d{10}\.\d{6}) [A-Za-z0-9_.:-]+ [A-Za-z0-9_./@-]+(?:\[\d+\])?: ?(.*)", re.DOTALL)
"""`journalctl --output=short-unix`."""
_COMPOSE: Final = re.compile(
    COLOUR + rb"(?:\d+\||\d\d:\d\d:\d\d )?[A-Za-z0-9][A-Za-z0-9_.@-]* *\|" + COLOUR + rb" " + COLOUR + rb"(.*)",
    re.DOTALL,
)
"""`docker compose logs`, `docker service logs`, `pm2 logs`, and what runs a Procfile (honcho, foreman) with a time."""
_POD: Final = re.compile(rb"\[(?:[a-z]+/)?[a-z0-9][a-z0-9.-]*/[a-z0-9][a-z0-9.-]*\] (.*)", re.DOTALL)
"""`kubectl logs --prefix`."""
_RANDOM: Final = rb"[bcdfghjklmnpqrstvwxz2456789]"
"""What Kubernetes makes random names of, which hold no word."""
_STERN: Final = re.compile(
    rb"(?:[a-z0-9][a-z0-9-]* )?[a-z0-9][a-z0-9-]*-" + _RANDOM + rb"{8,10}-" + _RANDOM + rb"{5} [a-z0-9][a-z0-9-]* (.*)",
    re.DOTALL,
)
"""`stern`: the pod of a deployment, the container, with `--all-namespaces` the namespace."""
_TAILED: Final = re.compile(
    rb"(?:\[[a-z0-9][a-z0-9-]*-" + _RANDOM + rb"{8,10}-" + _RANDOM + rb"{5}(?: [a-z0-9][a-z0-9-]*)?\] ?"
    rb"|[a-z0-9-]+/[a-z0-9][a-z0-9.-]*\[[a-z0-9-]+\]: )(.*)",
    re.DOTALL,
)
"""kubetail, kail."""
_FLUENTD: Final = re.compile(
    rb"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})? ?(?:Z|[+-]\d\d:?\d\d))"
    rb"(?:\t[A-Za-z0-9_.*/-]+\t| [A-Za-z0-9_.*/-]+: )(\{.*)",
    re.DOTALL,
)
"""Fluentd's `out_file` and `stdout`: time, tag, the record as an object."""
_FLUENT_BIT: Final = re.compile(rb"(?:[A-Za-z0-9_.*/-]+: )?\[(\d{9,10}\.\d{1,9}), (\{.*\})\]", re.DOTALL)
"""Fluent Bit's files: tag, time, the record as an object."""
_CEE: Final = re.compile(rb"@cee: ?(\{.*)", re.DOTALL)
"""What says that a message of syslog is JSON (Common Event Expression), to rsyslog and others."""
_CONSOLE: Final = re.compile(
    rb"(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d+|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d))\t"
    + (COLOUR + rb"[A-Za-z]+" + COLOUR + rb"(?:\t(?![^\t{]*\d{4}[-/]\d\d[-/])[^\t{]*){1,3}\t(\{.*)"),
    re.DOTALL,
)
"""Go's zap for terminals: level, logger, place, message and an object; in Caddy's the times are UTC, with slashes."""
_RUNIT: Final = re.compile(
    rb"(?:@[0-9a-f]{24}|\d{4}-\d\d-\d\d[_T]\d\d:\d\d:\d\d\.\d{5}|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{9}) +(.*)",
    re.DOTALL,
)
"""svlogd, multilog and s6-log, whose times have no zone or count leap seconds."""
_MESSAGES: Final = (
    "message",
    "msg",
    "line",
    "log",
    "textPayload",
    "short_message",
    "MESSAGE",
    "_raw",
    "_entry",
    "Log_s",
)
_OBJECTS: Final = ("jsonPayload", "_source", "result", "data", "event", "attributes", "record", "payload", "span")
"""Where clouds, Splunk, elasticdump, Datadog, Loguru, semantic_logger and tracing have the object that was logged."""
_OF_DOCKER: Final = frozenset(("log", "stream", "time", "attrs"))
"""What Docker itself writes. Shippers add names of their own, and some take the end of a line away."""
_TIMES: Final = ("timestamp", "@timestamp", "time", "ts", "asctime", "_time")
_LATE_TIMES: Final = ("dt", "date", "TimeGenerated")
"""Read only where nothing around the object tells a time: a log that was imported keeps its times, and so its hits."""
_TIMESTAMPED: Final = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) (.*)", re.DOTALL)


def unwrap(line: bytes) -> Unwrapped | None:  # noqa: PLR0911 a return for each wrapper
    """Return the line inside, or None where there is no wrapper that is known."""
    if match := _CRI.fullmatch(line):
        return Unwrapped("cri", match[4], match[1].decode("latin-1"), match[3] == b"P", match[2].decode())
    if match := _RFC5424.fullmatch(line):
        time = match[1].decode("latin-1")
        return Unwrapped("syslog", match[2].rstrip(b"\n"), None if time == "-" else time)
    if match := _RFC3164.fullmatch(line):
        # Its time has neither year nor zone: the line's own has to do.
        return Unwrapped("syslog", match[1].rstrip(b"\n"), None)
    if match := _CONSOLE.fullmatch(line):
        time = match[1].decode()
        return Unwrapped("console", match[2], f"{time}Z" if "/" in time else time)
    for wrapper, pattern in _TIMED:
        if match := pattern.fullmatch(line):
            time = match[1].decode("latin-1")
            is_bare = wrapper == "papertrail" and len(time) == len("2026-11-28T20:57:01")  # Then it is in UTC.
            return Unwrapped(wrapper, match[2], f"{time}Z" if is_bare else time)
    for wrapper, pattern in _UNTIMED:
        if match := pattern.fullmatch(line):
            return Unwrapped(wrapper, match[1], None)
    return None


_TIMED: Final = (
    *program_wrappers.TIMED,
    ("syslog", _RSYSLOG_FILE),
    ("syslog", _JOURNAL_UNIX),
    *service_wrappers.TIMED,
    ("fluentd", _FLUENTD),
    ("fluent-bit", _FLUENT_BIT),
    ("timestamps", _TIMESTAMPED),
)
_UNTIMED: Final = (
    ("syslog", _CEE),
    ("syslog", _PRIORITY),
    ("compose", _COMPOSE),
    ("pod", _POD),
    ("pod", _STERN),
    ("pod", _TAILED),
    *program_wrappers.UNTIMED,
    *service_wrappers.UNTIMED,
    ("syslog", _JOURNAL_LOCAL),
    ("timestamps", _RUNIT),
)


def unwrap_json(values: dict[str, Any]) -> Unwrapped | None:
    """Return the line inside an object of Docker's json-file driver or of `journalctl --output=json`.

    Raises Malformed for a message of journald's that is none.
    """
    text = values.get("log")
    if isinstance(text, str) and "stream" in values:
        time = values.get("time")
        is_partial = not text.endswith("\n") if values.keys() <= _OF_DOCKER else values.get("logtag") == "P"
        time = time if isinstance(time, str) else None
        return Unwrapped("docker", text.rstrip("\r\n").encode(), time, is_partial, str(values["stream"]))
    message = values.get("MESSAGE")
    if "__REALTIME_TIMESTAMP" in values:
        if message is None:
            raise Malformed("journald's object without its MESSAGE (long ones need journalctl --all)")
        # journald writes a message that is not UTF-8 as an array of bytes.
        try:
            line = bytes(message) if isinstance(message, list) else str(message).encode()
        except (TypeError, ValueError) as error:
            raise Malformed("its MESSAGE is neither a text nor an array of bytes") from error
        return Unwrapped("journald", line, str(values["__REALTIME_TIMESTAMP"]))
    return None


def messages_of(values: dict[str, Any], outer_time: str | None) -> list[Unwrapped]:
    """Return what may be the line inside an object of a log shipper, or of a logger that writes JSON, in order.

    `outer_time` is what stands around the object.
    It is a message, or an object, of which a message may tell in words; Splunk has lines in `event`, structlog the name
    of what happened, with an object beside it.
    """
    texts = (text.rstrip("\r\n").encode() for name in _MESSAGES if isinstance(text := values.get(name), str) and text)
    objects = (orjson.dumps(value) for name in _OBJECTS if isinstance(value := values.get(name), dict))
    event = values.get("event")
    at = _time_of(values, outer_time)
    messages = [Unwrapped("json", text, at) for text in texts][:1]
    messages += [Unwrapped("json", line, at, is_word=bool(messages)) for line in objects][:1]
    if isinstance(event, str) and event:
        messages.append(Unwrapped("json", event.rstrip("\r\n").encode(), at, is_word=True))
    return messages


def _time_of(values: dict[str, Any], outer_time: str | None) -> str | None:
    told = [values.get(name) for name in _TIMES]
    if outer_time is None:
        told += [values.get(name) for name in _LATE_TIMES]
        # Loguru has the time in an object.
        told = [time.get("timestamp") if isinstance(time, dict) else time for time in told]
    return next((str(time) for time in told if isinstance(time, str | int | float)), None)


def json_of(line: bytes) -> Any:  # noqa: ANN401 any JSON value
    r"""Return the JSON value of a line.

    Bytes that are no UTF-8 are replaced (nginx' `escape=json` leaves them as they came), and Apache's `\xhh` undone,
    which is no JSON.

    Raises orjson.JSONDecodeError, and Malformed where it nests over `_MAX_LEVELS`: what is returned can be walked
    and written again.
    """
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        if b"\\x" in line:
            line = _AFTER_BACKSLASH.sub(_as_json, line)
        value = orjson.loads(line.decode("utf-8", "replace"))
    # Each level has a bracket of its own, of which ordinary lines have a few.
    if line.count(b"{") + line.count(b"[") > _MAX_LEVELS and nests_over(value, _MAX_LEVELS):
        raise Malformed(f"nested too deeply: over {_MAX_LEVELS} levels")
    return value


def _as_json(match: re.Match[bytes]) -> bytes:
    code = match[1]
    if not code.startswith(b"x"):
        return match[0]
    byte = bytes.fromhex(code[1:].decode())
    return b"\\u00" + code[1:] if byte < b" " or byte in b'"\\' else byte
