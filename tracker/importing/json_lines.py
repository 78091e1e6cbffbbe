"""Lines of JSON, an object each: the names are the columns of `access_logs`, and `timestamp` is the hit's time.

A value that the receiver would refuse makes the line malformed, and one that it would cut is cut, so that no line that
is taken can fail when it is written.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson

from tracker.importing.record import LONGEST_TEXTS, Malformed, Record, address_of

_IDENTIFIERS = {"client_sub_id": 100, "module_id": 100, "session_id": 100, "event_name": 100}
_DESCRIPTIONS = {"screen_resolution": 20, "language": 10, "timezone": 50, **LONGEST_TEXTS}
_OBJECTS = ("event_data", "custom_params")
_KEY_LENGTH = 100
_DEPTH = 20
_SAFE = 2**53 - 1
"""RFC 8259, section 6: whole numbers beyond this do not survive every reader of JSON."""


def json_object(line: bytes) -> Record:
    """The record of one line; raises Malformed."""
    try:
        values = orjson.loads(line.decode("utf-8", "replace"))
    except orjson.JSONDecodeError as error:
        raise Malformed(f"not JSON: {error.msg}") from error
    if not isinstance(values, dict):
        raise Malformed("not a JSON object")
    _check_value(values, depth=1)
    if not values.get("screen_resolution"):
        values["screen_resolution"] = values.get("screen_res")
    columns: dict[str, Any] = {}
    for names, read in _READERS:
        # An empty text is an absent one: an empty session_id would become one session of everybody.
        columns.update((name, read(name, value)) for name in names if (value := values.get(name)) not in (None, ""))
    return Record(created_at=_time(values.get("timestamp")), columns=columns)


def _check_value(value: Any, *, depth: int) -> None:  # noqa: ANN401 any JSON value
    """No NUL in any text, no number beyond the safe range, no nesting beyond the limit."""
    if isinstance(value, str):
        if "\0" in value:
            raise Malformed("a text holds a NUL character")
    elif isinstance(value, int | float):
        if abs(value) > _SAFE:
            raise Malformed("a number is beyond the safe range of JSON")
    elif isinstance(value, dict | list):
        if depth > _DEPTH:
            raise Malformed(f"nested over {_DEPTH} levels deep")
        for inner in value if isinstance(value, list) else (*value.keys(), *value.values()):
            _check_value(inner, depth=depth + 1)


def _identifier(name: str, value: Any) -> str:  # noqa: ANN401 any JSON value
    if not isinstance(value, str):
        raise Malformed(f"{name} is not a text")
    if len(value) > _IDENTIFIERS[name]:
        raise Malformed(f"{name} is longer than {_IDENTIFIERS[name]} characters")
    return value


def _description(name: str, value: Any) -> str:  # noqa: ANN401 any JSON value
    if not isinstance(value, str):
        raise Malformed(f"{name} is not a text")
    return value[: _DESCRIPTIONS[name]]


def _object(name: str, value: Any) -> dict[str, Any]:  # noqa: ANN401 any JSON value
    if not isinstance(value, dict):
        raise Malformed(f"{name} is not a JSON object")
    if name == "custom_params" and any(len(key) > _KEY_LENGTH for key in value):
        raise Malformed(f"a key of custom_params is longer than {_KEY_LENGTH} characters")
    return value


def _address(name: str, value: Any) -> str:  # noqa: ANN401 any JSON value
    address = address_of(value) if isinstance(value, str) else None
    if address is None:
        raise Malformed(f"{name} is not an IP address")
    return address


def _time(value: Any) -> datetime:  # noqa: ANN401 any JSON value
    """RFC 3339 with a zone, or seconds since 1970, with a fraction or without."""
    try:
        if isinstance(value, str):
            time = datetime.fromisoformat(value)
            if time.tzinfo is None:
                raise Malformed("timestamp has no time zone (write 2026-01-31T12:00:00Z)")
            return time.astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError) as error:
        if isinstance(error, Malformed):
            raise
        raise Malformed("timestamp is not a time") from error
    raise Malformed("timestamp is missing" if value is None else "timestamp is not a time")


_READERS: tuple[tuple[tuple[str, ...], Callable[[str, Any], Any]], ...] = (
    (tuple(_IDENTIFIERS), _identifier),
    (tuple(_DESCRIPTIONS), _description),
    (_OBJECTS, _object),
    (("ip_address",), _address),
)
