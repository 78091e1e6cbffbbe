"""The JSON envelope of every answer: `{"success", "data" or "error", "timestamp"}`, also after an unexpected error."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, NamedTuple

import orjson

from tracker.errors import Refused, SettingsInvalid, TryAgain
from tracker.log import logger

Headers = tuple[tuple[str, str], ...]

PRIVATE: Headers = (
    ("Content-Type", "application/json"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
)
"""The headers of an answer that no other page may read and nobody may keep."""


class Answer(NamedTuple):
    """A whole answer; as a tuple in this order it is also what a Flask view may return."""

    body: bytes
    status: int
    headers: Headers


def data_answer(data: Any, now: datetime, *, status: int = HTTPStatus.OK, headers: Headers = PRIVATE) -> Answer:  # noqa: ANN401 what JSON can hold
    """Return an envelope around `data`, which may hold UUIDs and aware times."""
    return _json({"success": True, "data": data, "timestamp": now}, status, headers)


def error_answer(refused: Refused, now: datetime, headers: Headers = PRIVATE) -> Answer:
    """Return the envelope of an error, with `Retry-After` where the error says it."""
    envelope = {"success": False, "error": error_body(refused), "timestamp": now}
    return _json(envelope, refused.status, (*headers, *retry_headers(refused)))


def error_body(refused: Refused) -> dict[str, Any]:
    return {"code": refused.code, "message": refused.message, "details": refused.details}


def retry_headers(refused: Refused) -> Headers:
    return () if refused.retry_after is None else (("Retry-After", str(refused.retry_after)),)


def _json(envelope: Mapping[str, Any], status: int, headers: Headers) -> Answer:
    body = orjson.dumps(envelope, option=orjson.OPT_UTC_Z)
    return Answer(body, status, (*headers, ("Content-Length", str(len(body)))))


_RETRY_AFTER = 5

_log = logger(__name__)


def as_refused(error: Exception) -> Refused:
    """Return what to tell the caller about `error`.

    Itself, that a server is unavailable, or that something went wrong here.
    """
    if isinstance(error, Refused):
        return error
    if isinstance(error, TryAgain):
        _log.error("a server is unavailable", reason=str(error))
        sentence = "The service is not available at the moment."
        return Refused("SERVICE_UNAVAILABLE", 503, sentence, retry_after=_RETRY_AFTER)
    if isinstance(error, SettingsInvalid):
        # One that only some requests need, so that the process has started without it: the key of webhooks' secrets.
        _log.error("a setting is missing", reason=str(error))
        sentence = "The service is not set up for this; its operator finds the reason in the log."
        return Refused("SERVICE_UNAVAILABLE", 503, sentence, retry_after=_RETRY_AFTER)
    _log.error("unexpected error", exc_info=error)
    return Refused("INTERNAL_ERROR", 500, "Something went wrong here; it has been logged.")
