"""What the sender does to `webhook_deliveries`, `webhook_attempts` and `webhooks`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import orjson

from tracker.store.database import Transaction
from tracker.store.queries import execute, fetch_all
from tracker.store.webhook_deliveries import State


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedDelivery:
    """A delivery that is ours until `leased_until`, and what sending it needs of its webhook; secrets encrypted."""

    id: int
    webhook_id: UUID
    event_id: str
    payload: str
    tries: int
    """Attempts made since it was last made due by somebody."""
    leased_until: datetime
    url: str
    secret: str | None
    previous_secret: str | None
    is_failing: bool
    """Whether the webhook's last attempt failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow:
    """An attempt that was made, and what is to become of the delivery. `due_at` is None where it is not tried again."""

    delivery_id: int
    url: str
    """Where it went."""
    state: State
    due_at: datetime | None
    attempted_at: datetime
    finished_at: datetime | None
    status: int | None
    error: str | None
    duration_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureStreak:
    """What some attempts, in their order, say of one webhook at one URL."""

    webhook_id: UUID
    url: str
    last_at: datetime
    succeeded: bool
    """Whether any of them succeeded."""
    failures: int
    """How many failed after the last success, or of all where none succeeded."""
    failing_since: datetime | None
    """The first of those failures."""
    paused_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointHealth:
    """How a webhook fares after its streak was noted."""

    id: UUID
    application_id: UUID
    url: str
    is_active: bool
    failure_count: int
    failing_since: datetime | None


def claim(
    tx: Transaction,
    *,
    owner: str,
    now: datetime,
    until: datetime,
    webhooks: int,
    unhealthy_webhooks: int,
    per_webhook: int,
    unhealthy: Sequence[UUID] = (),
    except_for: Sequence[UUID] = (),
) -> list[ClaimedDelivery]:
    """Claim what is due: at most `per_webhook` deliveries of at most `webhooks` webhooks, the longest waiting first.

    Beside these one delivery each of at most `unhealthy_webhooks` others: those that failed last, and the `unhealthy`.
    Two senders that ask at once get different ones; what an ended sender had claimed comes back when its lease is over.
    """
    params = {
        "owner": owner,
        "now": now,
        "until": until,
        "webhooks": webhooks,
        "unhealthy_webhooks": unhealthy_webhooks,
        "per_webhook": per_webhook,
        "unhealthy": list(unhealthy),
        "except_for": list(except_for),
    }
    return [ClaimedDelivery(**row) for row in fetch_all(tx, "webhook_deliveries/claim", params)]


def still_ours(
    tx: Transaction, claimed: Sequence[ClaimedDelivery], *, owner: str, now: datetime
) -> dict[int, ClaimedDelivery]:
    """Return those claimed deliveries that are still to be sent, by id, with the URL and the secrets that hold now.

    Left out are those that were erased or sent meanwhile, or whose webhook is disabled or gone.
    """
    params = {"ids": [delivery.id for delivery in claimed], "owner": owner, "now": now}
    current = {row.pop("id"): row for row in fetch_all(tx, "webhook_deliveries/still_ours", params)}
    return {delivery.id: replace(delivery, **current[delivery.id]) for delivery in claimed if delivery.id in current}


def release(tx: Transaction, delivery_ids: Sequence[int], *, owner: str) -> None:
    """Give back what was claimed and not sent."""
    execute(tx, "webhook_deliveries/release", {"ids": list(delivery_ids), "owner": owner})


def postpone(tx: Transaction, errors: Sequence[tuple[int, str]], *, owner: str, due_at: datetime) -> None:
    """Try deliveries later that could not be sent for a reason of ours; no attempt is counted. `errors` is by id."""
    postponed = orjson.dumps([{"id": delivery_id, "error": error} for delivery_id, error in errors]).decode()
    execute(tx, "webhook_deliveries/postpone", {"postponed": postponed, "owner": owner, "due_at": due_at})


def record(tx: Transaction, attempts: Sequence[AttemptRow], *, owner: str, now: datetime) -> None:
    """Record attempts, at most one of each delivery. Those of deliveries that are over, or gone, are left out.

    A delivery that failed at a URL which is the webhook's no longer is due `now`, and its retries begin anew.
    """
    params = {"attempts": orjson.dumps(attempts).decode(), "owner": owner, "now": now}
    execute(tx, "webhook_deliveries/record", params)


def note_streaks(tx: Transaction, streaks: Sequence[FailureStreak]) -> list[EndpointHealth]:
    """Note how webhooks fared, each URL at most once; how those fare now that still lead there."""
    rows = fetch_all(tx, "webhooks/note_streaks", {"streaks": orjson.dumps(streaks).decode()})
    return [EndpointHealth(**row) for row in rows]
