"""Writing deliveries, in the transaction in which the thing happens: both are there afterwards, or neither is.

An event that a webhook has been given before is left alone (`webhook_deliveries`, unique by webhook and event id), so
that whatever is done again after a kill announces nothing twice.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tracker.outbox.deliveries import delivery, of_event
from tracker.outbox.events import Event
from tracker.store import webhook_deliveries, webhooks
from tracker.store.database import Transaction
from tracker.store.webhooks import Subscription


def announce(tx: Transaction, application_id: UUID, events: Sequence[Event], now: datetime) -> int:
    """Write what these events are for the application's active webhooks; how many deliveries.

    Where there is no webhook, this is one look at an index.
    """
    return announce_all(tx, [(application_id, event) for event in events], now)


def announce_all(tx: Transaction, events: Sequence[tuple[UUID, Event]], now: datetime) -> int:
    """The same for events of several applications, each with its application's id."""
    if not events:
        return 0
    active = webhooks.active_of(tx, list({application_id for application_id, _ in events}))
    deliveries = [each for application, event in events for each in of_event(active.get(application, ()), event)]
    return webhook_deliveries.add(tx, deliveries, now)


def send_to(tx: Transaction, subscription: Subscription, event: Event, now: datetime) -> int:
    """Write one event for one webhook, whether it asks for such events or not, and however much waits for it."""
    return webhook_deliveries.add(tx, [delivery([subscription], event, event.type)], now, even_if_full=True)
