"""When the queue is empty, by what came in and went out: a backlog, one that grows, hits that are only under way."""

from collections.abc import Callable

import pytest

from tracker.queueing.connection import Connection
from tracker.queueing.inspection import Depth
from tracker.queueing.throughput import throughput

Rates = Callable[[int, int], None]


@pytest.fixture
def a_minute(redis: Connection) -> Rates:
    """Says how many hits came in and went out in each of the minutes before, and a few after."""

    def said(hits_in: int, hits_out: int) -> None:
        (seconds, _) = redis.time()
        for minute in range(seconds // 60 - 6, seconds // 60 + 3):
            redis.hset(f"tracker:metrics:minute:{minute}", mapping={"in": hits_in, "out": hits_out})

    return said


@pytest.mark.parametrize(
    ("minute", "waiting", "seconds"),
    [
        ((600, 1200), 1000, 100),
        ((1200, 600), 1000, None),
        ((1200, 1200), 1000, None),
        ((1200, 1200), 30, 1.5),
        ((1200, 600), 10, 1),
        ((0, 0), 10, None),
        ((600, 0), 0, 0),
    ],
)
def test_when_the_queue_is_empty(
    redis: Connection, a_minute: Rates, minute: tuple[int, int], waiting: int, seconds: float | None
) -> None:
    a_minute(*minute)
    depth = Depth(name="normal", waiting=waiting, pending=0, oldest_seconds=None, next_due_seconds=None)
    assert throughput(redis, [depth]).seconds_to_drain == pytest.approx(seconds)
