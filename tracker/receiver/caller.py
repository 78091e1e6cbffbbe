"""Who is calling: an API key, or nobody in particular.

An `app_id` is public, and browser beacons in the wild send it, or the words `null` and `undefined`, as `X-API-Key`.
All of these count as no key; any other value has to be one.
"""

from datetime import datetime

from tracker.application import ApiKey, Application
from tracker.errors import Refused

TRACK = "track"
"""The permission that a key needs to send hits."""


def key_of(presented: str | None, application: Application, now: datetime) -> ApiKey | None:
    """Return the application's key that was presented, None where none was. Raises Refused for a wrong or unfit one."""
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
