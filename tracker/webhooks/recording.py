"""What became of attempts, into the database: deliveries, endpoints, and the end of those that nobody answers for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tracker.outbox.events import webhook_disabled
from tracker.outbox.publish import publish
from tracker.store import audit_log, webhook_sending, webhooks
from tracker.store.database import Transaction
from tracker.store.webhook_sending import AttemptRow, EndpointHealth, FailureStreak
from tracker.webhooks.attempt import EndedAttempt
from tracker.webhooks.retry_policy import RetryDecision

POSTPONED = timedelta(minutes=5)
"""After so long a delivery is tried again that could not be sent for a reason of ours."""


@dataclass(frozen=True, slots=True)
class DisableAfter:
    """When a webhook is disabled: nothing succeeded for so long, and at least so many attempts failed."""

    span: timedelta
    attempts: int


@dataclass(frozen=True, slots=True)
class DecidedAttempt:
    """An attempt and its decision."""

    attempted: EndedAttempt
    decision: RetryDecision


def record(
    tx: Transaction, ended: Sequence[DecidedAttempt], *, owner: str, disable_after: DisableAfter, now: datetime
) -> list[UUID]:
    """Record attempts, at most one of each delivery; the webhooks that are disabled for what they say.

    Each of those is announced to the other webhooks of its application, and stands in the audit log. Where the answer
    to a commit was lost and all of this is done again, deliveries stay as they are, and failures of their endpoints
    count twice.
    """
    unsent = [
        (attempt.attempted.delivery.id, attempt.attempted.unsent) for attempt in ended if attempt.attempted.unsent
    ]
    if unsent:
        webhook_sending.postpone(tx, unsent, owner=owner, due_at=now + POSTPONED)
    sent = [attempt for attempt in ended if not attempt.attempted.unsent]
    if not sent:
        return []
    # The webhooks first: nobody changes a URL between what is noted of it and what becomes of its deliveries.
    endpoint_health = webhook_sending.note_streaks(
        tx, streaks((attempt.attempted, attempt.decision) for attempt in sent)
    )
    webhook_sending.record(tx, [_made(attempt) for attempt in sent], owner=owner, now=now)
    gone = {
        (attempt.attempted.delivery.webhook_id, attempt.attempted.delivery.url)
        for attempt in sent
        if attempt.decision.is_gone
    }
    disabled = []
    for webhook in endpoint_health:
        reason = _reason_to_disable(webhook, disable_after, now, is_gone=(webhook.id, webhook.url) in gone)
        if reason and webhooks.disable(tx, webhook.id, reason=reason, now=now):
            _note_disabled(tx, webhook, reason)
            publish(tx, webhook.application_id, [webhook_disabled(webhook.id, reason, now)], now)
            disabled.append(webhook.id)
    return disabled


def _note_disabled(tx: Transaction, webhook: EndpointHealth, reason: str) -> None:
    """In the audit log, as somebody's disabling stands there, with the reason."""
    audit_log.insert(
        tx,
        actor_kind="scheduler",
        actor_key_id=None,
        application_id=webhook.application_id,
        action="webhook.disabled",
        subject=str(webhook.id),
        before={"is_active": True},
        after={"is_active": False, "disabled_reason": reason},
    )


def _reason_to_disable(
    endpoint_health: EndpointHealth, after: DisableAfter, now: datetime, *, is_gone: bool
) -> str | None:
    if not endpoint_health.is_active:
        return None
    if is_gone:
        return "It answered 410: it wants no more deliveries."
    since = endpoint_health.failing_since
    if since is None or now - since < after.span or endpoint_health.failure_count < after.attempts:
        return None
    return f"Nothing has succeeded since {since:%Y-%m-%d %H:%M} UTC, in {endpoint_health.failure_count} attempts."


def _made(ended: DecidedAttempt) -> AttemptRow:
    attempted, decision = ended.attempted, ended.decision
    return AttemptRow(
        delivery_id=attempted.delivery.id,
        url=attempted.delivery.url,
        state=decision.state,
        due_at=decision.due_at,
        attempted_at=attempted.at,
        finished_at=None if decision.state == "waiting" else attempted.ended_at,
        status=attempted.result.status,
        error=decision.error,
        duration_ms=attempted.duration_ms,
    )


def streaks(attempts: Iterable[tuple[EndedAttempt, RetryDecision]]) -> list[FailureStreak]:
    """One for each webhook and URL, of its attempts in the order in which they ended."""
    by_endpoint: dict[tuple[UUID, str], list[tuple[EndedAttempt, RetryDecision]]] = {}
    for attempted, decision in attempts:
        delivery = attempted.delivery
        by_endpoint.setdefault((delivery.webhook_id, delivery.url), []).append((attempted, decision))
    # Two senders that note the same webhooks lock them in the same order.
    return [_streak(*endpoint, by_endpoint[endpoint]) for endpoint in sorted(by_endpoint)]


def _streak(webhook_id: UUID, url: str, attempts: list[tuple[EndedAttempt, RetryDecision]]) -> FailureStreak:
    failed_at: list[datetime] = []
    succeeded = False
    for attempted, decision in attempts:
        if decision.state == "delivered":
            succeeded = True
            failed_at.clear()
        else:
            failed_at.append(attempted.at)
    return FailureStreak(
        webhook_id=webhook_id,
        url=url,
        last_at=max(attempted.at for attempted, _ in attempts),
        succeeded=succeeded,
        failures=len(failed_at),
        failing_since=min(failed_at, default=None),
        paused_until=max((decision.paused_until for _, decision in attempts if decision.paused_until), default=None),
    )
