"""The fields of a form that a page has sent."""

from urllib.parse import parse_qsl

from flask import request

from tracker.errors import Refused, invalid
from tracker.web.body import BODY_READ, read_body

_MAX_BYTES = 8192
MAX_FORM_BYTES = 131_072
"""Of a change: a description of 10,000 characters takes up to 120 KB,
a webhook of 50 events of the longest names 85 KB."""
_MAX_FIELDS = 100
"""A webhook asks for 50 events by a field each, beside those that it could ask for."""


def form(*, max_bytes: int = _MAX_BYTES) -> dict[str, str]:
    """Return the fields by name, the last one where a name comes twice.

    Raises Refused for what no form of ours sends.
    """
    if request.mimetype != "application/x-www-form-urlencoded":
        raise Refused("UNSUPPORTED_MEDIA_TYPE", 415, "This takes a form.")
    body = read_body(request.environ, max_bytes)
    request.environ[BODY_READ] = True
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise invalid("The form cannot be read.") from None
    if any("\0" in value for _, value in fields):
        raise invalid("The form holds the character NUL.")
    # Browsers send line breaks as CR LF; people, and the API, count and write one character.
    return {name: value.replace("\r\n", "\n") for name, value in fields}
