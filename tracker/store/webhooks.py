"""The table `webhooks`: who listens to an application's events, and how the endpoint fares.

What the sender does to these rows and to the deliveries stands in `webhook_sending`.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tracker.store.database import Transaction
from tracker.store.queries import Jsonb, execute, fetch_all, fetch_one


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """An active webhook, as far as choosing its events needs it."""

    id: UUID
    application_id: UUID
    app_id: str
    events: frozenset[str]
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRow:
    """A webhook's columns as its owner sees them: no secrets."""

    id: UUID
    application_id: UUID
    app_id: str
    url: str
    events: list[str]
    is_active: bool
    last_triggered_at: datetime | None
    """The last attempt."""
    failure_count: int
    """Failed attempts since the last success."""
    created_at: datetime
    updated_at: datetime
    previous_secret_expires_at: datetime | None
    failing_since: datetime | None
    paused_until: datetime | None
    disabled_at: datetime | None
    disabled_reason: str | None
    backlog_full_since: datetime | None
    """Since when so much has been waiting that new deliveries are written as failed."""


def active_of(tx: Transaction, application_ids: Sequence[UUID]) -> dict[UUID, tuple[Subscription, ...]]:
    """Return the active webhooks of each of the applications that has any, oldest first."""
    by_id = defaultdict[UUID, list[Subscription]](list)
    for row in fetch_all(tx, "webhooks/active_of", {"application_ids": list(application_ids)}):
        # The column takes any JSON: what somebody has written by hand must not hold up an application's hits.
        events = row["events"] if isinstance(row["events"], list) else []
        names = frozenset(name for name in events if isinstance(name, str))
        by_id[row["application_id"]].append(Subscription(**{**row, "events": names}))
    return {application_id: tuple(subscriptions) for application_id, subscriptions in by_id.items()}


def insert(
    tx: Transaction, application_id: UUID, *, url: str, events: Sequence[str], encrypted_secret: str, now: datetime
) -> UUID:
    """Register a webhook and return its id."""
    params = {
        "application_id": application_id,
        "url": url,
        "events": Jsonb(list(events)),
        "secret": encrypted_secret,
        "now": now,
    }
    row = fetch_one(tx, "webhooks/insert", params)
    assert row is not None
    webhook_id: UUID = row["id"]
    return webhook_id


def list_rows(tx: Transaction, *, app_id: str | None = None, webhook_id: UUID | None = None) -> list[WebhookRow]:
    """Return all webhooks, those of one application, or one; oldest first. A deleted application has none."""
    rows = fetch_all(tx, "webhooks/list_rows", {"app_id": app_id, "webhook_id": webhook_id})
    return [WebhookRow(**row) for row in rows]


def disabled(tx: Transaction, *, limit: int) -> list[WebhookRow]:
    """Disabled webhooks of all applications, those disabled last first."""
    return [WebhookRow(**row) for row in fetch_all(tx, "webhooks/disabled", {"limit": limit})]


def count_disabled(tx: Transaction, application_ids: Sequence[UUID] | None = None) -> dict[UUID, int]:
    """Return how many webhooks are disabled of each application that has such ones: of some applications, or of all."""
    ids = None if application_ids is None else list(application_ids)
    rows = fetch_all(tx, "webhooks/count_disabled", {"application_ids": ids})
    return {row["application_id"]: row["count"] for row in rows}


def lock(tx: Transaction, webhook_id: UUID) -> bool:
    """Keep others from changing a webhook until the transaction ends; whether it is there."""
    return fetch_one(tx, "webhooks/lock", {"webhook_id": webhook_id}) is not None


def update(
    tx: Transaction, webhook_id: UUID, *, url: str | None = None, events: Sequence[str] | None = None, now: datetime
) -> None:
    """Change a webhook's address or events; None leaves one as it is."""
    params = {
        "webhook_id": webhook_id,
        "url": url,
        "events": None if events is None else Jsonb(list(events)),
        "now": now,
    }
    execute(tx, "webhooks/update", params)


def rotate(
    tx: Transaction, webhook_id: UUID, *, encrypted_secret: str, previous_expires_at: datetime, now: datetime
) -> None:
    """Replace the secret; the one before is kept beside it until `previous_expires_at`."""
    params = {
        "webhook_id": webhook_id,
        "secret": encrypted_secret,
        "previous_expires_at": previous_expires_at,
        "now": now,
    }
    execute(tx, "webhooks/rotate", params)


def enable(tx: Transaction, webhook_id: UUID, *, now: datetime) -> None:
    """Make a webhook active, with nothing held against it."""
    execute(tx, "webhooks/enable", {"webhook_id": webhook_id, "now": now})


def disable(tx: Transaction, webhook_id: UUID, *, reason: str, now: datetime) -> bool:
    """Make a webhook inactive, with a reason of at most 200 characters; False where it is so already."""
    return execute(tx, "webhooks/disable", {"webhook_id": webhook_id, "reason": reason[:200], "now": now}) == 1


def delete(tx: Transaction, webhook_id: UUID) -> bool:
    """Forget a webhook with all of its deliveries; whether there was one."""
    return execute(tx, "webhooks/delete", {"webhook_id": webhook_id}) == 1
