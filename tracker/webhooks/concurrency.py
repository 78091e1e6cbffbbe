"""The concurrency of each endpoint: what it has in flight and waiting here, and which delivery may begin next.

An endpoint that hangs or fails holds up itself alone (a bulkhead). Its concurrency begins at one and doubles with every
success; a failure makes it one again. Endpoints that are unhealthy, because their last attempt failed or took long or
one of theirs takes long, have at most half of the threads together.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from tracker.store.webhook_sending import ClaimedDelivery
from tracker.webhooks.endpoint import EndpointClient

THREADS = 32
MAX_CONCURRENCY = 4
SLOW_SECONDS = 2.0
"""An attempt that takes longer makes its endpoint unhealthy, until one ends sooner."""
MAX_IDLE_SECONDS = 4.0
"""Connections without a delivery for so long are closed: many servers close theirs after five."""


@dataclass(slots=True)
class WebhookEndpoint:
    """What one endpoint has waiting and in flight."""

    webhook_id: UUID
    client: EndpointClient
    is_failing: bool
    is_slow: bool = False
    concurrency: int = 1
    waiting: deque[ClaimedDelivery] = field(default_factory=deque)
    in_flight: dict[int, float] = field(default_factory=dict)
    """By delivery, since when."""
    used_at: float = 0.0
    has_more: bool = False

    def is_unhealthy(self, now: float) -> bool:
        is_bad = self.is_failing or self.is_slow
        return is_bad or any(since + SLOW_SECONDS < now for since in self.in_flight.values())

    def is_idle(self, now: float) -> bool:
        return not self.waiting and not self.in_flight and self.used_at + MAX_IDLE_SECONDS < now


class EndpointLimiter:
    """Limits the concurrency of all endpoints; used by the sender's thread alone."""

    def __init__(self, make_client: Callable[[], EndpointClient], *, threads: int = THREADS) -> None:
        self._make_client = make_client
        self._threads = threads
        self._endpoints: dict[UUID, WebhookEndpoint] = {}
        self.in_flight = 0

    @property
    def waiting(self) -> int:
        return sum(len(endpoint.waiting) for endpoint in self._endpoints.values())

    def ready(self, now: float) -> int:
        """Return what waits here for a thread and nothing else; what waits in unhealthy endpoints may wait for long."""
        return sum(
            len(endpoint.waiting)
            for endpoint in self._endpoints.values()
            if endpoint.waiting and not endpoint.is_unhealthy(now)
        )

    def unhealthy(self, now: float) -> list[UUID]:
        return [endpoint.webhook_id for endpoint in self._endpoints.values() if endpoint.is_unhealthy(now)]

    def room_for_unhealthy(self, now: float) -> int:
        """For how many unhealthy endpoints more something may be claimed: as many may wait as have threads."""
        waiting = sum(1 for endpoint in self._endpoints.values() if endpoint.waiting and endpoint.is_unhealthy(now))
        return max(0, self._threads // 2 - waiting)

    def full(self) -> list[UUID]:
        """Endpoints for which nothing more needs to be claimed: as much waits for them as may be in flight."""
        return [
            endpoint.webhook_id
            for endpoint in self._endpoints.values()
            if len(endpoint.waiting) >= endpoint.concurrency
        ]

    def add(self, claimed: Iterable[ClaimedDelivery], now: float, *, per_webhook: int) -> None:
        """Take in what was claimed, at most `per_webhook` for an endpoint."""
        claimed = list(claimed)
        numbers = Counter(delivery.webhook_id for delivery in claimed)
        for delivery in claimed:
            endpoint = self._endpoints.get(delivery.webhook_id)
            if endpoint is None:
                endpoint = WebhookEndpoint(delivery.webhook_id, self._make_client(), delivery.is_failing, used_at=now)
                self._endpoints[delivery.webhook_id] = endpoint
            endpoint.waiting.append(delivery)
            endpoint.has_more = endpoint.is_failing or numbers[endpoint.webhook_id] >= per_webhook

    def all_waiting(self) -> list[ClaimedDelivery]:
        """Return what waits here, of all endpoints."""
        return [delivery for endpoint in self._endpoints.values() for delivery in endpoint.waiting]

    def keep(self, current: Mapping[int, ClaimedDelivery]) -> list[ClaimedDelivery]:
        """Put what holds by now in the place of what waits here. Returns what is not to be sent any more."""
        gone = []
        for endpoint in self._endpoints.values():
            gone += [delivery for delivery in endpoint.waiting if delivery.id not in current]
            endpoint.waiting = deque(current[delivery.id] for delivery in endpoint.waiting if delivery.id in current)
        return gone

    def wants_more(self, webhook_id: UUID) -> bool:
        """Return whether an endpoint is soon without work although there was more to claim when it was filled."""
        endpoint = self._endpoints[webhook_id]
        return endpoint.has_more and len(endpoint.waiting) < endpoint.concurrency

    def begin(self, now: float) -> Iterator[tuple[WebhookEndpoint, ClaimedDelivery]]:
        """Yield what may begin now, endpoint by endpoint, so that each has its turn.

        It counts as in flight from here on.
        """
        unhealthy = sum(len(endpoint.in_flight) for endpoint in self._endpoints.values() if endpoint.is_unhealthy(now))
        progress = True
        while progress and self.in_flight < self._threads:
            progress = False
            for endpoint in list(self._endpoints.values()):
                is_unhealthy = endpoint.is_unhealthy(now)
                if (
                    not endpoint.waiting
                    or len(endpoint.in_flight) >= endpoint.concurrency
                    or self.in_flight >= self._threads
                    or (is_unhealthy and unhealthy >= self._threads // 2)
                ):
                    continue
                unhealthy += is_unhealthy
                delivery = endpoint.waiting.popleft()
                endpoint.in_flight[delivery.id] = endpoint.used_at = now
                self.in_flight += 1
                progress = True
                # The next round begins with those that did not have a turn in this one.
                self._endpoints[endpoint.webhook_id] = self._endpoints.pop(endpoint.webhook_id)
                yield endpoint, delivery

    def end(self, delivery: ClaimedDelivery, now: float, *, succeeded: bool) -> list[ClaimedDelivery]:
        """Note that an attempt has ended. Returns what waits here for an endpoint that failed, to be given back."""
        endpoint = self._endpoints[delivery.webhook_id]
        endpoint.is_slow = endpoint.in_flight.pop(delivery.id) + SLOW_SECONDS < now
        self.in_flight -= 1
        endpoint.used_at = now
        endpoint.is_failing = not succeeded
        if succeeded:
            endpoint.concurrency = min(2 * endpoint.concurrency, MAX_CONCURRENCY)
            return []
        endpoint.concurrency = 1
        return self._empty([endpoint])

    def lapsing(self, before: datetime) -> list[ClaimedDelivery]:
        """Return what waits here under a lease that ends before a time, to be given back."""
        given_back = []
        for endpoint in self._endpoints.values():
            while endpoint.waiting and endpoint.waiting[0].leased_until < before:
                given_back.append(endpoint.waiting.popleft())
        return given_back

    def empty(self) -> list[ClaimedDelivery]:
        """Return everything that waits here, to be given back."""
        return self._empty(self._endpoints.values())

    def close_idle(self, now: float) -> None:
        """Close the connections of endpoints that get nothing at the moment."""
        for endpoint in [endpoint for endpoint in self._endpoints.values() if endpoint.is_idle(now)]:
            endpoint.client.close()
            del self._endpoints[endpoint.webhook_id]

    def close(self) -> None:
        for endpoint in self._endpoints.values():
            endpoint.client.close()

    def _empty(self, endpoints: Iterable[WebhookEndpoint]) -> list[ClaimedDelivery]:
        given_back = [delivery for endpoint in endpoints for delivery in endpoint.waiting]
        for endpoint in endpoints:
            endpoint.waiting.clear()
        return given_back
