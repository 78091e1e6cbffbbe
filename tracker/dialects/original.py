"""The Go original's two habits: events inside `custom_params`, and parameters beside the fields.

Its documented `ALT.trackEvent("add_to_cart", {...})` sends `custom_params: {"event_type": ..., "event_data": ...}`, and
the beacon that it generates for an application spreads the custom parameters over the top level of the hit.
"""

from collections.abc import Collection
from typing import Any, Final

from tracker.hit_values import MAX_DESCRIPTION_LENGTHS, MAX_IDENTIFIER_LENGTHS

NAME: Final = "original"
_FIELDS: Final = frozenset(
    {
        *MAX_IDENTIFIER_LENGTHS,
        *MAX_DESCRIPTION_LENGTHS,
        *("app_id", "screen_res", "event_data", "custom_params", "event_id", "age_ms", "timestamp"),
        *("priority", "ip_address"),
    }
)


def translated(values: dict[str, Any], defined: Collection[str]) -> dict[str, Any]:
    """Return a hit without these habits; the very same one where it has none.

    Parameters beside the fields are kept where the application has `defined` them. What stands in `custom_params`
    itself goes before them, and the hit's own `event_name` and `event_data` before those inside `custom_params`.
    """
    parameters = values.get("custom_params")
    if defined and not values.keys() <= _FIELDS:
        beside = {name: values[name] for name in values.keys() - _FIELDS if name in defined}
        if beside and (parameters is None or type(parameters) is dict):
            parameters = {**beside, **(parameters or {})}
            values = {**values, "custom_params": parameters}
    if type(parameters) is dict and "event_type" in parameters:
        values = _with_event(values, parameters)
    return values


def _with_event(values: dict[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
    name, data = parameters["event_type"], parameters.get("event_data")
    if type(name) is not str or not name or values.get("event_name"):
        return values
    rest = {key: value for key, value in parameters.items() if key not in ("event_type", "event_data")}
    event: dict[str, Any] = {"event_name": name, "custom_params": rest or None}
    if data is not None and values.get("event_data") is None:
        event["event_data"] = data if type(data) is dict else {"value": data}
    return {**values, **event}
