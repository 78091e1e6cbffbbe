"""Announcing what a batch brought to the webhooks that ask for it, in the batch's transaction.

Where no application of the batch has a webhook, nothing is executed. What was imported announces nothing: it is
history.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

from tracker.ingest.check import Failed, Good
from tracker.outbox.events import FailedHit, batch_failed, session_started
from tracker.outbox.publish import Subscribers, of_event, of_hit
from tracker.store import webhook_deliveries
from tracker.store.database import Transaction
from tracker.store.sessions import SessionActivity
from tracker.store.webhook_deliveries import NewDelivery
from tracker.trace_context import traceparent_of_hit


def announce(
    tx: Transaction,
    stored: Sequence[Good],
    begun: Sequence[SessionActivity],
    failures: Sequence[Failed],
    now: datetime,
) -> int:
    """Write the deliveries for hits that this transaction stored, sessions that they began, and hits that failed.

    Returns how many.
    """
    listening = {item.audience.application_id: item.audience for item in stored if item.audience is not None}
    deliveries = [
        *_of_hits(stored),
        *(
            delivery
            for session in begun
            if session.is_active and (audience := listening.get(session.application_id)) is not None
            for delivery in of_event(audience.subscriptions, session_started(session))
        ),
        *_of_failures(failures, now),
    ]
    return webhook_deliveries.add(tx, deliveries, now)


def _of_hits(stored: Sequence[Good]) -> Iterator[NewDelivery]:
    for item in stored:
        if item.audience is not None and not item.claim.entry.is_imported:
            yield from of_hit(item.audience, item.hit, traceparent_of_hit(item.claim.entry.tracking_data))


def _of_failures(failures: Sequence[Failed], now: datetime) -> Iterator[NewDelivery]:
    by_audience = defaultdict[Subscribers, list[FailedHit]](list)
    for item in failures:
        if item.audience is not None and not item.claim.entry.is_imported:
            entry = item.claim.entry
            by_audience[item.audience].append(FailedHit(entry.id, item.kind, item.reason, entry.updated_at))
    for audience, hits in by_audience.items():
        yield from of_event(audience.subscriptions, batch_failed(audience.application_id, hits, now))
