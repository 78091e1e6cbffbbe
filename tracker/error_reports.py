"""Errors that nobody expected, reported to a service that speaks Sentry's protocol, where one is set.

Nothing of it is imported where none is: sentry-sdk is an extra, `pip install 'access-log-tracker[sentry]'`.
"""

import importlib
import os
import sys
from collections.abc import Callable
from typing import Any, Final

from tracker import __version__
from tracker.errors import SettingsInvalid

_FLUSH_SECONDS: Final = 2.0

ErrorReport = Callable[[str, dict[str, Any]], None]
"""To be called while an exception is handled: the event's name, and the fields of its log line."""

_clients: dict[int, Any] = {}
"""The library, by the process that has set it up."""


def reporter(dsn: str | None) -> ErrorReport | None:
    """Return what reports to `dsn`; None where there is none. Raises SettingsInvalid.

    What is sent: the exception with its stack, the name of the event, the version, the host. Neither values of
    variables nor requests, addresses or what was logged before.
    """
    if not dsn:
        return None
    _library(dsn)

    def report(event: str, fields: dict[str, Any]) -> None:
        library = _library(dsn)
        with library.new_scope() as scope:
            scope.set_tag("event", event)
            if isinstance(job := fields.get("job"), str):
                scope.set_tag("job", job)
            library.capture_exception(sys.exc_info()[1], scope=scope)

    return report


def flush() -> None:
    """Wait, two seconds at most, until what was reported is sent: for a process that ends without a word."""
    if (library := _clients.get(os.getpid())) is not None:
        library.flush(timeout=_FLUSH_SECONDS)


def _library(dsn: str) -> Any:  # noqa: ANN401 the library is an extra
    """Return the library, set up in this process: a child that was forked sends by a thread of its own."""
    if os.getpid() in _clients:
        return _clients[os.getpid()]
    try:
        library = importlib.import_module("sentry_sdk")
    except ImportError as error:
        raise SettingsInvalid(
            "TRACKER_SENTRY_DSN is set, and the package sentry-sdk is missing: pip install sentry-sdk."
        ) from error
    try:
        library.init(
            dsn=dsn,
            release=f"access-log-tracker@{__version__}",
            default_integrations=False,
            auto_enabling_integrations=False,
            send_default_pii=False,
            include_local_variables=False,
            max_breadcrumbs=0,
            auto_session_tracking=False,
            shutdown_timeout=_FLUSH_SECONDS,
        )
    except ValueError as error:  # It may quote the key.
        raise SettingsInvalid(
            "TRACKER_SENTRY_DSN is not accepted: it must be a DSN, https://KEY@HOST/PROJECT."
        ) from error
    _clients.clear()
    _clients[os.getpid()] = library
    return library
