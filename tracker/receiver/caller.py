"""Who is calling: an API key, or nobody in particular.

An `app_id` is public, and browser beacons in the wild send it, or the words `null` and `undefined`, as `X-API-Key`.
All of these count as no key; any other value has to be one.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tracker.application import ApiKey, Application
from tracker.errors import Refused

TRACK = "track"
"""The permission that a key needs to send hits."""
_BEARER = "bearer "
_NO_KEY = ("", "null", "undefined")


def presented_key(environ: Mapping[str, Any]) -> str | None:
    """What is presented as a key, in `X-API-Key` or `Authorization: Bearer`; it may still be an `app_id`."""
    if (key := environ.get("HTTP_X_API_KEY")) is not None and (key := key.strip()).lower() not in _NO_KEY:
        return str(key)
    authorization = environ.get("HTTP_AUTHORIZATION")
    if authorization and authorization[: len(_BEARER)].lower() == _BEARER:
        key = authorization[len(_BEARER) :].strip()
        return None if key.lower() in _NO_KEY else key
    return None


def key_of(presented: str | None, application: Application, now: datetime) -> ApiKey | None:
    """The application's key that was presented, None where none was. Raises Refused for a wrong or unfit one."""
    if presented is None or presented == application.app_id:
        return None
    key = application.key(presented, now)
    if key is None:
        raise Refused("INVALID_API_KEY", 401, "The API key is unknown, has expired or belongs to another application.")
    if not key.may(TRACK):
        raise Refused("FORBIDDEN", 403, f"The API key lacks the permission `{TRACK}`.")
    return key


def require_active(application: Application) -> None:
    """Raise Refused where the application takes no hits."""
    if not application.takes_hits:
        state = "deleted" if application.deleted else application.status
        raise Refused("APPLICATION_INACTIVE", 403, f"The application takes no hits: it is {state}.")
