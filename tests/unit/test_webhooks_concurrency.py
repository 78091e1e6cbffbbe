"""Who may send how much at a time."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from tracker.store.webhook_sending import ClaimedDelivery
from tracker.webhooks.attempt import EndedAttempt
from tracker.webhooks.concurrency import MAX_IDLE_SECONDS, SLOW_SECONDS, EndpointLimiter
from tracker.webhooks.recording import streaks
from tracker.webhooks.retry_policy import AttemptResult, RetryDecision, decide

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
_numbers = count(1)


class WebhookClient:
    """Stands where connections would be."""

    closed = False

    def close(self) -> None:
        self.closed = True


def claimed(
    webhook_id: UUID, number: int = 1, *, is_failing: bool = False, until: datetime = NOON
) -> list[ClaimedDelivery]:
    return [
        ClaimedDelivery(
            id=next(_numbers), webhook_id=webhook_id, event_id="hit_1", payload="{}", tries=0, leased_until=until,
            url="https://hooks.example.com/", secret="encrypted", previous_secret=None, is_failing=is_failing,
        )
        for _ in range(number)
    ]  # fmt: skip


def limiter_of(threads: int = 8) -> EndpointLimiter:
    make: Any = WebhookClient
    return EndpointLimiter(make, threads=threads)


def begin(endpoints: EndpointLimiter, now: float = 0.0) -> list[ClaimedDelivery]:
    return [delivery for _, delivery in endpoints.begin(now)]


def end(
    endpoints: EndpointLimiter, deliveries: Iterable[ClaimedDelivery], now: float = 0.0, *, succeeded: bool = True
) -> list[ClaimedDelivery]:
    return [left for delivery in deliveries for left in endpoints.end(delivery, now, succeeded=succeeded)]


def test_an_endpoint_begins_with_one_doubles_with_each_success_and_stops_at_four() -> None:
    endpoints = limiter_of()
    endpoints.add(claimed(uuid4(), 30), 0, per_webhook=50)
    widths = []
    for _ in range(4):
        begun = begin(endpoints)
        widths.append(len(begun))
        end(endpoints, begun)
    assert widths == [1, 2, 4, 4]
    assert begin(limiter_of()) == []


def test_a_failure_makes_an_endpoint_begin_anew_and_gives_back_what_waits() -> None:
    endpoints, webhook_id = limiter_of(), uuid4()
    endpoints.add(claimed(webhook_id, 10), 0, per_webhook=50)
    end(endpoints, begin(endpoints))
    first, second = begin(endpoints)
    assert len(end(endpoints, [first], succeeded=False)) == 7
    end(endpoints, [second])
    endpoints.add(claimed(webhook_id, 5), 0, per_webhook=50)
    assert len(begin(endpoints)) == 2


def test_failing_endpoints_have_half_of_the_threads_together() -> None:
    endpoints = limiter_of(threads=8)
    for _ in range(10):
        endpoints.add(claimed(uuid4(), is_failing=True), 0, per_webhook=50)
    assert len(begin(endpoints)) == 4
    for _ in range(10):
        endpoints.add(claimed(uuid4()), 0, per_webhook=50)
    assert len(begin(endpoints)) == 4
    assert endpoints.in_flight == 8


def test_an_endpoint_that_takes_long_becomes_unhealthy() -> None:
    endpoints = limiter_of(threads=4)
    slow = [uuid4(), uuid4()]
    for webhook_id in slow:
        endpoints.add(claimed(webhook_id, 3), 0, per_webhook=50)
    assert len(begin(endpoints, 0)) == 2
    later = SLOW_SECONDS + 1
    endpoints.add(claimed(uuid4(), is_failing=True), later, per_webhook=50)
    assert begin(endpoints, later) == []
    healthy = claimed(uuid4())
    endpoints.add(healthy, later, per_webhook=50)
    assert begin(endpoints, later) == healthy


def test_an_endpoint_that_took_long_stays_unhealthy_until_one_is_quick() -> None:
    endpoints, webhook_id = limiter_of(threads=4), uuid4()
    endpoints.add(claimed(webhook_id, 5), 0, per_webhook=50)
    end(endpoints, begin(endpoints, 0), SLOW_SECONDS + 1)
    assert (endpoints.unhealthy(4), endpoints.ready(4), endpoints.room_for_unhealthy(4)) == ([webhook_id], 0, 1)
    end(endpoints, begin(endpoints, 4), 5)
    assert (endpoints.unhealthy(5), endpoints.ready(5), endpoints.room_for_unhealthy(5)) == ([], 2, 2)


def test_each_endpoint_has_its_turn() -> None:
    endpoints = limiter_of(threads=2)
    webhook_ids = [uuid4() for _ in range(4)]
    for webhook_id in webhook_ids:
        endpoints.add(claimed(webhook_id, 10), 0, per_webhook=50)
    order = []
    for _ in range(4):
        begun = begin(endpoints)
        order += [delivery.webhook_id for delivery in begun]
        end(endpoints, begun)
    assert order == webhook_ids * 2


def test_what_has_little_left_of_its_lease_is_given_back() -> None:
    endpoints, webhook_id = limiter_of(), uuid4()
    lapsing, lasting = claimed(webhook_id), claimed(webhook_id, until=NOON + timedelta(seconds=60))
    endpoints.add(lapsing + lasting, 0, per_webhook=50)
    assert endpoints.lapsing(NOON + timedelta(seconds=20)) == lapsing
    assert endpoints.empty() == lasting
    assert endpoints.waiting == 0


def test_idle_connections_are_closed() -> None:
    made: list[WebhookClient] = []

    def make() -> Any:
        made.append(WebhookClient())
        return made[-1]

    endpoints = EndpointLimiter(make, threads=4)
    endpoints.add(claimed(uuid4()), 0, per_webhook=50)
    begun = begin(endpoints)
    endpoints.close_idle(100)
    assert not made[0].closed
    end(endpoints, begun, 100)
    endpoints.close_idle(100 + MAX_IDLE_SECONDS)
    assert not made[0].closed
    endpoints.close_idle(101 + MAX_IDLE_SECONDS)
    assert made[0].closed


def attempt_of(webhook_id: UUID, second: int, status: int) -> tuple[EndedAttempt, RetryDecision]:
    at = NOON + timedelta(seconds=second)
    [delivery] = claimed(webhook_id)
    result = AttemptResult(status=status)
    attempted = EndedAttempt(delivery=delivery, at=at, ended_at=at, duration_ms=1, result=result)
    return attempted, decide(result, tries=1, now=at, chance=0)


def test_a_streak_counts_the_failures_after_the_last_success() -> None:
    one, two = sorted([uuid4(), uuid4()])
    statuses = [(one, 500), (two, 500), (one, 200), (one, 500), (one, 404), (two, 500)]
    first, second = streaks(attempt_of(webhook_id, at, status) for at, (webhook_id, status) in enumerate(statuses))
    assert (first.webhook_id, first.succeeded, first.failures) == (one, True, 2)
    assert first.failing_since == NOON + timedelta(seconds=3)
    assert (second.webhook_id, second.succeeded, second.failures) == (two, False, 2)
    assert second.failing_since == NOON + timedelta(seconds=1)
    assert second.last_at == NOON + timedelta(seconds=5)
