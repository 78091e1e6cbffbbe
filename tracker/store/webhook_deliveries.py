"""`webhook_deliveries` and `webhook_attempts`: one row for each event of each webhook, and one for each attempt at it.

Here is what writers of deliveries and their readers do; what the sender does stands in `webhook_sending`.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import orjson

from tracker.store.database import Transaction
from tracker.store.queries import execute, fetch_all, fetch_one

State = Literal["waiting", "delivered", "failed"]
DeliveryPosition = tuple[datetime, int]
"""When a delivery failed for good, and its id: the order in which failed ones are sent again."""
TOO_MANY = "Too many deliveries were waiting: it was not tried."
DISCARDED = "It was discarded while it waited: it is not sent any more."
_GIVEN_UP = [TOO_MANY, DISCARDED]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """One event as some webhooks are to get it. `payload` is the body, as it is signed and sent."""

    webhook_ids: tuple[UUID, ...]
    event_id: str
    event_type: str
    payload: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt: `status` is the answer's, None where none came; `error` says why it counts as failed."""

    attempt: int
    attempted_at: datetime
    status: int | None
    error: str | None
    duration_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """A delivery with its attempts. `attempt` counts those made; retries are counted from `attempts_before`."""

    id: int
    webhook_id: UUID
    event_id: str
    event_type: str
    state: State
    attempt: int
    attempts_before: int
    due_at: datetime
    last_status: int | None
    last_error: str | None
    duration_ms: int | None
    created_at: datetime
    finished_at: datetime | None
    attempts: list[Attempt]


def add(tx: Transaction, deliveries: Sequence[NewDelivery], now: datetime, *, even_if_full: bool = False) -> int:
    """Note what is to be sent, due now, to those of the webhooks that are still active; how many deliveries.

    An event that a webhook has been given before, whatever became of it, is left alone. Where too many wait for a
    webhook (`webhook_backlogs`) it is written as failed, with that reason, unless `even_if_full`.
    """
    if not deliveries:
        return 0
    webhook_ids = {webhook_id for delivery in deliveries for webhook_id in delivery.webhook_ids}
    params = {
        "deliveries": orjson.dumps(deliveries).decode(),
        "webhook_ids": list(webhook_ids),
        "now": now,
        "even_if_full": even_if_full,
        "too_many": TOO_MANY,
    }
    return execute(tx, "webhook_deliveries/add", params)


def list_rows(
    tx: Transaction,
    webhook_id: UUID,
    *,
    limit: int,
    state: State | None = None,
    event_id: str | None = None,
    before_id: int | None = None,
) -> list[DeliveryRow]:
    """Return a webhook's deliveries with their attempts, the latest first.

    Those below `before_id` for a further page.
    """
    params = {
        "webhook_id": webhook_id,
        "limit": limit,
        "state": state,
        "event_id": event_id,
        "before_id": before_id,
    }
    rows = fetch_all(tx, "webhook_deliveries/list_rows", params)
    attempts = defaultdict[int, list[Attempt]](list)
    ids = [row["id"] for row in rows]
    for attempt in fetch_all(tx, "webhook_attempts/list_rows", {"delivery_ids": ids}) if ids else ():
        attempts[attempt.pop("delivery_id")].append(Attempt(**attempt))
    return [DeliveryRow(**row, attempts=attempts[row["id"]]) for row in rows]


def payload(tx: Transaction, webhook_id: UUID, delivery_id: int) -> str | None:
    """Return the body of a webhook's delivery, JSON as it is signed and sent; None where there is no such delivery."""
    row = fetch_one(tx, "webhook_deliveries/payload", {"webhook_id": webhook_id, "delivery_id": delivery_id})
    return None if row is None else row["payload"]


def redeliver(tx: Transaction, webhook_id: UUID, delivery_id: int, *, now: datetime) -> bool:
    """Make one delivery of a webhook due now, whatever became of it; whether there is one."""
    params = {"webhook_id": webhook_id, "delivery_id": delivery_id, "now": now, "given_up": _GIVEN_UP}
    return execute(tx, "webhook_deliveries/redeliver", params) == 1


def discard(tx: Transaction, webhook_id: UUID, delivery_id: int, *, now: datetime) -> bool:
    """Give up one delivery of a webhook, with DISCARDED as the reason; whether it waited and nobody was sending it."""
    params = {"webhook_id": webhook_id, "delivery_id": delivery_id, "now": now, "discarded": DISCARDED}
    return execute(tx, "webhook_deliveries/discard", params) == 1


def redeliver_failed(
    tx: Transaction, webhook_id: UUID, *, after: DeliveryPosition, now: datetime, limit: int
) -> tuple[int, DeliveryPosition]:
    """Make due now what failed for good after a place and not after `now`; how many, and the place of the last.

    At most `limit`; where fewer are found none is left. What was discarded is left alone.
    """
    params = {
        "webhook_id": webhook_id,
        "after_at": after[0],
        "after_id": after[1],
        "now": now,
        "limit": limit,
        "discarded": DISCARDED,
        "given_up": _GIVEN_UP,
    }
    rows = fetch_all(tx, "webhook_deliveries/redeliver_failed", params)
    return len(rows), max(((row["finished_at"], row["id"]) for row in rows), default=after)


def delete_of(tx: Transaction, webhook_id: UUID, *, limit: int) -> int:
    """Forget deliveries of one webhook, with their attempts; how many."""
    return execute(tx, "webhook_deliveries/delete_of", {"webhook_id": webhook_id, "limit": limit})


def delete_finished(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Forget the oldest of the deliveries that ended before a time, with their attempts; how many."""
    return execute(tx, "webhook_deliveries/delete_finished", {"before": before, "limit": limit})


def delete_abandoned(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Forget deliveries from before a time that wait for a webhook to which nothing is sent any more; how many."""
    return execute(tx, "webhook_deliveries/delete_abandoned", {"before": before, "limit": limit})
