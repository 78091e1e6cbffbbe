"""Log lines: a constant event name with fields, as JSON for machines or aligned for people, on standard error.

Fields are identifiers, counts and durations. Payloads, addresses and keys never go in (docs/privacy.md).
"""

import logging
import sys

from tracker.config import LogFormat
from tracker.error_reports import ErrorReport
from tracker.hidden_packages import hidden

# structlog loads rich for tracebacks in colour, of which no line here has one: 4 MB and 40 ms of every process.
with hidden("rich"):
    import structlog


def configure(log_format: LogFormat, *, level: int = logging.INFO, report: ErrorReport | None = None) -> None:
    """Send structlog's and the standard library's lines the same way: standard error, one format.

    Called once by each front door. Libraries below (RQ, APScheduler) log through the standard
    library, whose records get the same timestamp and rendering. `report` hears of each exception that is logged.
    """

    def tell(_logger: object, _method: str, fields: structlog.typing.EventDict) -> structlog.typing.EventDict:
        if report is not None and fields.get("exc_info"):
            report(str(fields.get("event", "")), dict(fields))
        return fields

    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        tell,
        structlog.processors.format_exc_info,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)


def is_configured() -> bool:
    """Return whether this process has a front door of ours, which has called `configure`."""
    return structlog.is_configured()


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """Make the logger of a module; a call is `log.info("batch stored", hits=100)`."""
    bound: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return bound
