"""How a request's JSON and query become the arguments of a view: strictly, and refused in the project's envelope."""

from collections.abc import Mapping
from typing import Any, NoReturn

import marshmallow as ma
from flask import Request
from webargs.flaskparser import FlaskParser
from webargs.multidictproxy import MultiDictProxy

from tracker.errors import Refused, invalid
from tracker.json_rules import check, parse
from tracker.web.body import BODY_READ, read_body

MAX_BODY_BYTES = 65_536
"""Bytes; what JSON may hold beside that stands in `tracker.json_rules`."""
_DEEPEST = 3
"""Levels of a field's name in an error: `validation_rules.pattern` says enough."""


class Arguments(FlaskParser):
    """webargs, with this project's bodies, JSON and errors."""

    DEFAULT_VALIDATION_STATUS = 400
    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "json": ma.RAISE, "query": ma.RAISE}  # noqa: RUF012 webargs's own

    def load_json(self, req: Request, schema: ma.Schema) -> Any:  # noqa: ANN401, ARG002 webargs's signature
        """Return the body as a JSON object. Raises Refused: 415, 411, 413, 400."""
        return read_object(req)

    def load_querystring(self, req: Request, schema: ma.Schema) -> MultiDictProxy:
        """Return the query parameters. Raises Refused (400) for NUL in a text, or a parameter given twice."""
        for name, values in req.args.lists():
            field = name[:100].replace("\0", "?")
            if "\0" in name or any("\0" in value for value in values):
                raise invalid(f"{field}: Holds the character NUL.", **{field: ["Holds the character NUL."]})
            if len(values) > 1:
                raise invalid(f"{field}: Is given twice.", **{field: ["Is given twice."]})
        proxy: MultiDictProxy = super().load_querystring(req, schema)
        return proxy

    def handle_error(
        self,
        error: ma.ValidationError,
        req: Request,  # noqa: ARG002
        schema: ma.Schema,  # noqa: ARG002
        *,
        error_status_code: int | None,  # noqa: ARG002
        error_headers: Mapping[str, str] | None,  # noqa: ARG002
    ) -> NoReturn:
        """Raise Refused that names every bad field."""
        messages: dict[str, Any] = error.messages  # type: ignore[assignment] # webargs puts the location above them
        fields: dict[str, list[str]] = {}
        for below in messages.values():
            _collect(below, "", fields)
        sentence = " ".join(f"{field}: {reasons[0]}" for field, reasons in list(fields.items())[:5])
        raise invalid(sentence, **fields)


def read_object(req: Request) -> dict[str, Any]:
    """Return the body of a request as a JSON object."""
    if req.mimetype != "application/json":
        raise Refused("UNSUPPORTED_MEDIA_TYPE", 415, "The body must be JSON, with Content-Type: application/json.")
    body = read_body(req.environ, MAX_BODY_BYTES)
    req.environ[BODY_READ] = True
    parsed = parse(body)
    if not isinstance(parsed.value, dict):
        raise invalid("body: Must be a JSON object.", body=["Must be a JSON object."])
    check(parsed.value, suspicious=parsed.suspicious)
    return parsed.value


def _collect(messages: Any, path: str, fields: dict[str, list[str]], depth: int = 0) -> None:  # noqa: ANN401 marshmallow's tree
    """Marshmallow's tree of messages as one list for each field's path."""
    if isinstance(messages, dict) and depth < _DEEPEST:
        for name, below in messages.items():
            field = str(name)[:100] if name != "_schema" else "body"
            _collect(below, f"{path}.{field}" if path else field, fields, depth + 1)
    else:
        fields[path or "body"] = messages if isinstance(messages, list) else [str(messages)]
