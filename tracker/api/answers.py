"""What the API answers: the envelope, as bytes and as the document describes it, and versions as `ETag`."""

from dataclasses import asdict, is_dataclass
from functools import cache
from http import HTTPStatus
from typing import Any

from flask import Response, request
from marshmallow import Schema, fields

from tracker.api.services import current_services
from tracker.management.versions import Expected, version_of
from tracker.web.envelope import data_answer


def answer(
    data: Any,  # noqa: ANN401 what JSON can hold, or a dataclass
    *,
    status: int = HTTPStatus.OK,
    versioned: bool = False,
    location: str | None = None,
) -> Response:
    """Return a view's answer: `data` in the envelope.

    It has its version as `ETag` where it is a thing that people change.

    `location` is where a thing that was made now stands.
    """
    body, code, headers = data_answer(data, current_services().clock.now(), status=status)
    response = Response(body, code, headers)
    if versioned:
        response.headers["ETag"] = f'"{version_of(data)}"'
    if location is not None:
        response.headers["Location"] = location
    return response


def without(data: Any, *names: str) -> dict[str, Any]:  # noqa: ANN401 a dataclass or a mapping
    """Return the columns of a row but for some."""
    columns = asdict(data) if is_dataclass(data) and not isinstance(data, type) else dict(data)
    return {name: value for name, value in columns.items() if name not in names}


def expected() -> Expected:
    """Return the versions that `If-Match` names (RFC 9110, 13.1.1), or None where it names none or any."""
    if "If-Match" not in request.headers or request.if_match.star_tag:
        return None
    return frozenset(request.if_match.as_set())


@cache
def enveloped(schema: type[Schema]) -> type[Schema]:
    """Return the form of an answer whose data has the form `schema`."""
    members: dict[str, Any] = {
        "success": fields.Boolean(required=True, metadata={"const": True}),
        "data": fields.Nested(schema, required=True),
        "timestamp": fields.DateTime(required=True),
    }
    return type(f"{schema.__name__}Answer", (Schema,), members)


class _Error(Schema):
    code = fields.String(required=True, metadata={"examples": ["VALIDATION_ERROR"]})
    message = fields.String(required=True, metadata={"description": "A sentence for people."})
    details = fields.Dict(
        required=True, metadata={"description": "For VALIDATION_ERROR: what is wrong, by the name of the field."}
    )


class ErrorAnswer(Schema):
    """The form of every error."""

    success = fields.Boolean(required=True, metadata={"const": False})
    error = fields.Nested(_Error, required=True)
    timestamp = fields.DateTime(required=True)
