"""How many deliveries wait for each webhook: too many are noted in its row, where whoever writes deliveries sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tracker.store.database import Transaction
from tracker.store.queries import execute, fetch_all, fetch_one


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """A webhook for which too many deliveries wait since just now, or no longer."""

    id: UUID
    is_full: bool


def room_below(limit: int) -> int:
    """Return how few have to wait until new deliveries wait too.

    This is half, so that an endpoint at its limit does not flicker.
    """
    return limit // 2


def expecting(tx: Transaction) -> list[UUID]:
    """Return the webhooks for which anything waits, and those for which too many did."""
    return [row["webhook_id"] for row in fetch_all(tx, "webhook_deliveries/expecting")]


def count(tx: Transaction, webhook_id: UUID, *, most: int) -> int:
    """Return how many deliveries wait for a webhook, counted up to `most`."""
    row = fetch_one(tx, "webhook_deliveries/count", {"webhook_id": webhook_id, "most": most})
    assert row is not None
    waiting: int = row["count"]
    return waiting


def note(
    tx: Transaction, webhook_ids: Sequence[UUID], *, full_above: int, room_below: int, now: datetime
) -> list[Backlog]:
    """Note for which of these more than `full_above` wait, and for which at most `room_below` do again; the changes."""
    params = {"webhook_ids": list(webhook_ids), "full_above": full_above, "room_below": room_below, "now": now}
    return [Backlog(**row) for row in fetch_all(tx, "webhooks/note", params)]


def probe(tx: Transaction, *, silent_since: datetime, now: datetime) -> int:
    """Have one delivery tried of each full webhook that fails, where none was tried since a time; how many."""
    return execute(tx, "webhook_deliveries/probe", {"silent_since": silent_since, "now": now})


def bring_forward(tx: Transaction, *, now: datetime, per_webhook: int, limit: int) -> int:
    """Have retries made now of full webhooks that fail no longer, where none is due; how many.

    At most `per_webhook` of a webhook and `limit` altogether.
    """
    return execute(tx, "webhook_deliveries/bring_forward", {"now": now, "per_webhook": per_webhook, "limit": limit})


def forget(tx: Transaction) -> int:
    """Have no webhook count as one for which too many wait; for how many that is new."""
    return execute(tx, "webhooks/forget")
