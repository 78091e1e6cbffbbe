"""An application with a crowd of hits waiting gets a stream of its own, and nobody else waits behind it."""

from uuid import UUID

import pytest

from tests.integration.conftest import MovableClock
from tests.support.queue_claims import claims_of, held
from tests.support.queue_entries import CREATED, entry, numbers, offer_of
from tests.support.queued_hits import entry_of, hit_of
from tracker.application import Application
from tracker.errors import QueueFull, ShareFull
from tracker.queueing import adding, consumer, snapshots
from tracker.queueing.accept_command import SHARED_STREAM_SHARE
from tracker.queueing.connection import Connection
from tracker.queueing.consumer import GROUP, Claim, Consumer
from tracker.queueing.entry import BULK, IMPORT_PRIORITY, NORMAL, STREAMS, URGENT
from tracker.queueing.inspection import depths, find, settled_until
from tracker.queueing.overflow import OVERFLOW, OVERFLOWING, overflow_stream, overflow_streams
from tracker.queueing.producer import Producer
from tracker.queueing.removal import count, remove_entries
from tracker.queueing.watch import is_work_waiting

CROWD, SMALL, OTHER_CROWD = UUID(int=1), UUID(int=2), UUID(int=3)
SHARE = SHARED_STREAM_SHARE


@pytest.fixture
def producer(queue: Connection) -> Producer:
    return Producer(queue, queue_limit=100_000)


def offer(
    producer: Producer, application: UUID, *entries_at: int, first: int = 1, many: int = 1, **columns: object
) -> None:
    """Offer `many` entries at once, numbered from `first`."""
    producer.enqueue(
        offer_of(application, None, [entry(n, **columns) for n in entries_at or range(first, first + many)], CREATED)
    )


def in_streams(queue: Connection) -> dict[str, int]:
    """Lengths by kind of the streams that hold anything."""
    return {depth.name: depth.waiting + depth.pending for depth in depths(queue) if depth.waiting + depth.pending}


def work_off(claims: Consumer) -> list[Claim]:
    claimed = claims.claim()
    claims.settle(claimed)
    return claimed


@pytest.mark.parametrize(("priority", "stream"), [(1, URGENT), (0, NORMAL), (-1, BULK)])
def test_what_is_above_the_share_goes_into_a_stream_of_its_own(
    queue: Connection, producer: Producer, priority: int, stream: str
) -> None:
    for first in range(0, 3 * SHARE, 10):
        offer(producer, CROWD, first=first, many=10, priority=priority)
    assert queue.xlen(stream) == SHARE
    assert queue.xlen(overflow_stream(CROWD)) == 2 * SHARE
    assert overflow_streams(queue) == [overflow_stream(CROWD)]


def test_a_batch_above_the_share_is_parted(queue: Connection, producer: Producer) -> None:
    offer(producer, CROWD, many=1000)
    assert in_streams(queue) == {"normal": SHARE, "overflow": 1000 - SHARE}


def test_long_hits_use_the_share_up_sooner(queue: Connection, producer: Producer) -> None:
    for number in range(20):
        offer(producer, CROWD, number, tracking_data=b'"' + b"x" * 65_000 + b'"')
    assert queue.xlen(NORMAL) == SHARE // 16
    assert queue.xlen(overflow_stream(CROWD)) == 20 - SHARE // 16


def test_whoever_is_worked_off_in_time_stays_in_the_shared_stream_however_much_it_sends(
    queue: Connection, producer: Producer, clock: MovableClock
) -> None:
    worker = claims_of(queue, clock, batch_size=100)
    for first in range(0, 20 * SHARE, 10):
        offer(producer, CROWD, first=first, many=10)
        assert len(work_off(worker)) == 10
    assert not overflow_streams(queue)


def test_whose_stream_is_worked_off_is_back_in_the_shared_one(
    queue: Connection, producer: Producer, clock: MovableClock
) -> None:
    worker = claims_of(queue, clock, batch_size=1000)
    offer(producer, CROWD, many=3 * SHARE)
    assert len(work_off(worker)) == 3 * SHARE
    offer(producer, CROWD, first=5000, many=SHARE)
    assert in_streams(queue) == {"normal": SHARE}
    assert work_off(worker)
    assert work_off(worker) == []
    assert (overflow_streams(queue), queue.exists(overflow_stream(CROWD))) == ([], 0)


def test_while_a_crowd_waits_all_of_it_stays_together_and_in_order(
    queue: Connection, producer: Producer, clock: MovableClock
) -> None:
    offer(producer, CROWD, many=20 * SHARE)
    worker = claims_of(queue, clock, batch_size=SHARE)
    while queue.xlen(NORMAL):
        work_off(worker)
    assert queue.xlen(overflow_stream(CROWD))
    offer(producer, CROWD, 9999)
    assert not queue.xlen(NORMAL)
    order = []
    while claimed := work_off(worker):
        order += numbers(claimed)
    assert order == sorted(order)
    assert order[-1] == 9999


@pytest.mark.parametrize("crowds", [1, 5])
def test_another_applications_hit_is_in_the_next_batch_however_much_waits(
    queue: Connection, producer: Producer, clock: MovableClock, crowds: int
) -> None:
    for number in range(crowds):
        offer(producer, UUID(int=100 + number), first=number * 10_000, many=5 * SHARE)
    worker = claims_of(queue, clock, batch_size=100)
    for _ in range(crowds * SHARE // 100 + 8):
        work_off(worker)
    assert not queue.xlen(NORMAL)
    offer(producer, SMALL, 777_777)
    # Two turns, since one of eight begins with crowds and one with the bulk.
    assert 777_777 in numbers([*work_off(worker), *work_off(worker)])


def test_crowds_have_their_turns_one_after_the_other(
    queue: Connection, producer: Producer, clock: MovableClock
) -> None:
    offer(producer, CROWD, first=0, many=50 * SHARE)
    offer(producer, OTHER_CROWD, first=100_000, many=SHARE + 150)
    worker = claims_of(queue, clock, batch_size=100)
    turns = 0
    while queue.xlen(overflow_stream(OTHER_CROWD)) or queue.xlen(NORMAL):
        work_off(worker)
        turns += 1
    assert turns <= 2 + 2 * 2 + 3
    assert queue.xlen(overflow_stream(CROWD)) > 40 * SHARE


def test_a_worker_that_has_work_left_claims_little_of_crowds_and_of_the_bulk(
    queue: Connection, producer: Producer, clock: MovableClock
) -> None:
    offer(producer, CROWD, many=20 * SHARE)
    adding.add(queue, [entry(n, priority=IMPORT_PRIORITY) for n in range(100_000, 100_100)])
    worker = claims_of(queue, clock, batch_size=20)
    work_left: list[Claim] = []
    while len(work_left) < SHARE:
        work_left += [claim for claim in worker.claim(held=work_left) if claim.key == NORMAL]
    kinds = [{claim.key for claim in worker.claim(held=work_left)} for _ in range(8)]
    assert sorted(sorted(kind) for kind in kinds if kind) == [[BULK], [overflow_stream(CROWD)]]
    offer(producer, SMALL, 200_000)
    assert 200_000 in numbers([*worker.claim(held=work_left), *worker.claim(held=work_left)])
    of_the_crowd: list[Claim] = []
    while not of_the_crowd:
        of_the_crowd = [claim for claim in worker.claim() if claim.key == overflow_stream(CROWD)]
    kinds = [{claim.key for claim in worker.claim(held=of_the_crowd)} for _ in range(8)]
    assert sorted(sorted(kind) for kind in kinds if kind) == [[BULK]]


def test_a_crowd_never_starves_behind_what_others_send(
    queue: Connection, producer: Producer, clock: MovableClock
) -> None:
    offer(producer, CROWD, many=2 * SHARE)
    worker = claims_of(queue, clock, batch_size=10)
    others = turns = 0
    while queue.xlen(overflow_stream(CROWD)) and turns < 100 * SHARE:
        turns += 1
        for number in range(20):
            others += 1
            offer(producer, UUID(int=1000 + number), 100_000 + others)
        work_off(worker)
    assert turns <= 8 * (SHARE // 10 + 2)


def test_what_a_dead_worker_held_of_a_crowd_is_taken_over(
    queue: Connection, producer: Producer, clock: MovableClock
) -> None:
    offer(producer, CROWD, many=2 * SHARE)
    dead = claims_of(queue, clock, batch_size=1000)
    claimed = dead.claim()
    assert len(claimed) == 2 * SHARE
    assert not is_work_waiting(queue)
    for claim in claimed:
        queue.xclaim(claim.key, GROUP, "dead", 0, [claim.member], idle=20_000, justid=True)
    assert is_work_waiting(queue)
    heir = claims_of(queue, clock, batch_size=1000)
    assert sorted(numbers(work_off(heir))) == list(range(1, 2 * SHARE + 1))
    assert held(queue) == (0, 0, 0)


def test_entries_of_a_crowd_are_released_renewed_and_postponed_like_others(
    queue: Connection, producer: Producer, clock: MovableClock
) -> None:
    offer(producer, CROWD, many=SHARE + 3)
    worker = claims_of(queue, clock, batch_size=1000)
    claims = [claim for claim in worker.claim() if claim.key.startswith(OVERFLOW)]
    worker.renew(claims)
    worker.postpone(claims[0], reason="why", delay=0)
    worker.release(claims[1:])
    assert numbers(worker.due()) == [SHARE + 1]
    heir = claims_of(queue, clock, batch_size=1000)
    assert numbers(heir.claim()) == [SHARE + 2, SHARE + 3]
    # What another has settled and forgotten meanwhile is nothing to renew or release, and makes no stream anew.
    heir.settle(claims[1:])
    heir.claim()
    assert not queue.exists(overflow_stream(CROWD))
    worker.renew(claims[1:])
    worker.release(claims[1:])
    assert not queue.exists(overflow_stream(CROWD))


def test_a_crowd_is_found_counted_withdrawn_and_waited_for(
    queue: Connection, producer: Producer, clock: MovableClock
) -> None:
    offer(producer, CROWD, many=SHARE + 30)
    place = find(queue, UUID(int=SHARE + 30))
    assert place is not None
    assert (place[0], place[1].id.int) == ("overflow", SHARE + 30)
    for number in range(SHARE):
        remove_entries(queue, lambda waiting, number=number: waiting.id.int == number + 1)  # type: ignore[misc]
    assert in_streams(queue) == {"overflow": 30}
    assert settled_until(queue, clock.now()) < clock.now()
    assert count(queue, lambda _: True) == (30, 0)
    assert remove_entries(queue, lambda _: True).streams == 30
    assert snapshots.forget_application(queue, CROWD, "crowd") == 1
    assert not queue.exists(overflow_stream(CROWD), OVERFLOWING)


def test_consumers_that_hold_nothing_of_a_crowd_leave_its_stream(
    queue: Connection, producer: Producer, clock: MovableClock
) -> None:
    offer(producer, CROWD, many=SHARE + 5)
    queue.delete(NORMAL)
    gone, going = claims_of(queue, clock, batch_size=2), claims_of(queue, clock, batch_size=1)
    work_off(gone)
    claimed = going.claim()
    assert len(queue.xinfo_consumers(overflow_stream(CROWD), GROUP)) == 2
    gone.close()
    going.close()
    assert [consumer["pending"] for consumer in queue.xinfo_consumers(overflow_stream(CROWD), GROUP)] == [1]
    going.settle(claimed)
    assert consumer.remove_dead_consumers(queue, idle_seconds=0) >= 1
    assert queue.xinfo_consumers(overflow_stream(CROWD), GROUP) == []


def test_what_was_accepted_before_comes_back_in_its_applications_own_stream(
    queue: Connection, application: Application
) -> None:
    hits = [hit_of(application, number) for number in range(1, 4)]
    adding.add(queue, [entry_of(hits[0]), entry_of(hits[1], priority=5), entry(7)])
    adding.add_once(queue, [entry_of(hits[2])], [(application.id, UUID(int=9))])
    assert in_streams(queue) == {"normal": 1, "overflow": 3}
    assert overflow_streams(queue) == [overflow_stream(application.id)]


def test_entries_that_an_older_version_put_into_the_shared_streams_are_worked_off(
    queue: Connection, clock: MovableClock
) -> None:
    for number in range(300):
        fields = {
            name: str(value) for name, value in zip(("id", "tracking_data"), (UUID(int=number), "{}"), strict=True)
        }
        queue.xadd(STREAMS[number % 3], fields)  # type: ignore[arg-type]
    worker = claims_of(queue, clock, batch_size=100)
    assert sum(len(work_off(worker)) for _ in range(3)) == 300
    assert held(queue) == (0, 0, 0)


def test_the_last_tenth_of_the_queue_is_for_applications_without_a_crowd(queue: Connection) -> None:
    producer = Producer(queue, queue_limit=2000)
    offer(producer, CROWD, many=1000)
    offer(producer, CROWD, first=1001, many=800)
    with pytest.raises(ShareFull):
        offer(producer, CROWD, 5000)
    offer(producer, SMALL, 5001)
    # Each receiver knows what waits in other applications' streams from its last look.
    other = Producer(queue, queue_limit=2000)
    other.look_at_crowds()
    for number in range(SHARE - 1):
        offer(other, SMALL, 6000 + number)
    offer(other, OTHER_CROWD, first=7000, many=100)
    with pytest.raises(QueueFull):
        offer(other, UUID(int=9), 8000)


def test_what_is_noted_of_a_share_outlives_no_wiped_redis_and_no_odd_value(
    queue: Connection, producer: Producer
) -> None:
    offer(producer, CROWD, many=SHARE)
    queue.delete(NORMAL)
    offer(producer, CROWD, first=1001, many=SHARE)
    assert in_streams(queue) == {"normal": SHARE}
    queue.delete(f"tracker:share:{CROWD}")
    offer(producer, CROWD, first=2001, many=SHARE)
    assert in_streams(queue) == {"normal": 2 * SHARE}
