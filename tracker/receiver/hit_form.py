"""The form of a hit: its fields against the columns of `access_logs`, by who sends it."""

from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError

from tracker.application import ApiKey
from tracker.errors import Refused
from tracker.hit_values import LONGEST_DESCRIPTIONS, LONGEST_IDENTIFIERS, LONGEST_PARAMETER_KEY
from tracker.receiver.field_types import Address, Description, EventId, Identifier, Instant, JsonObject, Number

LONGEST_APP_ID = 50
LONGEST_URL = LONGEST_DESCRIPTIONS["url"]
LONGEST_USER_AGENT = LONGEST_DESCRIPTIONS["user_agent"]
LONGEST_AGE_MS = 86_400_000
TRUSTED = "track:trusted"
"""The permission of a key whose word about the visitor's address and user agent counts."""
_INTEGER = 2**31


class _BrowserHit(Schema):
    """What anybody may say. `app_id` is not here: it was needed before, to find the application."""

    class Meta:
        unknown = EXCLUDE

    client_sub_id = Identifier(LONGEST_IDENTIFIERS["client_sub_id"])
    module_id = Identifier(LONGEST_IDENTIFIERS["module_id"])
    session_id = Identifier(LONGEST_IDENTIFIERS["session_id"])
    event_name = Identifier(LONGEST_IDENTIFIERS["event_name"])
    url = Description(LONGEST_DESCRIPTIONS["url"])
    referrer = Description(LONGEST_DESCRIPTIONS["referrer"])
    screen_resolution = Description(LONGEST_DESCRIPTIONS["screen_resolution"])
    language = Description(LONGEST_DESCRIPTIONS["language"])
    timezone = Description(LONGEST_DESCRIPTIONS["timezone"])
    event_data = JsonObject()
    custom_params = JsonObject(LONGEST_PARAMETER_KEY)
    event_id = EventId()
    age_ms = Number(0, LONGEST_AGE_MS)


class _KeyedHit(_BrowserHit):
    """What a caller with a key may say as well."""

    timestamp = Instant()
    priority = Number(-_INTEGER, _INTEGER - 1, whole=True)


class _TrustedHit(_KeyedHit):
    """What a caller with a key and the permission `track:trusted` may say as well."""

    ip_address = Address()
    user_agent = Description(LONGEST_USER_AGENT)


_BROWSER_FORM, _KEYED_FORM, _TRUSTED_FORM = _BrowserHit(), _KeyedHit(), _TrustedHit()


def load_hit(values: dict[str, Any], key: ApiKey | None) -> dict[str, Any]:
    """The fields of a hit that are given and count from this caller, each fit for its column.

    Fields that are unknown, or not this caller's to say, are left out. Raises Refused that names every bad field.
    """
    form = _BROWSER_FORM if key is None else _TRUSTED_FORM if key.may(TRUSTED) else _KEYED_FORM
    # Some beacons say `screen_res`.
    if "screen_res" in values and not values.get("screen_resolution"):
        values = {**values, "screen_resolution": values["screen_res"]}
    try:
        # No field is required, and `partial` spares marshmallow the search for missing ones.
        loaded: dict[str, Any] = form.load(values, partial=True)
    except ValidationError as error:
        raise _refusal(error.messages_dict) from None
    return loaded


def app_id_in(values: Mapping[str, Any]) -> str | None:
    """The `app_id` that is given, if one is. Raises Refused where it is not a text that can be one."""
    app_id = values.get("app_id")
    if app_id is None or app_id == "":
        return None
    if type(app_id) is not str:
        raise _refusal({"app_id": ["Must be a text."]})
    if len(app_id) > LONGEST_APP_ID:
        raise _refusal({"app_id": [f"Must have at most {LONGEST_APP_ID} characters."]})
    return app_id


def app_id_missing() -> Refused:
    return _refusal({"app_id": ["Is required."]})


def _refusal(fields: Mapping[str, Any]) -> Refused:
    sentence = " ".join(f"{field}: {reasons[0]}" for field, reasons in fields.items())
    return Refused("VALIDATION_ERROR", 400, sentence, details=fields)
