# ruff: noqa: ANN401, ARG002 - the signature of `_deserialize` is marshmallow's: any JSON value comes in
"""marshmallow's fields without its kindness: a number is a number and not its text, and true is not 1.

What they take is what the OpenAPI document says of them, no more and no less.
"""

import math
import re
from datetime import datetime
from typing import Any

from marshmallow import ValidationError, fields, validate

from tracker.web import timestamps

CONTROLS = "\\u0000-\\u001f\\u007f-\\u009f"
"""Control characters, for a character class of a pattern."""


class _Whole(validate.Regexp):
    """A pattern for the whole text: marshmallow's own lets `$` match before a last line feed."""

    def __call__(self, value: Any) -> Any:
        if self.regex.fullmatch(value) is None:
            raise ValidationError(self._format_error(value))
        return value


class Text(fields.String):
    """A text of `shortest` to `longest` characters; `pattern` is for the whole of it."""

    def __init__(self, longest: int, *, shortest: int = 0, pattern: str | None = None, **kwargs: Any) -> None:
        checks: list[Any] = [
            validate.Length(shortest or None, longest, error=f"Must have {shortest} to {longest} characters.")
        ]
        if pattern is not None:
            checks.append(_Whole(pattern, error="Has a character that it must not have, or a wrong form."))
        super().__init__(validate=checks, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if type(value) is not str:
            raise ValidationError("Must be a text.")
        return value


class Whole(fields.Integer):
    """A whole number from `low` to `high`; in a query its digits."""

    def __init__(self, low: int, high: int, **kwargs: Any) -> None:
        super().__init__(
            validate=validate.Range(low, high, error=f"Must be a whole number from {low} to {high}."), **kwargs
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if type(value) is float and value.is_integer():
            return int(value)  # JSON has one kind of number: 5.0 is 5.
        if type(value) is not int:
            raise ValidationError("Must be a whole number.")
        return value


class QueryWhole(Whole):
    """The same in a query, where everything is text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", value):
            raise ValidationError("Must be a whole number.")
        return int(value)


class NumberField(fields.Float):
    """A number."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if type(value) is int or (type(value) is float and math.isfinite(value)):
            return value
        raise ValidationError("Must be a number.")


class Flag(fields.Boolean):
    """true or false."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if type(value) is not bool:
            raise ValidationError("Must be true or false.")
        return value


class QueryFlag(Flag):
    """The same in a query, where everything is text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if value not in ("true", "false"):
            raise ValidationError("Must be true or false.")
        return bool(value == "true")


class Moment(fields.DateTime):
    """A point in time with its offset (RFC 3339, section 5.6); loaded in UTC."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        moment = timestamps.in_utc(value, timestamps.STRICT)
        if moment is None:
            raise ValidationError(timestamps.NO_TIMESTAMP)
        return moment


class JsonObjectField(fields.Dict):
    """A JSON object."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise ValidationError("Must be a JSON object.")
        return value


def choice(*words: str) -> validate.OneOf:
    """Holds a text to a few words."""
    return validate.OneOf(words, error=f"Must be one of {', '.join(words)}.")
