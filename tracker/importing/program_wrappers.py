"""What the logging of programs puts before a message: a time, a level, the name of a logger.

The time has no zone where the logging writes none; it is that of the machine then.
"""

import re
from typing import Final

COLOUR: Final = rb"(?:\x1b\[[\d;]*m)*+"
_TWISTD: Final = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}) \[[^\]]*\] (.*)", re.DOTALL)
_LEVEL: Final = rb"(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|info|debug|warn|error)"
_BRACKETS: Final = (
    rb"\[(?!\d{4}-|[A-Z] \d{6} |pid: |\d\d/[A-Z]|[A-Z][a-z]{2} [A-Z][a-z]{2} )[^\[\]\"]*\]"
    rb"|\([A-Za-z_][A-Za-z0-9_. -]*\)"
)
"""None that lines of their own begin with: uWSGI's, PHP's, times."""
_BASIC_LOGGING: Final = re.compile(
    rb"(?:TRACE|DEBUG|INFO|WARNING|ERROR|CRITICAL):[A-Za-z_][A-Za-z0-9_.]*:(.*)", re.DOTALL
)
"""Python's `logging.basicConfig()`."""
_LOGGING: Final = re.compile(
    rb"(?=\d|\[[\d T:.,Z+-]{19,40}\])\[?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|[+-]\d\d:?\d\d))?)"
    rb"(?:\]?:? +(?:- )?(?:(?:" + _BRACKETS + rb"|" + _LEVEL + rb"\b)[:\]]?(?: +|(?=\[)))++"
    # The name of a logger, but none that may be the visitor's.
    rb"(?:(?:[A-Za-z_][A-Za-z0-9_.:]*\]?:? )?- (?!- )|in [A-Za-z_][A-Za-z0-9_]*: "
    rb"|[A-Za-z_][A-Za-z0-9_]*(?:(?:\.|::)[A-Za-z0-9_]+)*+[:\]]:? )?|: )"
    rb"(?!(?:[\d.]+|\[\S+\]):\d+ - - \[)(.*)",
    re.DOTALL,
)
"""Python's and Java's loggers, Flask's manual, log4js: a time, a level or brackets, the logger's name; pm2's time.

Not around hypercorn's lines, which are told by it: without, some would be taken for what other servers write."""
_ODOO: Final = re.compile(
    rb"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) \d+ "
    + (COLOUR + _LEVEL + COLOUR + rb" (?:\?|[A-Za-z0-9][A-Za-z0-9_.-]*) [a-z][a-z_.]*: (.*)"),
    re.DOTALL,
)
"""Odoo's log: the process, the level, the database, the logger's name."""
_ENV_LOGGER: Final = re.compile(
    rb"\[(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z) +" + _LEVEL + rb" +[A-Za-z0-9_:]+\] (.*)", re.DOTALL
)
"""Rust's env_logger, as Actix logs with it."""
_JAVA_LOGGING: Final = re.compile(
    rb"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,]\d{1,9}(?:Z|[+-]\d\d:?\d\d)?)"
    # Spring Boot: process, application, thread, logger. Jetty: level, logger, thread.
    rb'(?: +[A-Z]{4,5} \d+ --- (?:\[[^\[\]"]*\] ?){1,2} ?[A-Za-z0-9_.$/-]+ +: '
    rb'|:[A-Z]{4,5} ?:[A-Za-z0-9_.]+:[^:" ]*: )(.*)',
    re.DOTALL,
)
_RUBY_LOGGING: Final = re.compile(
    rb"[A-Z], \[(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}) ?#\d+\] +[A-Z]+ -- [A-Za-z0-9_:]*: (.*)", re.DOTALL
)
_LOGURU: Final = re.compile(
    COLOUR
    + rb"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3})"
    + COLOUR
    + rb" \| "
    + (COLOUR + rb"[A-Z]+ *" + COLOUR + rb" \| " + COLOUR + rb"[A-Za-z_][\w.]*" + COLOUR + rb":" + COLOUR + rb"[\w<>]+")
    + (COLOUR + rb":" + COLOUR + rb"\d+" + COLOUR + rb" - " + COLOUR + rb"(.*?)" + COLOUR),
    re.DOTALL,
)
"""Loguru: also the module, the function and the line that logged."""
_LOG4JS_COLOURED: Final = re.compile(
    rb"\x1b\[\d+m\[(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})\] \[[A-Z]+\] [^ \x1b]+ - \x1b\[39m(.*)", re.DOTALL
)
"""What log4js writes where nothing else is configured, to files too."""
_LOGBACK: Final = re.compile(
    COLOUR
    + rb"\d\d:\d\d:\d\d[.,]\d{3}"
    + (
        COLOUR
        + rb" "
        + COLOUR
        + rb"\[[^\]\"]*\]"
        + COLOUR
        + rb" "
        + COLOUR
        + rb"[A-Z]{4,5} *"
        + COLOUR
        + rb" "
        + COLOUR
    )
    + (rb"[A-Za-z_][\w.$]*" + COLOUR + rb" -(?: ?-)? (.*)"),
    re.DOTALL,
)
"""logback where nothing is configured, and Micronaut: a time without its day, the thread, the level, the logger."""
_GO: Final = re.compile(rb"(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d{6})?) (?!\[)(.*)", re.DOTALL)
"""Go's package log; nginx' error log has a level behind such a time."""
TIMED: Final = (
    ("twistd", _TWISTD),
    ("logging", _JAVA_LOGGING),
    ("logging", _LOGGING),
    ("logging", _ODOO),
    ("logging", _ENV_LOGGER),
    ("logging", _RUBY_LOGGING),
    ("logging", _LOGURU),
    ("logging", _LOG4JS_COLOURED),
    ("logging", _GO),
)
"""Patterns of a time and of what was logged, by the wrapper's name."""
UNTIMED: Final = (("logging", _BASIC_LOGGING), ("logging", _LOGBACK))
"""Patterns of what was logged alone."""
