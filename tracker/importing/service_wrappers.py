"""What hosting services and the stores of logs put before a line that they hand out."""

import re
from typing import Final

_CLOUD_FOUNDRY: Final = re.compile(
    rb" *(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}[+-]\d{4}) \[[A-Z]+(?:/[A-Z0-9]+)*\] +OUT (.*)", re.DOTALL
)
"""`cf logs`."""
_LOGPLEX: Final = re.compile(rb"<\d{1,3}>1 (\d{4}-\S+) \S+ (?:heroku|app) \S+ - (.*)", re.DOTALL)
"""Heroku's drains leave the structured data of RFC 5424 out."""
_HEROKU: Final = re.compile(rb"(?:heroku|app)\[[a-z0-9.-]+\]: (.*)", re.DOTALL)
"""`heroku logs`, behind its time."""
_LOGCLI: Final = re.compile(
    rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) "
    rb'\{(?:[A-Za-z_]\w*="(?:[^"\\]|\\.)*"(?:, )?)*\} +(.*)',
    re.DOTALL,
)
"""Grafana Loki's `logcli query`: a time and the labels."""
_CLOUDWATCH: Final = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00) [^\s/\"]+/[^\s\"]+ (.*)", re.DOTALL)
"""`aws logs tail`: a time and the name of the stream, in which slashes stand for all that Amazon's services make."""
_FLY: Final = re.compile(rb"[a-z]+\[[0-9a-f]+\] [a-z]{3} \[[a-z]+\] ?(.*)", re.DOTALL)
"""`fly logs`, behind its time: what wrote, on which machine, where, how important."""
_DIGITAL_OCEAN: Final = re.compile(
    rb"[a-z][a-z0-9-]{0,30}[a-z0-9] (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}Z) (.*)", re.DOTALL
)
"""`doctl apps logs`: the component and a time."""
_SCALINGO: Final = re.compile(
    rb"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})? [+-]\d{4}) [A-Z]{3,5} \[[a-z]+(?:-\d+)?\] (.*)", re.DOTALL
)
"""`scalingo logs`: a time with its zone's name, and the container."""
_PAPERTRAIL: Final = re.compile(
    rb"\d{6,20}\t(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:Z| ?[+-]\d\d:?\d\d)?)\t\d{4}-[^\t]*\t"
    rb"\d+\t[^\t]*\t[0-9A-Fa-f.:]*\t[A-Za-z0-9]+\t[A-Za-z]+\t[^\t]*\t(.*)",
    re.DOTALL,
)
"""Papertrail's archives, between tabs: ids, times, the sender, facility, severity and program."""
TIMED: Final = (
    ("syslog", _LOGPLEX),
    ("logcli", _LOGCLI),
    ("cloudwatch", _CLOUDWATCH),
    ("cf", _CLOUD_FOUNDRY),
    ("digitalocean", _DIGITAL_OCEAN),
    ("scalingo", _SCALINGO),
    ("papertrail", _PAPERTRAIL),
)
"""Patterns of a time and of the line, by the wrapper's name."""
UNTIMED: Final = (("heroku", _HEROKU), ("fly", _FLY))
"""Patterns of the line alone."""
