"""The JSON envelope of every answer: `{"success", "data" or "error", "timestamp"}`."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, NamedTuple

import orjson

from tracker.errors import Refused

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
    """An envelope around `data`, which may hold UUIDs and aware times."""
    return _json({"success": True, "data": data, "timestamp": now}, status, headers)


def error_answer(refused: Refused, now: datetime, headers: Headers = PRIVATE) -> Answer:
    """The envelope of an error, with `Retry-After` where the error says it."""
    envelope = {"success": False, "error": error_body(refused), "timestamp": now}
    return _json(envelope, refused.status, (*headers, *retry_headers(refused)))


def error_body(refused: Refused) -> dict[str, Any]:
    return {"code": refused.code, "message": refused.message, "details": refused.details}


def retry_headers(refused: Refused) -> Headers:
    return () if refused.retry_after is None else (("Retry-After", str(refused.retry_after)),)


def _json(envelope: Mapping[str, Any], status: int, headers: Headers) -> Answer:
    body = orjson.dumps(envelope, option=orjson.OPT_UTC_Z)
    return Answer(body, status, (*headers, ("Content-Length", str(len(body)))))
