"""The form of a hit: its fields against the columns of `access_logs`, by who sends it."""

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError

from tracker.application import ApiKey
from tracker.errors import Refused
from tracker.hit_values import MAX_DESCRIPTION_LENGTHS, MAX_IDENTIFIER_LENGTHS, MAX_PARAMETER_KEY_LENGTH
from tracker.privacy.addresses import normalise
from tracker.receiver.field_types import Address, Description, EventId, Identifier, Instant, JsonObject, Number
from tracker.web.timestamps import WITH_SPACE, in_utc

MAX_USER_AGENT_LENGTH = MAX_DESCRIPTION_LENGTHS["user_agent"]
MAX_AGE_MS = 86_400_000
TRUSTED = "track:trusted"
"""The permission of a key whose word about the visitor's address and user agent counts."""
_INTEGER = 2**31
_USUAL: tuple[tuple[str, type, int], ...] = (
    *((name, str, longest) for name, longest in MAX_IDENTIFIER_LENGTHS.items()),
    *((name, str, longest) for name, longest in MAX_DESCRIPTION_LENGTHS.items() if name != "user_agent"),
    ("event_id", str, 36),
    ("event_data", dict, 0),
    ("custom_params", dict, 0),
    ("age_ms", int, 0),
)
"""What a browser's hit may have, of which type, and how many characters of it."""
_NOTHING: Mapping[str, Any] = {}
_EVENT_ID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
"""A UUID in its canonical spelling, as browsers make it."""


class _Form(Schema):
    class Meta:
        unknown = EXCLUDE


_BrowserHit = _Form.from_dict(
    {
        **{name: Identifier(longest) for name, longest in MAX_IDENTIFIER_LENGTHS.items()},
        **{name: Description(longest) for name, longest in MAX_DESCRIPTION_LENGTHS.items() if name != "user_agent"},
        "event_data": JsonObject(),
        "custom_params": JsonObject(MAX_PARAMETER_KEY_LENGTH),
        "event_id": EventId(),
        "age_ms": Number(0, MAX_AGE_MS),
    },
    name="_BrowserHit",
)
"""What anybody may say. `app_id` is not here: it was needed before, to find the application."""


class _KeyedHit(_BrowserHit):  # type: ignore[misc, valid-type] # made above
    """What a caller with a key may say as well."""

    timestamp = Instant()
    priority = Number(-_INTEGER, _INTEGER - 1, whole=True)


class _TrustedHit(_KeyedHit):
    """What a caller with a key and the permission `track:trusted` may say as well."""

    ip_address = Address()
    user_agent = Description(MAX_USER_AGENT_LENGTH)


_BROWSER_FORM, _KEYED_FORM, _TRUSTED_FORM = _BrowserHit(), _KeyedHit(), _TrustedHit()


def load_hit(values: dict[str, Any], key: ApiKey | None) -> dict[str, Any]:
    """Return the fields of a hit that are given and count from this caller, each fit for its column.

    Fields that are unknown, or not this caller's to say, are left out. Raises Refused that names every bad field.
    """
    is_trusted = key is not None and key.may(TRUSTED)
    usual = _usual_fields(values)
    if usual is not None and (key is None or _add_usual_fields_of_key(usual, values, is_trusted=is_trusted)):
        return usual
    form = _BROWSER_FORM if key is None else _TRUSTED_FORM if is_trusted else _KEYED_FORM
    # Some beacons say `screen_res`.
    if "screen_res" in values and not values.get("screen_resolution"):
        values = {**values, "screen_resolution": values["screen_res"]}
    try:
        # No field is required, and `partial` spares marshmallow the search for missing ones.
        loaded: dict[str, Any] = form.load(values, partial=True)
    except ValidationError as error:
        raise _refusal(error.messages_dict) from None
    return loaded


def _usual_fields(values: dict[str, Any]) -> dict[str, Any] | None:
    """Return what `_BROWSER_FORM` makes of a browser's hit in which all is as it should be; None where anything is not.

    It takes a sixth of the form's time, and judges nothing: whatever is unusual is the form's to decide and explain.
    """
    loaded: dict[str, Any] = {}
    for name, kind, longest in _USUAL:
        value: Any = values.get(name)
        if value is None:
            continue
        if type(value) is not kind:
            return None
        if kind is str:
            if not value or values[name].isspace():
                continue
            if len(values[name]) > longest:
                return None
        loaded[name] = value
    return loaded if "screen_res" not in values and _are_usual(**loaded) else None


def _add_usual_fields_of_key(loaded: dict[str, Any], values: Mapping[str, Any], *, is_trusted: bool) -> bool:
    """Add what only a caller with a key may say; tell whether all of it is as it should be."""
    if (timestamp := values.get("timestamp")) is not None:
        loaded["timestamp"] = in_utc(timestamp, WITH_SPACE)
    if (priority := values.get("priority")) is not None:
        loaded["priority"] = priority if type(priority) is int and -_INTEGER <= priority < _INTEGER else None
    if is_trusted:
        if (agent := values.get("user_agent")) is not None and agent != "":
            is_usual = type(agent) is str and len(agent) <= MAX_USER_AGENT_LENGTH and not agent.isspace()
            loaded["user_agent"] = agent if is_usual else None
        if (address := values.get("ip_address")) is not None and address != "":
            loaded["ip_address"] = normalise(address) if type(address) is str else None
    return None not in loaded.values()


def _are_usual(
    *, event_id: str = "", age_ms: int = 0, custom_params: Mapping[str, Any] = _NOTHING, **_: object
) -> bool:
    return (
        (not event_id or _EVENT_ID.fullmatch(event_id) is not None)
        and 0 <= age_ms <= MAX_AGE_MS
        and max(map(len, custom_params), default=0) <= MAX_PARAMETER_KEY_LENGTH
    )


def _refusal(fields: Mapping[str, Any]) -> Refused:
    sentence = " ".join(f"{field}: {reasons[0]}" for field, reasons in fields.items())
    return Refused("VALIDATION_ERROR", 400, sentence, details=fields)
