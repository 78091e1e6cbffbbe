"""Who may send how much at a time."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from tracker.store.webhook_sending import Claimed
from tracker.webhooks.attempt import Attempted
from tracker.webhooks.lanes import KEPT_SECONDS, SLOW_SECONDS, Lanes
from tracker.webhooks.streaks import streaks
from tracker.webhooks.verdict import Outcome, Verdict, judge

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
_numbers = count(1)


class Outlet:
    """Stands where connections would be."""

    closed = False

    def close(self) -> None:
        self.closed = True


def claimed(webhook_id: UUID, number: int = 1, *, is_failing: bool = False, until: datetime = NOON) -> list[Claimed]:
    return [
        Claimed(
            id=next(_numbers), webhook_id=webhook_id, event_id="hit_1", payload="{}", tries=0, leased_until=until,
            url="https://hooks.example.com/", secret="encrypted", previous_secret=None, is_failing=is_failing,
        )
        for _ in range(number)
    ]  # fmt: skip


def lanes_of(threads: int = 8) -> Lanes:
    make: Any = Outlet
    return Lanes(make, threads=threads)


def begin(lanes: Lanes, now: float = 0.0) -> list[Claimed]:
    return [delivery for _, delivery in lanes.begin(now)]


def end(lanes: Lanes, deliveries: Iterable[Claimed], now: float = 0.0, *, succeeded: bool = True) -> list[Claimed]:
    return [left for delivery in deliveries for left in lanes.end(delivery, now, succeeded=succeeded)]


def test_a_lane_begins_narrow_doubles_with_each_success_and_stops_at_four() -> None:
    lanes = lanes_of()
    lanes.add(claimed(uuid4(), 30), 0, each=50)
    widths = []
    for _ in range(4):
        begun = begin(lanes)
        widths.append(len(begun))
        end(lanes, begun)
    assert widths == [1, 2, 4, 4]
    assert begin(lanes_of()) == []


def test_a_failure_makes_a_lane_narrow_and_gives_back_what_waits() -> None:
    lanes, webhook_id = lanes_of(), uuid4()
    lanes.add(claimed(webhook_id, 10), 0, each=50)
    end(lanes, begin(lanes))
    first, second = begin(lanes)
    assert len(end(lanes, [first], succeeded=False)) == 7
    end(lanes, [second])
    lanes.add(claimed(webhook_id, 5), 0, each=50)
    assert len(begin(lanes)) == 2


def test_failing_lanes_have_half_of_the_threads_together() -> None:
    lanes = lanes_of(threads=8)
    for _ in range(10):
        lanes.add(claimed(uuid4(), is_failing=True), 0, each=50)
    assert len(begin(lanes)) == 4
    for _ in range(10):
        lanes.add(claimed(uuid4()), 0, each=50)
    assert len(begin(lanes)) == 4
    assert lanes.under_way == 8


def test_a_lane_that_takes_long_becomes_suspect() -> None:
    lanes = lanes_of(threads=4)
    slow = [uuid4(), uuid4()]
    for webhook_id in slow:
        lanes.add(claimed(webhook_id, 3), 0, each=50)
    assert len(begin(lanes, 0)) == 2
    later = SLOW_SECONDS + 1
    lanes.add(claimed(uuid4(), is_failing=True), later, each=50)
    assert begin(lanes, later) == []
    healthy = claimed(uuid4())
    lanes.add(healthy, later, each=50)
    assert begin(lanes, later) == healthy


def test_a_lane_that_took_long_stays_suspect_until_one_is_quick() -> None:
    lanes, webhook_id = lanes_of(threads=4), uuid4()
    lanes.add(claimed(webhook_id, 5), 0, each=50)
    end(lanes, begin(lanes, 0), SLOW_SECONDS + 1)
    assert (lanes.suspects(4), lanes.ready(4), lanes.room_for_suspects(4)) == ([webhook_id], 0, 1)
    end(lanes, begin(lanes, 4), 5)
    assert (lanes.suspects(5), lanes.ready(5), lanes.room_for_suspects(5)) == ([], 2, 2)


def test_each_lane_has_its_turn() -> None:
    lanes = lanes_of(threads=2)
    webhook_ids = [uuid4() for _ in range(4)]
    for webhook_id in webhook_ids:
        lanes.add(claimed(webhook_id, 10), 0, each=50)
    order = []
    for _ in range(4):
        begun = begin(lanes)
        order += [delivery.webhook_id for delivery in begun]
        end(lanes, begun)
    assert order == webhook_ids * 2


def test_what_has_little_left_of_its_lease_is_given_back() -> None:
    lanes, webhook_id = lanes_of(), uuid4()
    lapsing, lasting = claimed(webhook_id), claimed(webhook_id, until=NOON + timedelta(seconds=60))
    lanes.add(lapsing + lasting, 0, each=50)
    assert lanes.lapsing(NOON + timedelta(seconds=20)) == lapsing
    assert lanes.empty() == lasting
    assert lanes.waiting == 0


def test_idle_connections_are_closed() -> None:
    made: list[Outlet] = []

    def make() -> Any:
        made.append(Outlet())
        return made[-1]

    lanes = Lanes(make, threads=4)
    lanes.add(claimed(uuid4()), 0, each=50)
    begun = begin(lanes)
    lanes.close_idle(100)
    assert not made[0].closed
    end(lanes, begun, 100)
    lanes.close_idle(100 + KEPT_SECONDS)
    assert not made[0].closed
    lanes.close_idle(101 + KEPT_SECONDS)
    assert made[0].closed


def attempt_of(webhook_id: UUID, second: int, status: int) -> tuple[Attempted, Verdict]:
    at = NOON + timedelta(seconds=second)
    [delivery] = claimed(webhook_id)
    outcome = Outcome(status=status)
    attempted = Attempted(delivery=delivery, at=at, ended_at=at, duration_ms=1, outcome=outcome)
    return attempted, judge(outcome, tries=1, now=at, chance=0)


def test_a_streak_counts_the_failures_after_the_last_success() -> None:
    one, two = sorted([uuid4(), uuid4()])
    statuses = [(one, 500), (two, 500), (one, 200), (one, 500), (one, 404), (two, 500)]
    first, second = streaks(attempt_of(webhook_id, at, status) for at, (webhook_id, status) in enumerate(statuses))
    assert (first.webhook_id, first.succeeded, first.failures) == (one, True, 2)
    assert first.failing_since == NOON + timedelta(seconds=3)
    assert (second.webhook_id, second.succeeded, second.failures) == (two, False, 2)
    assert second.failing_since == NOON + timedelta(seconds=1)
    assert second.last_at == NOON + timedelta(seconds=5)
