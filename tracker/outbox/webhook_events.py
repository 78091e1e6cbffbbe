"""What is said of webhooks themselves; pure."""

from datetime import datetime
from uuid import UUID

from tracker.outbox.event_types import WEBHOOK_DISABLED, WEBHOOK_TEST
from tracker.outbox.events import Event, event_id


def disabled(webhook_id: UUID, reason: str, at: datetime) -> Event:
    """For the application's other webhooks: nothing is sent to this one any more.

    Its URL, which may be one that only its owner knows, is not told.
    """
    data = {"webhook_id": webhook_id, "reason": reason, "disabled_at": at}
    return Event(WEBHOOK_DISABLED, event_id("disabled", webhook_id, at), at, data)


def trial(webhook_id: UUID, at: datetime) -> Event:
    """Something to send when somebody wants to see a webhook work."""
    data = {"webhook_id": webhook_id, "message": "A test: somebody asked for it."}
    return Event(WEBHOOK_TEST, event_id("test", webhook_id, at), at, data)
