"""Writing deliveries, in the transaction in which the thing happens: both are there afterwards, or neither is.

Idempotent: an event that a webhook has been given before is left alone (`webhook_deliveries`, unique by webhook and
event id), so that whatever is done again after a kill publishes nothing twice.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tracker.application import Application
from tracker.hit import Hit
from tracker.outbox.event import Event
from tracker.outbox.event_types import type_for_hit, wants
from tracker.outbox.events import hit_event, hit_fields
from tracker.outbox.payload import payload
from tracker.store import webhook_deliveries, webhooks
from tracker.store.database import Transaction
from tracker.store.webhook_deliveries import NewDelivery
from tracker.store.webhooks import Subscription


@dataclass(frozen=True, slots=True)
class Subscribers:
    """The active webhooks of one application, at least one, and the columns that they get of a hit."""

    subscriptions: tuple[Subscription, ...]
    fields: tuple[str, ...]

    @property
    def application_id(self) -> UUID:
        return self.subscriptions[0].application_id

    @property
    def app_id(self) -> str:
        return self.subscriptions[0].app_id


def subscribers_of(tx: Transaction, applications: Iterable[Application]) -> dict[UUID, Subscribers]:
    """Return subscribers by application; one without an active webhook has none. One statement for all of them."""
    known = {application.id: application for application in applications}
    if not known:
        return {}
    active = webhooks.active_of(tx, list(known))
    return {
        application_id: Subscribers(subscriptions, hit_fields(known[application_id].settings))
        for application_id, subscriptions in active.items()
    }


def publish(
    tx: Transaction,
    application_id: UUID,
    events: Sequence[Event],
    now: datetime,
    *,
    unchanged_since: datetime | None = None,
) -> int:
    """Write what these events are for the application's active webhooks; how many deliveries.

    With `unchanged_since`, for those that have been as they are since before that time. Where there is no webhook, this
    is one look at an index.
    """
    return publish_all(tx, [(application_id, event) for event in events], now, unchanged_since=unchanged_since)


def publish_all(
    tx: Transaction, events: Sequence[tuple[UUID, Event]], now: datetime, *, unchanged_since: datetime | None = None
) -> int:
    """Do the same for events of several applications, each with its application's id."""
    if not events:
        return 0
    active = webhooks.active_of(tx, list({application_id for application_id, _ in events}))
    if unchanged_since is not None:
        active = {
            application_id: tuple(one for one in subscriptions if one.updated_at < unchanged_since)
            for application_id, subscriptions in active.items()
        }
    deliveries = [item for application, event in events for item in of_event(active.get(application, ()), event)]
    return webhook_deliveries.add(tx, deliveries, now)


def send_to(tx: Transaction, subscription: Subscription, event: Event, now: datetime) -> int:
    """Write one event for one webhook, whether it asks for such events or not, and however much waits for it."""
    return webhook_deliveries.add(tx, [_delivery([subscription], event, event.type)], now, even_if_full=True)


def of_event(subscriptions: Iterable[Subscription], event: Event) -> Iterator[NewDelivery]:
    """Yield none or one, for all of an application's webhooks that ask for such events."""
    listening = [subscription for subscription in subscriptions if wants(subscription.events, event.type)]
    if listening:
        yield _delivery(listening, event, event.type)


def of_hit(subscribers: Subscribers, hit: Hit, traceparent: str | None = None) -> Iterator[NewDelivery]:
    """Yield one for each type under which webhooks get the hit; no webhook gets it twice."""
    listening = defaultdict[str, list[Subscription]](list)
    for subscription in subscribers.subscriptions:
        event_type = type_for_hit(subscription.events, hit.event_name)
        if event_type is not None:
            listening[event_type].append(subscription)
    if listening:
        event = hit_event(hit, subscribers.fields, traceparent)
        for event_type, subscriptions in listening.items():
            yield _delivery(subscriptions, event, event_type)


def _delivery(subscriptions: Sequence[Subscription], event: Event, event_type: str) -> NewDelivery:
    """Return one event for webhooks of one application, whether they ask for it or not."""
    return NewDelivery(
        webhook_ids=tuple(subscription.id for subscription in subscriptions),
        event_id=event.event_id,
        event_type=event_type,
        payload=payload(event, subscriptions[0].app_id, event_type),
    )
