"""What an event or a hit becomes: deliveries for those who ask for it; pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from tracker.hit import Hit
from tracker.outbox.audience import Audience
from tracker.outbox.body import body
from tracker.outbox.event_types import type_for_hit, wants
from tracker.outbox.events import Event
from tracker.outbox.hit_events import hit_event
from tracker.store.webhook_deliveries import NewDelivery
from tracker.store.webhooks import Subscription


def of_event(subscriptions: Iterable[Subscription], event: Event) -> Iterator[NewDelivery]:
    """None or one, for all of an application's webhooks that ask for such events."""
    listening = [each for each in subscriptions if wants(each.events, event.type)]
    if listening:
        yield delivery(listening, event, event.type)


def of_hit(audience: Audience, hit: Hit) -> Iterator[NewDelivery]:
    """One for each type under which webhooks get the hit; no webhook gets it twice."""
    listening = defaultdict[str, list[Subscription]](list)
    for subscription in audience.subscriptions:
        event_type = type_for_hit(subscription.events, hit.event_name)
        if event_type is not None:
            listening[event_type].append(subscription)
    if listening:
        event = hit_event(hit, audience.fields)
        for event_type, subscriptions in listening.items():
            yield delivery(subscriptions, event, event_type)


def delivery(subscriptions: Sequence[Subscription], event: Event, event_type: str) -> NewDelivery:
    """One event for webhooks of one application, whether they ask for it or not."""
    return NewDelivery(
        webhook_ids=tuple(each.id for each in subscriptions),
        event_id=event.event_id,
        event_type=event_type,
        payload=body(event, subscriptions[0].app_id, event_type),
    )
