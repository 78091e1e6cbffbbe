"""What a batch of attempts says of each webhook: its failures one after the other; pure."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from tracker.store.webhook_sending import Streak
from tracker.webhooks.attempt import Attempted
from tracker.webhooks.verdict import Verdict


def streaks(attempts: Iterable[tuple[Attempted, Verdict]]) -> list[Streak]:
    """One for each webhook and URL, of its attempts in the order in which they ended."""
    by_endpoint: dict[tuple[UUID, str], list[tuple[Attempted, Verdict]]] = {}
    for attempted, verdict in attempts:
        delivery = attempted.delivery
        by_endpoint.setdefault((delivery.webhook_id, delivery.url), []).append((attempted, verdict))
    # Two senders that note the same webhooks lock them in the same order.
    return [_streak(*endpoint, by_endpoint[endpoint]) for endpoint in sorted(by_endpoint)]


def _streak(webhook_id: UUID, url: str, attempts: list[tuple[Attempted, Verdict]]) -> Streak:
    failed_at: list[datetime] = []
    succeeded = False
    for attempted, verdict in attempts:
        if verdict.state == "delivered":
            succeeded = True
            failed_at.clear()
        else:
            failed_at.append(attempted.at)
    return Streak(
        webhook_id=webhook_id,
        url=url,
        last_at=max(attempted.at for attempted, _ in attempts),
        succeeded=succeeded,
        failures=len(failed_at),
        failing_since=min(failed_at, default=None),
        paused_until=max((verdict.paused_until for _, verdict in attempts if verdict.paused_until), default=None),
    )
