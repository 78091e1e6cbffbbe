"""After a change: the receivers hear of it."""

from tracker.api.caller import target
from tracker.api.services import current_services
from tracker.management import notify_receivers as management


def notify_receivers(app_id: str | None = None) -> None:
    """Tell the receivers that the application that this request is about, or another one, has changed."""
    management.notify_receivers(current_services().redis, app_id or target().app_id)
