"""What became of attempts, into the database: deliveries, endpoints, and the end of those that nobody answers for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tracker.outbox import webhook_events
from tracker.outbox.announce import announce
from tracker.store import webhook_sending, webhooks
from tracker.store.database import Transaction
from tracker.store.webhook_sending import Faring, Made
from tracker.webhooks.attempt import Attempted
from tracker.webhooks.streaks import streaks
from tracker.webhooks.verdict import Verdict

POSTPONED = timedelta(minutes=5)
"""After so long a delivery is tried again that could not be sent for a reason of ours."""


@dataclass(frozen=True, slots=True)
class DisableAfter:
    """When a webhook is disabled: nothing succeeded for so long, and at least so many attempts failed."""

    span: timedelta
    attempts: int


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt and its verdict."""

    attempted: Attempted
    verdict: Verdict


def record(
    tx: Transaction, ended: Sequence[Ended], *, owner: str, disable_after: DisableAfter, now: datetime
) -> list[UUID]:
    """Record attempts, at most one of each delivery; the webhooks that are disabled for what they say.

    Each of those is announced to the other webhooks of its application. Where the answer to a commit was lost and all
    of this is done again, deliveries stay as they are, and failures of their endpoints count twice.
    """
    unsent = [(each.attempted.delivery.id, each.attempted.unsent) for each in ended if each.attempted.unsent]
    if unsent:
        webhook_sending.postpone(tx, unsent, owner=owner, due_at=now + POSTPONED)
    sent = [each for each in ended if not each.attempted.unsent]
    if not sent:
        return []
    webhook_sending.record(tx, [_made(each) for each in sent], owner=owner)
    gone = {each.attempted.delivery.webhook_id for each in sent if each.verdict.is_gone}
    disabled = []
    for faring in webhook_sending.note_streaks(tx, streaks((each.attempted, each.verdict) for each in sent)):
        reason = _reason_to_disable(faring, disable_after, now, is_gone=faring.id in gone)
        if reason and webhooks.disable(tx, faring.id, reason=reason, now=now):
            announce(tx, faring.application_id, [webhook_events.disabled(faring.id, reason, now)], now)
            disabled.append(faring.id)
    return disabled


def _reason_to_disable(faring: Faring, after: DisableAfter, now: datetime, *, is_gone: bool) -> str | None:
    if not faring.is_active:
        return None
    if is_gone:
        return "It answered 410: it wants no more deliveries."
    since = faring.failing_since
    if since is None or now - since < after.span or faring.failure_count < after.attempts:
        return None
    return f"Nothing has succeeded since {since:%Y-%m-%d %H:%M} UTC, in {faring.failure_count} attempts."


def _made(ended: Ended) -> Made:
    attempted, verdict = ended.attempted, ended.verdict
    return Made(
        delivery_id=attempted.delivery.id,
        state=verdict.state,
        due_at=verdict.due_at,
        attempted_at=attempted.at,
        finished_at=None if verdict.state == "waiting" else attempted.ended_at,
        status=attempted.outcome.status,
        error=verdict.error,
        duration_ms=attempted.duration_ms,
    )
