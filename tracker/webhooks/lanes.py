"""Lanes: what each endpoint has under way and waiting here, and who may begin next.

An endpoint that hangs or fails holds up itself alone. Its lane begins one delivery wide and doubles with every success;
a failure makes it one wide again. And lanes that are suspect, because their last attempt failed or took long or one of
theirs takes long, have at most half of the threads together.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from tracker.store.webhook_sending import Claimed
from tracker.webhooks.outlet import Outlet

THREADS = 32
WIDEST = 4
SLOW_SECONDS = 2.0
"""An attempt that takes longer makes its lane suspect, until one ends sooner."""
KEPT_SECONDS = 4.0
"""Connections without a delivery for so long are closed: many servers close theirs after five."""


@dataclass(slots=True)
class Lane:
    """One endpoint's."""

    webhook_id: UUID
    outlet: Outlet
    is_failing: bool
    is_slow: bool = False
    width: int = 1
    waiting: deque[Claimed] = field(default_factory=deque)
    under_way: dict[int, float] = field(default_factory=dict)
    """By delivery, since when."""
    used_at: float = 0.0
    has_more: bool = False

    def is_suspect(self, now: float) -> bool:
        is_bad = self.is_failing or self.is_slow
        return is_bad or any(since + SLOW_SECONDS < now for since in self.under_way.values())

    def is_idle(self, now: float) -> bool:
        return not self.waiting and not self.under_way and self.used_at + KEPT_SECONDS < now


class Lanes:
    """All of them; used by the sender's thread alone."""

    def __init__(self, make_outlet: Callable[[], Outlet], *, threads: int = THREADS) -> None:
        self._make_outlet = make_outlet
        self._threads = threads
        self._lanes: dict[UUID, Lane] = {}
        self.under_way = 0

    @property
    def waiting(self) -> int:
        return sum(len(lane.waiting) for lane in self._lanes.values())

    def ready(self, now: float) -> int:
        """What waits here for a thread and nothing else; what waits in suspect lanes may wait for long."""
        return sum(len(lane.waiting) for lane in self._lanes.values() if lane.waiting and not lane.is_suspect(now))

    def suspects(self, now: float) -> list[UUID]:
        return [lane.webhook_id for lane in self._lanes.values() if lane.is_suspect(now)]

    def room_for_suspects(self, now: float) -> int:
        """For how many suspect lanes more something may be claimed: as many may wait as have threads."""
        waiting = sum(1 for lane in self._lanes.values() if lane.waiting and lane.is_suspect(now))
        return max(0, self._threads // 2 - waiting)

    def full(self) -> list[UUID]:
        """Lanes for which nothing more needs to be claimed: those in which as much waits as may be under way."""
        return [lane.webhook_id for lane in self._lanes.values() if len(lane.waiting) >= lane.width]

    def add(self, claimed: Iterable[Claimed], now: float, *, each: int) -> None:
        """Take in what was claimed, at most `each` for a lane."""
        claimed = list(claimed)
        numbers = Counter(delivery.webhook_id for delivery in claimed)
        for delivery in claimed:
            lane = self._lanes.get(delivery.webhook_id)
            if lane is None:
                lane = Lane(delivery.webhook_id, self._make_outlet(), delivery.is_failing, used_at=now)
                self._lanes[delivery.webhook_id] = lane
            lane.waiting.append(delivery)
            lane.has_more = lane.is_failing or numbers[lane.webhook_id] >= each

    def all_waiting(self) -> list[Claimed]:
        """What waits here, of all lanes."""
        return [delivery for lane in self._lanes.values() for delivery in lane.waiting]

    def keep(self, current: Mapping[int, Claimed]) -> list[Claimed]:
        """Put what holds by now in the place of what waits here. Returns what is not to be sent any more."""
        gone = []
        for lane in self._lanes.values():
            gone += [delivery for delivery in lane.waiting if delivery.id not in current]
            lane.waiting = deque(current[delivery.id] for delivery in lane.waiting if delivery.id in current)
        return gone

    def wants_more(self, webhook_id: UUID) -> bool:
        """Whether a lane is soon without work although there was more to claim when it was filled."""
        lane = self._lanes[webhook_id]
        return lane.has_more and len(lane.waiting) < lane.width

    def begin(self, now: float) -> Iterator[tuple[Lane, Claimed]]:
        """What may begin now, lane by lane, so that each has its turn; it counts as under way from here on."""
        suspect = sum(len(lane.under_way) for lane in self._lanes.values() if lane.is_suspect(now))
        progress = True
        while progress and self.under_way < self._threads:
            progress = False
            for lane in list(self._lanes.values()):
                is_suspect = lane.is_suspect(now)
                if (
                    not lane.waiting
                    or len(lane.under_way) >= lane.width
                    or self.under_way >= self._threads
                    or (is_suspect and suspect >= self._threads // 2)
                ):
                    continue
                suspect += is_suspect
                delivery = lane.waiting.popleft()
                lane.under_way[delivery.id] = lane.used_at = now
                self.under_way += 1
                progress = True
                # The next round begins with those that did not have a turn in this one.
                self._lanes[lane.webhook_id] = self._lanes.pop(lane.webhook_id)
                yield lane, delivery

    def end(self, delivery: Claimed, now: float, *, succeeded: bool) -> list[Claimed]:
        """An attempt has ended. Returns what waits here for an endpoint that failed, to be given back."""
        lane = self._lanes[delivery.webhook_id]
        lane.is_slow = lane.under_way.pop(delivery.id) + SLOW_SECONDS < now
        self.under_way -= 1
        lane.used_at = now
        lane.is_failing = not succeeded
        if succeeded:
            lane.width = min(2 * lane.width, WIDEST)
            return []
        lane.width = 1
        return self._empty([lane])

    def lapsing(self, before: datetime) -> list[Claimed]:
        """What waits here under a lease that ends before a time, to be given back."""
        given_back = []
        for lane in self._lanes.values():
            while lane.waiting and lane.waiting[0].leased_until < before:
                given_back.append(lane.waiting.popleft())
        return given_back

    def empty(self) -> list[Claimed]:
        """Everything that waits here, to be given back."""
        return self._empty(self._lanes.values())

    def close_idle(self, now: float) -> None:
        """Close the connections of endpoints that get nothing at the moment."""
        for lane in [lane for lane in self._lanes.values() if lane.is_idle(now)]:
            lane.outlet.close()
            del self._lanes[lane.webhook_id]

    def close(self) -> None:
        for lane in self._lanes.values():
            lane.outlet.close()

    def _empty(self, lanes: Iterable[Lane]) -> list[Claimed]:
        given_back = [delivery for lane in lanes for delivery in lane.waiting]
        for lane in lanes:
            lane.waiting.clear()
        return given_back
