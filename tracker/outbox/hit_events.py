"""What a hit says to those who listen; pure.

The fields are the columns of `access_logs`. Who the visitor is (address, user agent) is left out unless the
application's settings ask for it; the address then is the one that is stored, after anonymization.
"""

from collections.abc import Mapping

from tracker.application_settings import WEBHOOK_IP_ADDRESS, WEBHOOK_USER_AGENT
from tracker.hit import Hit
from tracker.outbox.event_types import HIT
from tracker.outbox.events import Event

_FIELDS = (
    "url",
    "referrer",
    "event_name",
    "event_data",
    "custom_params",
    "session_id",
    "client_sub_id",
    "module_id",
)
_ON_REQUEST = {"ip_address": WEBHOOK_IP_ADDRESS, "user_agent": WEBHOOK_USER_AGENT}


def fields_by(settings: Mapping[str, str | None]) -> tuple[str, ...]:
    """The columns that the webhooks of an application with these settings get."""
    return (*_FIELDS, *(name for name, setting in _ON_REQUEST.items() if setting.value(settings)))


def hit_event(hit: Hit, fields: tuple[str, ...]) -> Event:
    """The event that a stored hit is. Its id follows from the tracking id, however often the hit is delivered."""
    tracking_id = hit.tracking_id
    columns = {name: getattr(hit, name) for name in fields}
    data = {"tracking_id": tracking_id, **columns, "created_at": hit.created_at}
    return Event(HIT, f"hit_{tracking_id.hex}", hit.created_at, data)
