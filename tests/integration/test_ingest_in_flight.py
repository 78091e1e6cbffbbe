from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.support.queued_hits import drain, enqueue, hit_of, rows
from tracker.application import Application
from tracker.ingest.in_flight import InFlight
from tracker.queueing.connection import Connection
from tracker.queueing.consumer import GROUP, Consumer
from tracker.queueing.entry import NORMAL
from tracker.store.database import Database


@dataclass
class HandClock:
    """A clock that only the test moves."""

    seconds: float = 0.0
    start: datetime = field(default_factory=lambda: datetime.now(UTC))

    def now(self) -> datetime:
        return self.start

    def monotonic(self) -> float:
        return self.seconds


def idle_times(redis: Connection) -> list[int]:
    return [pending["time_since_delivered"] for pending in redis.xpending_range(NORMAL, GROUP, "-", "+", 10)]


def grow_old(redis: Connection) -> None:
    ids = [pending["message_id"] for pending in redis.xpending_range(NORMAL, GROUP, "-", "+", 10)]
    redis.xclaim(NORMAL, GROUP, "one", 0, ids, idle=10_000, justid=True)


def test_what_is_left_of_a_batch_is_renewed_after_five_seconds_and_not_before(
    redis: Connection, application: Application
) -> None:
    clock = HandClock()
    held = InFlight(Consumer(redis, consumer="one", batch_size=10, clock=clock), clock)
    enqueue(redis, [hit_of(application, n) for n in range(1, 5)])
    [batch] = held.claim()
    held.settle(batch[:1])
    grow_old(redis)

    clock.seconds = 4.9
    held.renew()
    assert min(idle_times(redis)) >= 10_000

    clock.seconds = 5.0
    held.renew()
    assert len(idle_times(redis)) == 3
    assert max(idle_times(redis)) < 5_000


def test_what_is_released_is_there_for_the_next_worker_at_once(redis: Connection, application: Application) -> None:
    clock = HandClock()
    held = InFlight(Consumer(redis, consumer="one", batch_size=10, clock=clock), clock)
    enqueue(redis, [hit_of(application, n) for n in range(1, 5)])
    [batch] = held.claim()
    held.settle(batch[:1])

    held.release()

    [again] = InFlight(Consumer(redis, consumer="two", batch_size=10, clock=clock), clock).claim()
    assert [claim.entry for claim in again] == [claim.entry for claim in batch[1:]]


def test_of_a_deep_backlog_the_next_batch_is_claimed_ahead_and_of_a_short_one_none(
    redis: Connection, application: Application
) -> None:
    clock = HandClock()
    held = InFlight(Consumer(redis, consumer="one", batch_size=2, clock=clock), clock)
    long = {"text": "x" * 60_000}
    enqueue(redis, [hit_of(application, n, event_data=long) for n in range(1, 8)])

    [first] = held.claim()
    [second] = held.claim_ahead()
    assert [len(first), len(second)] == [4, 3]
    enqueue(redis, [hit_of(application, 9)])
    assert held.claim_ahead() == []

    held.settle(first)
    held.release()
    assert len(InFlight(Consumer(redis, consumer="two", batch_size=9, clock=clock), clock).claim()[0]) == 4


def test_a_deep_backlog_keeps_no_suspect_waiting(redis: Connection, application: Application) -> None:
    clock = HandClock()
    consumer = Consumer(redis, consumer="one", batch_size=2, clock=clock)
    held = InFlight(consumer, clock)
    long = {"text": "x" * 60_000}
    enqueue(redis, [hit_of(application, n, event_data=long) for n in range(1, 18)])
    [first] = held.claim()
    held.postpone(first[0], reason="unclear", delay=-1)
    held.settle(first[1:])

    clock.seconds = 1.0
    assert held.claim_ahead() == []
    assert [claim.suspect for batch in held.claim() for claim in batch] == [False] * 4 + [True]


def test_more_entries_without_anything_in_them_than_a_script_can_settle_block_nobody(
    database: Database, redis: Connection, application: Application
) -> None:
    with redis.pipeline(transaction=False) as pipeline:
        for number in range(9000):
            pipeline.xadd(NORMAL, {"nonsense": number})
        pipeline.execute()
    enqueue(redis, [hit_of(application, 1)])

    drained = drain(redis, database, seconds=60)

    assert (drained.ended, drained.stored, drained.failed) == ("dry", 1, 9000)
    assert redis.xlen(NORMAL) == 0
    assert rows(database, "SELECT count(*) FROM batch_queue WHERE status = 'failed'") == [(9000,)]
