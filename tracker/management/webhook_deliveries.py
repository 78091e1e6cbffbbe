"""What was sent to a webhook and what became of it: looked at, sent again, discarded, tried out."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tracker.clock import Clock
from tracker.errors import Refused, conflict, not_found
from tracker.management import audit
from tracker.management.audit import COMMAND, Actor
from tracker.management.webhooks import found
from tracker.outbox.events import webhook_test
from tracker.outbox.publish import send_to
from tracker.store import leases, webhook_backlogs, webhook_deliveries
from tracker.store.database import Database, Transaction
from tracker.store.webhook_deliveries import DeliveryRow, State
from tracker.store.webhooks import Subscription, WebhookRow

_BATCH = 500
"""Deliveries that a transaction sends again."""
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Redelivered:
    """How many deliveries are sent again; `out_of_room` where it ended because as many wait as should."""

    count: int
    out_of_room: bool


def list_(
    database: Database,
    webhook_id: UUID,
    *,
    app_id: str | None = None,
    state: State | None = None,
    before_id: int | None = None,
    limit: int = 50,
) -> list[DeliveryRow]:
    """Return a webhook's deliveries with every attempt, the latest first.

    `before_id` is the last one of the page before.

    Raises Refused for an unknown webhook.
    """
    with database.transaction() as tx:
        found(tx, webhook_id, app_id)
        return webhook_deliveries.list_rows(tx, webhook_id, limit=limit, state=state, before_id=before_id)


def show(
    database: Database, webhook_id: UUID, delivery_id: int, *, app_id: str | None = None
) -> tuple[DeliveryRow, str]:
    """Return a delivery with its attempts, and its body as it is signed and sent.

    Raises Refused where there is no such webhook, or no such delivery of it.
    """
    with database.transaction() as tx:
        found(tx, webhook_id, app_id)
        row = _delivery(tx, webhook_id, str(delivery_id))
        body = webhook_deliveries.payload(tx, webhook_id, row.id)
    if body is None:
        raise _unknown(str(delivery_id))
    return row, body


def redeliver(
    database: Database,
    webhook_id: UUID,
    delivery: str,
    *,
    app_id: str | None = None,
    now: datetime,
    by: Actor = COMMAND,
) -> DeliveryRow:
    """Send one delivery again, whatever became of it, under the same event id; `delivery` is its id or event id.

    Its schedule of retries begins anew. Raises Refused: NOT_FOUND, CONFLICT where the webhook is disabled.
    """
    with database.transaction() as tx:
        webhook = _active(tx, webhook_id, app_id)
        row = _delivery(tx, webhook_id, delivery)
        webhook_deliveries.redeliver(tx, webhook_id, row.id, now=now)
        _note(tx, by, webhook, "webhook.redelivered", {"event_id": row.event_id})
        return _delivery(tx, webhook_id, row.event_id)


def discard(
    database: Database,
    webhook_id: UUID,
    delivery: str,
    *,
    app_id: str | None = None,
    now: datetime,
    by: Actor = COMMAND,
) -> DeliveryRow:
    """Give up a delivery that waits, also of a disabled webhook; it counts as failed, and `redeliver` can send it yet.

    Raises Refused: NOT_FOUND, CONFLICT where it does not wait any more or is being sent at this moment.
    """
    with database.transaction() as tx:
        webhook = found(tx, webhook_id, app_id)
        row = _delivery(tx, webhook_id, delivery)
        if not webhook_deliveries.discard(tx, webhook_id, row.id, now=now):
            if _delivery(tx, webhook_id, row.event_id).state == "waiting":
                raise conflict("The delivery is being sent at this moment: look at it again in a minute.")
            raise conflict("The delivery does not wait any more: only what waits can be discarded.")
        _note(tx, by, webhook, "webhook.discarded", {"event_id": row.event_id})
        return _delivery(tx, webhook_id, row.event_id)


def redeliver_failed(
    database: Database,
    webhook_id: UUID,
    *,
    since: datetime,
    waiting_limit: int,
    app_id: str | None = None,
    now: datetime,
    by: Actor = COMMAND,
) -> Redelivered:
    """Send again what failed for good since a time, as much as there is room for, in the order in which it failed.

    There is room until half of `waiting_limit` wait (0: always), so that what happens now does not fail for it.
    Raises Refused as `redeliver` does.
    """
    with database.transaction() as tx:
        _note(tx, by, _active(tx, webhook_id, app_id), "webhook.redelivered", {"failed_since": since})
        room = None
        if waiting_limit:
            most = webhook_backlogs.room_below(waiting_limit)
            room = most - webhook_backlogs.count(tx, webhook_id, most=most)
    total, place = 0, (since, 0)
    while room is None or total < room:
        limit = _BATCH if room is None else min(_BATCH, room - total)
        with database.transaction() as tx:
            batch, place = webhook_deliveries.redeliver_failed(tx, webhook_id, after=place, now=now, limit=limit)
        total += batch
        if batch < limit:
            return Redelivered(total, out_of_room=False)
    return Redelivered(total, out_of_room=True)


def send_test(database: Database, webhook_id: UUID, *, app_id: str | None = None, now: datetime) -> DeliveryRow:
    """Have a `webhook.test` sent to a webhook, whatever it asks for. Raises Refused as `redeliver` does."""
    with database.transaction() as tx:
        webhook = _active(tx, webhook_id, app_id)
        target = Subscription(
            id=webhook.id,
            application_id=webhook.application_id,
            app_id=webhook.app_id,
            events=frozenset(),
            updated_at=webhook.updated_at,
        )
        event = webhook_test(webhook_id, now)
        send_to(tx, target, event, now)
        return _delivery(tx, webhook_id, event.event_id)


def wait(
    database: Database,
    delivery: DeliveryRow,
    clock: Clock,
    *,
    seconds: float,
    sleep: Callable[[float], None] = time.sleep,
) -> DeliveryRow:
    """Return the delivery after its next attempt, or as it is when the time is over.

    Raises Refused where it is gone.
    """
    deadline = clock.monotonic() + seconds
    while True:
        with database.transaction() as tx:
            row = _delivery(tx, delivery.webhook_id, delivery.event_id)
        if row.attempt > delivery.attempt or clock.monotonic() >= deadline:
            return row
        sleep(_LOOK_SECONDS)


def is_sent(database: Database) -> bool:
    """Return whether a scheduler works, without which nothing is sent."""
    with database.transaction() as tx:
        return leases.holder(tx, leases.SCHEDULER) is not None


def _active(tx: Transaction, webhook_id: UUID, app_id: str | None) -> WebhookRow:
    webhook = found(tx, webhook_id, app_id)
    if not webhook.is_active:
        raise conflict(f"The webhook {webhook_id} is disabled, and nothing is sent to it: enable it first.")
    return webhook


def _delivery(tx: Transaction, webhook_id: UUID, delivery: str) -> DeliveryRow:
    """By id, a number, or by event id, which begins with a word."""
    if delivery.isdecimal() and len(delivery) <= len(str(2**63)) - 1:
        rows = webhook_deliveries.list_rows(tx, webhook_id, limit=1, before_id=int(delivery) + 1)
        rows = [row for row in rows if row.id == int(delivery)]
    else:
        rows = webhook_deliveries.list_rows(tx, webhook_id, limit=1, event_id=delivery)
    if not rows:
        raise _unknown(delivery)
    return rows[0]


def _unknown(delivery: str) -> Refused:
    return not_found(f"The webhook has no delivery {delivery[:100]!r}.")


def _note(tx: Transaction, by: Actor, webhook: WebhookRow, action: str, what: dict[str, object]) -> None:
    audit.record(tx, by, webhook.application_id, action, str(webhook.id), after=what)
