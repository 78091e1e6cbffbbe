# ruff: noqa: ANN401, ARG002 - the signature of `deserialize` is marshmallow's: any JSON value comes in
"""The marshmallow fields of a hit: what a column takes, and nothing else.

marshmallow's own fields convert (`Integer` takes `True`), and call three functions a value; a hit is loaded on every
request, so these answer a good value in one. A null or empty value, or one of blanks alone, is an absent one: such a
`session_id` would otherwise become one session of everybody.
"""

import math
from datetime import datetime
from typing import Any
from uuid import UUID

from marshmallow import ValidationError, fields, missing

from tracker.privacy.addresses import normalise
from tracker.web import timestamps

_NO_TEXT = "Must be a text."


def _says_nothing(text: str) -> bool:
    return not text or text.isspace()


class Identifier(fields.Field[str]):
    """A text that names something: refused where it is longer than its column, since a cut name is another name."""

    def __init__(self, longest: int) -> None:
        super().__init__()
        self._longest = longest

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        if value is None:
            return missing
        if type(value) is not str:
            raise ValidationError(_NO_TEXT)
        if _says_nothing(value):
            return missing
        if len(value) > self._longest:
            raise ValidationError(f"Must have at most {self._longest} characters.")
        return value


class Description(fields.Field[str]):
    """A text that describes: cut where it is longer than its column, since most of it is better than no hit."""

    def __init__(self, longest: int) -> None:
        super().__init__()
        self._longest = longest

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        if value is None:
            return missing
        if type(value) is not str:
            raise ValidationError(_NO_TEXT)
        text = value[: self._longest]
        return missing if _says_nothing(text) else text


class JsonObject(fields.Field[dict[str, Any]]):
    """A JSON object; its keys may have `longest_key` characters where that is given."""

    def __init__(self, longest_key: int | None = None) -> None:
        super().__init__()
        self._longest_key = longest_key

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        if value is None:
            return missing
        if type(value) is not dict:
            raise ValidationError("Must be a JSON object.")
        if self._longest_key is not None:
            for key in value:
                if len(key) > self._longest_key:
                    raise ValidationError(
                        f"The key {key[:20]}… is too long: at most {self._longest_key} characters are allowed."
                    )
        return value


class Number(fields.Field[float]):
    """A number from `low` to `high`; `whole` ones have no fraction. A boolean is none."""

    def __init__(self, low: int, high: int, *, whole: bool = False) -> None:
        super().__init__()
        self._low, self._high, self._whole = low, high, whole

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        if value is None:
            return missing
        number = type(value) is int or (type(value) is float and math.isfinite(value))
        if not number or (self._whole and value != int(value)) or not self._low <= value <= self._high:
            kind = "whole number" if self._whole else "number"
            raise ValidationError(f"Must be a {kind} from {self._low} to {self._high}.")
        return int(value) if self._whole else value


class Instant(fields.Field[datetime]):
    """A point in time with its offset (RFC 3339, section 5.6); loaded in UTC, fractions cut to microseconds."""

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        if value is None or (type(value) is str and _says_nothing(value)):
            return missing
        moment = timestamps.in_utc(value, timestamps.WITH_SPACE)
        if moment is None:
            raise ValidationError(timestamps.NO_TIMESTAMP)
        return moment


class Address(fields.Field[str]):
    """An IPv4 or IPv6 address; loaded in canonical form."""

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        if value is None or (type(value) is str and _says_nothing(value)):
            return missing
        if type(value) is str and (address := normalise(value)):
            return address
        raise ValidationError("Must be an IP address.")


class EventId(fields.Field[str]):
    """A UUID; loaded in its one canonical spelling, so that two spellings are the same hit."""

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        if value is None or (type(value) is str and _says_nothing(value)):
            return missing
        try:
            return str(UUID(value))
        except (ValueError, TypeError, AttributeError):
            raise ValidationError("Must be a UUID.") from None
