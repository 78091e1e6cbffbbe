"""What every change of the management leaves behind: a row in the audit log, and the event for the webhooks."""

from collections.abc import Mapping
from typing import Any

from tracker.application import Application
from tracker.management import audit
from tracker.management.actor import Actor
from tracker.outbox.event import Event, event_id
from tracker.outbox.event_types import APPLICATION_UPDATED, PARAMETER_UPDATED
from tracker.outbox.publish import publish
from tracker.store.database import Transaction

__all__ = ["APPLICATION_UPDATED", "PARAMETER_UPDATED", "note"]


def note(  # noqa: PLR0917 who, where, what, which, from, to: the order of a sentence
    tx: Transaction,
    by: Actor,
    application: Application,
    action: str,
    subject: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    *,
    event: str | None = None,
) -> None:
    """Note a change in the transaction that makes it, and publish it as `event` where webhooks may ask for that."""
    change = audit.record(tx, by, application.id, action, subject, before, after)
    if event is not None:
        data = {"change": action, "subject": subject, "before": change.before, "after": change.after}
        happened = Event(event, event_id("change", change.number), change.at, data)
        publish(tx, application.id, [happened], change.at)
