"""The custom parameters that hits must have to be counted or exported: a JSON object that theirs contains.

`{"page_type": "cart"}` takes the hits whose `page_type` is that text, and `{"tags": ["new"]}` those whose list has it
among others: PostgreSQL's `@>`, which the GIN index on `custom_params` answers.
"""

from typing import Any, Final

import orjson

from tracker.errors import Refused, invalid
from tracker.hit_values import MAX_PARAMETER_KEY_LENGTH
from tracker.json_rules import MAX_DEPTH, faults

_MAX_LENGTH: Final = 4096
"""Bytes of the filter as JSON; one of a hit's values takes 2,000 at most."""
_MAX_PATH_LENGTH: Final = 200


def filter_text(values: object) -> str | None:
    """Return the text of a filter, as PostgreSQL takes it; None where it asks for nothing.

    Raises Refused (`custom_params`).

    `values` is a parsed JSON value.
    """
    if not isinstance(values, dict):
        raise _refusal("Must be a JSON object.")
    for path, reason in faults(values, "", MAX_DEPTH):
        raise _refusal(f"{path[:_MAX_PATH_LENGTH]}: {reason}" if path else reason)
    for key in values:
        if len(key) > MAX_PARAMETER_KEY_LENGTH:
            raise _refusal(f"A key has more than {MAX_PARAMETER_KEY_LENGTH} characters.")
    text = orjson.dumps(values)
    if len(text) > _MAX_LENGTH:
        raise _refusal(f"Has more than {_MAX_LENGTH} bytes.")
    return text.decode() if values else None


def value_of(text: str) -> Any:  # noqa: ANN401 a JSON value is anything
    """Return what somebody who writes `key=value` means: JSON where it reads as JSON, else the text itself."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _refusal(reason: str) -> Refused:
    readable = reason.encode("utf-8", "replace").decode()
    return invalid(f"custom_params: {readable}", custom_params=[readable])
