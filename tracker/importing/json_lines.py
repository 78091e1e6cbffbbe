"""Lines of JSON, an object each: the names are the columns of `access_logs`, and `timestamp` is the hit's time.

A value that the receiver would refuse makes the line malformed, and one that it would cut is cut, so that no line that
is taken can fail when it is written.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson

from tracker.addresses import normalise
from tracker.hit_values import (
    LONGEST_DESCRIPTIONS,
    LONGEST_IDENTIFIERS,
    LONGEST_PARAMETER_KEY,
    MAX_DEPTH,
    faults,
    is_plain,
)
from tracker.importing.record import Malformed, Record

_OBJECTS = ("event_data", "custom_params")
_LONGEST_PATH = 200


def json_object(line: bytes) -> Record:
    """The record of one line; raises Malformed."""
    try:
        values = orjson.loads(line.decode("utf-8", "replace"))
    except orjson.JSONDecodeError as error:
        raise Malformed(f"not JSON: {error.msg}") from error
    if not isinstance(values, dict):
        raise Malformed("not a JSON object")
    if b"\\u0000" in line or not is_plain(values, MAX_DEPTH):
        for path, reason in faults(values, "", MAX_DEPTH):
            raise Malformed(f"{path[:_LONGEST_PATH]}: {reason}")
    if not values.get("screen_resolution"):
        values["screen_resolution"] = values.get("screen_res")
    columns: dict[str, Any] = {}
    for names, read in _READERS:
        # An empty text is an absent one: an empty session_id would become one session of everybody.
        columns.update((name, read(name, value)) for name in names if (value := values.get(name)) not in (None, ""))
    return Record(created_at=_time(values.get("timestamp")), columns=columns)


def _identifier(name: str, value: Any) -> str:  # noqa: ANN401 any JSON value
    if not isinstance(value, str):
        raise Malformed(f"{name} is not a text")
    if len(value) > LONGEST_IDENTIFIERS[name]:
        raise Malformed(f"{name} is longer than {LONGEST_IDENTIFIERS[name]} characters")
    return value


def _description(name: str, value: Any) -> str:  # noqa: ANN401 any JSON value
    if not isinstance(value, str):
        raise Malformed(f"{name} is not a text")
    return value[: LONGEST_DESCRIPTIONS[name]]


def _object(name: str, value: Any) -> dict[str, Any]:  # noqa: ANN401 any JSON value
    if not isinstance(value, dict):
        raise Malformed(f"{name} is not a JSON object")
    if name == "custom_params" and any(len(key) > LONGEST_PARAMETER_KEY for key in value):
        raise Malformed(f"a key of custom_params is longer than {LONGEST_PARAMETER_KEY} characters")
    return value


def _address(name: str, value: Any) -> str:  # noqa: ANN401 any JSON value
    address = normalise(value) if isinstance(value, str) else None
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
    (tuple(LONGEST_IDENTIFIERS), _identifier),
    (tuple(LONGEST_DESCRIPTIONS), _description),
    (_OBJECTS, _object),
    (("ip_address",), _address),
)
