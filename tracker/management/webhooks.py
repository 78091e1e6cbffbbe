"""Webhooks: registered, listed, changed, given a new secret, disabled and enabled, deleted.

Each service takes the `app_id` that the caller is confined to, if any: another application's webhook is not found.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tracker.application import Application
from tracker.errors import Refused, conflict, not_found
from tracker.management.audit import COMMAND, Actor, note
from tracker.management.known_application import known, locked
from tracker.management.versions import Expected, require
from tracker.management.webhook_rules import WebhookRules
from tracker.management.webhook_urls import place_of
from tracker.outbox.events import webhook_disabled
from tracker.outbox.publish import publish
from tracker.store import webhook_deliveries, webhooks
from tracker.store.database import Database, Transaction
from tracker.store.webhooks import WebhookRow

OLD_SECRET_HOURS = 24
"""For so long after a rotation both secrets sign."""
_MAX_WEBHOOKS = 50
_BATCH = 1000
"""Deliveries that a transaction deletes."""
_NOTED = ("url", "events", "is_active")


@dataclass(frozen=True, slots=True)
class WithSecret:
    """A webhook and its new secret, which is shown this once."""

    webhook: WebhookRow
    secret: str


def create(
    database: Database,
    rules: WebhookRules,
    app_id: str,
    *,
    url: str,
    events: Iterable[str],
    secret: str | None = None,
    now: datetime,
    by: Actor = COMMAND,
) -> WithSecret:
    """Register a webhook; without a `secret` one is made. It counts for what happens a few seconds later.

    Raises Refused: VALIDATION_ERROR for what is not accepted, APPLICATION_NOT_FOUND, CONFLICT where it
    has as many webhooks as it may. Raises SettingsInvalid where TRACKER_SECRET_KEY is missing.
    """
    checked_events = rules.events(events)
    plain, encrypted = rules.secret(secret)
    checked_url = rules.url(url)
    with database.transaction() as tx:
        application = locked(tx, app_id)
        if len(webhooks.list_rows(tx, app_id=app_id)) >= _MAX_WEBHOOKS:
            raise conflict(f"The application has {_MAX_WEBHOOKS} webhooks already, which is as many as it may have.")
        webhook_id = webhooks.insert(
            tx, application.id, url=checked_url, events=checked_events, encrypted_secret=encrypted, now=now
        )
        row = _row(tx, webhook_id, app_id)
        note(tx, by, application, "webhook.created", str(webhook_id), after=_noted(row))
    return WithSecret(row, plain)


def list_(database: Database, app_id: str | None = None) -> list[WebhookRow]:
    """Return an application's webhooks, or all of them; oldest first. Raises Refused for an unknown application."""
    with database.transaction() as tx:
        if app_id is not None:
            known(tx, app_id)
        return webhooks.list_rows(tx, app_id=app_id)


def show(database: Database, webhook_id: UUID, *, app_id: str | None = None) -> WebhookRow:
    """One webhook, never its secret. Raises Refused where there is none."""
    with database.transaction() as tx:
        return _row(tx, webhook_id, app_id)


def update(
    database: Database,
    rules: WebhookRules,
    webhook_id: UUID,
    *,
    url: str | None = None,
    events: Iterable[str] | None = None,
    app_id: str | None = None,
    now: datetime,
    by: Actor = COMMAND,
    expected: Expected = None,
) -> WebhookRow:
    """Change where a webhook leads, or what it asks for; what is None stays. What waits goes to the new URL.

    Raises Refused: VALIDATION_ERROR, NOT_FOUND, PRECONDITION_FAILED where it is not what was `expected`.
    """
    checked_events = None if events is None else rules.events(events)
    checked_url = None if url is None else rules.url(url)
    with database.transaction() as tx:
        application, before = _locked(tx, webhook_id, app_id, expected)
        webhooks.update(tx, webhook_id, url=checked_url, events=checked_events, now=now)
        after = _row(tx, webhook_id, app_id)
        if (after.url, after.events) != (before.url, before.events):
            note(tx, by, application, "webhook.updated", str(webhook_id), before=_noted(before), after=_noted(after))
    return after


def rotate_secret(
    database: Database,
    rules: WebhookRules,
    webhook_id: UUID,
    *,
    secret: str | None = None,
    app_id: str | None = None,
    now: datetime,
    by: Actor = COMMAND,
    expected: Expected = None,
) -> WithSecret:
    """Give a webhook a new secret. The old one signs beside it for OLD_SECRET_HOURS, so that consumers can change over.

    Raises Refused as `update` does, and SettingsInvalid where TRACKER_SECRET_KEY is missing.
    """
    plain, encrypted = rules.secret(secret)
    until = now + timedelta(hours=OLD_SECRET_HOURS)
    with database.transaction() as tx:
        application, _ = _locked(tx, webhook_id, app_id, expected)
        webhooks.rotate(tx, webhook_id, encrypted_secret=encrypted, previous_expires_at=until, now=now)
        both = {"previous_secret_expires_at": until}
        note(tx, by, application, "webhook.secret_rotated", str(webhook_id), after=both)
        return WithSecret(_row(tx, webhook_id, app_id), plain)


def enable(
    database: Database,
    webhook_id: UUID,
    *,
    app_id: str | None = None,
    now: datetime,
    by: Actor = COMMAND,
    expected: Expected = None,
) -> WebhookRow:
    """Send again to a webhook, with nothing held against it; what waited is taken up. Raises Refused as `update`."""
    with database.transaction() as tx:
        application, before = _locked(tx, webhook_id, app_id, expected)
        webhooks.enable(tx, webhook_id, now=now)
        after = _row(tx, webhook_id, app_id)
        if not before.is_active:
            note(tx, by, application, "webhook.enabled", str(webhook_id), before=_noted(before), after=_noted(after))
    return after


def disable(
    database: Database,
    webhook_id: UUID,
    *,
    reason: str = "Disabled on request.",
    app_id: str | None = None,
    now: datetime,
    by: Actor = COMMAND,
    expected: Expected = None,
) -> WebhookRow:
    """Send nothing to a webhook until it is enabled; the application's other webhooks are told.

    What waits goes on waiting; what happens meanwhile is not kept for it. Raises Refused as `update` does.
    """
    with database.transaction() as tx:
        application, before = _locked(tx, webhook_id, app_id, expected)
        if webhooks.disable(tx, webhook_id, reason=reason, now=now):
            publish(tx, application.id, [webhook_disabled(webhook_id, reason, now)], now)
        after = _row(tx, webhook_id, app_id)
        if before.is_active:
            note(tx, by, application, "webhook.disabled", str(webhook_id), before=_noted(before), after=_noted(after))
    return after


def delete(
    database: Database,
    webhook_id: UUID,
    *,
    app_id: str | None = None,
    now: datetime,
    by: Actor = COMMAND,
    expected: Expected = None,
) -> None:
    """Forget a webhook with all of its deliveries, those that wait included. Raises Refused as `update` does.

    There may be millions of them, more than one transaction should delete. Where it breaks off, a disabled webhook is
    left, to be deleted again.
    """
    with database.transaction() as tx:
        application, before = _locked(tx, webhook_id, app_id, expected)
        webhooks.disable(tx, webhook_id, reason="Being deleted.", now=now)
        note(tx, by, application, "webhook.deleted", str(webhook_id), before=_noted(before))
    deleted = _BATCH
    while deleted == _BATCH:
        with database.transaction() as tx:
            deleted = webhook_deliveries.delete_of(tx, webhook_id, limit=_BATCH)
    with database.transaction() as tx:
        webhooks.delete(tx, webhook_id)


def found(tx: Transaction, webhook_id: UUID, app_id: str | None) -> WebhookRow:
    """Return the webhook, for services about its deliveries.

    Raises Refused where there is none, or another application's.
    """
    return _row(tx, webhook_id, app_id)


def unknown(webhook_id: UUID) -> Refused:
    return not_found(f"There is no webhook {webhook_id}.")


def _locked(
    tx: Transaction, webhook_id: UUID, app_id: str | None, expected: Expected
) -> tuple[Application, WebhookRow]:
    """Return the webhook for a change, and its application, which is locked first: all changes do so in this order."""
    application = locked(tx, _row(tx, webhook_id, app_id).app_id)
    # The sender changes the row too: it disables a webhook.
    webhooks.lock(tx, webhook_id)
    row = _row(tx, webhook_id, app_id)
    require(expected, row)
    return application, row


def _row(tx: Transaction, webhook_id: UUID, app_id: str | None) -> WebhookRow:
    rows = webhooks.list_rows(tx, app_id=app_id, webhook_id=webhook_id)
    if not rows:
        raise unknown(webhook_id)
    return rows[0]


def _noted(row: WebhookRow) -> dict[str, Any]:
    """Return what the audit log keeps: of the URL what `place_of` leaves."""
    values = {name: value for name, value in asdict(row).items() if name in _NOTED}
    return {**values, "url": place_of(row.url)}
