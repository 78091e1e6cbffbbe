"""After a change: the receivers hear of it."""

from tracker.api.caller import target
from tracker.api.parts import parts
from tracker.management.announce import announce


def changed(app_id: str | None = None) -> None:
    """Tell the receivers that the application that this request is about, or another one, has changed."""
    announce(parts().redis, app_id or target().app_id)
