"""Writing deliveries, in the transaction in which the thing happens: both are there afterwards, or neither is.

An event that a webhook has been given before is left alone (`webhook_deliveries`, unique by webhook and event id), so
that whatever is done again after a kill announces nothing twice.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from uuid import UUID

from tracker.hit import Hit
from tracker.outbox.audience import Audience
from tracker.outbox.body import body
from tracker.outbox.event_types import type_for_hit, wants
from tracker.outbox.events import Event
from tracker.outbox.hit_events import hit_event
from tracker.store import webhook_deliveries, webhooks
from tracker.store.database import Transaction
from tracker.store.webhook_deliveries import NewDelivery
from tracker.store.webhooks import Subscription


def announce(tx: Transaction, application_id: UUID, events: Sequence[Event], now: datetime) -> int:
    """Write what these events are for the application's active webhooks; how many deliveries.

    Where there is no webhook, this is one look at an index.
    """
    return announce_all(tx, [(application_id, event) for event in events], now)


def announce_all(tx: Transaction, events: Sequence[tuple[UUID, Event]], now: datetime) -> int:
    """The same for events of several applications."""
    if not events:
        return 0
    active = webhooks.active_of(tx, list({application_id for application_id, _ in events}))
    deliveries = [
        delivery for application_id, event in events for delivery in _deliveries(active.get(application_id, ()), event)
    ]
    return webhook_deliveries.add(tx, deliveries, now)


def announce_to(tx: Transaction, audience: Audience, events: Iterable[Event], now: datetime) -> int:
    """The same where it is known already who listens."""
    deliveries = [delivery for event in events for delivery in _deliveries(audience.subscriptions, event)]
    return webhook_deliveries.add(tx, deliveries, now)


def announce_hits(tx: Transaction, hits: Iterable[tuple[Audience, Hit]], now: datetime) -> int:
    """Write what stored hits are for those who listen; how many deliveries. Without any, nothing is executed."""
    deliveries = [delivery for audience, hit in hits for delivery in _deliveries_of_hit(audience, hit)]
    return webhook_deliveries.add(tx, deliveries, now)


def send_to(tx: Transaction, subscription: Subscription, event: Event, now: datetime) -> int:
    """Write one event for one webhook, whether it asks for such events or not."""
    return webhook_deliveries.add(tx, [_delivery([subscription], event, event.type)], now)


def _deliveries(subscriptions: Iterable[Subscription], event: Event) -> Iterator[NewDelivery]:
    listening = [each for each in subscriptions if wants(each.events, event.type)]
    if listening:
        yield _delivery(listening, event, event.type)


def _deliveries_of_hit(audience: Audience, hit: Hit) -> Iterator[NewDelivery]:
    listening = defaultdict[str, list[Subscription]](list)
    for subscription in audience.subscriptions:
        event_type = type_for_hit(subscription.events, hit.event_name)
        if event_type is not None:
            listening[event_type].append(subscription)
    if listening:
        event = hit_event(hit, audience.fields)
        for event_type, subscriptions in listening.items():
            yield _delivery(subscriptions, event, event_type)


def _delivery(subscriptions: Sequence[Subscription], event: Event, event_type: str) -> NewDelivery:
    return NewDelivery(
        webhook_ids=tuple(each.id for each in subscriptions),
        event_id=event.event_id,
        event_type=event_type,
        payload=body(event, subscriptions[0].app_id, event_type),
    )
