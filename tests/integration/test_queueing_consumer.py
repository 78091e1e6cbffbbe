import pytest

from tests.integration.conftest import MovableClock
from tests.support.queue_claims import claims_of, held
from tests.support.queue_entries import add, entry, numbers
from tracker.errors import QueueUnavailable
from tracker.queueing.connection import Connection, connect, script
from tracker.queueing.consumer import GROUP, Claim, Consumer
from tracker.queueing.entry import BULK, NORMAL, STREAMS, URGENT


@pytest.fixture
def worker(queue: Connection, clock: MovableClock) -> Consumer:
    return claims_of(queue, clock)


def test_an_empty_redis_is_an_empty_queue(queue: Connection, worker: Consumer) -> None:
    assert worker.claim() == []
    assert worker.due() == []
    worker.close()
    assert held(queue) == (0, 0, 0)


def test_a_claimed_entry_is_what_was_added_and_nobody_elses(
    queue: Connection, worker: Consumer, clock: MovableClock
) -> None:
    add(queue, [entry(1)])
    [claim] = worker.claim()
    assert (claim.entry, claim.suspect) == (entry(1), False)
    assert worker.claim() == []
    assert claims_of(queue, clock).claim() == []


def test_entries_that_came_before_the_first_worker_are_found(queue: Connection, worker: Consumer) -> None:
    add(queue, [entry(1), entry(2, priority=1), entry(3, priority=-1)])
    assert sorted(numbers(worker.claim())) == [1, 2, 3]


def test_a_batch_is_never_larger_than_asked_for(queue: Connection, clock: MovableClock) -> None:
    add(queue, [entry(n, priority=n % 3 - 1) for n in range(30)])
    worker = claims_of(queue, clock, batch_size=4)
    assert [len(worker.claim()) for _ in range(9)] == [4, 4, 4, 4, 4, 4, 4, 2, 0]


def test_a_settled_entry_is_gone(queue: Connection, worker: Consumer) -> None:
    add(queue, [entry(n, priority=n - 1) for n in range(3)])
    worker.settle(worker.claim())
    assert held(queue) == (0, 0, 0)
    assert [queue.xlen(stream) for stream in STREAMS] == [0, 0, 0]


def test_settling_nothing_is_nothing(worker: Consumer) -> None:
    worker.settle([])


def test_urgent_entries_go_first(queue: Connection, clock: MovableClock) -> None:
    add(queue, [entry(n) for n in range(20)])
    add(queue, [entry(n, priority=1) for n in range(100, 105)])
    # Where among the eight turns a worker begins is left to its name; most begin with urgent ones.
    firsts = []
    for _ in range(16):
        worker = claims_of(queue, clock, batch_size=5)
        firsts.append(numbers(worker.claim())[0] >= 100)
        queue.flushall()
        add(queue, [entry(n) for n in range(20)])
        add(queue, [entry(n, priority=1) for n in range(100, 105)])
    assert sum(firsts) > 8


@pytest.mark.parametrize("kind", [BULK, NORMAL])
def test_less_urgent_entries_never_starve(queue: Connection, clock: MovableClock, kind: str) -> None:
    worker = claims_of(queue, clock, batch_size=2)
    for turn in range(8):
        add(queue, [entry(turn * 100 + n, priority=p) for n, p in enumerate([1, 1, 1, 1, 0, 0, 0, 0, -1, -1, -1, -1])])
    assert any(claim.key == kind for _ in range(8) for claim in worker.claim())


def test_what_a_dead_worker_held_is_taken_over(queue: Connection, worker: Consumer, clock: MovableClock) -> None:
    add(queue, [entry(n, priority=n - 1) for n in range(3)])
    died(queue, worker.claim())
    heir = claims_of(queue, clock)
    taken = heir.claim()
    assert sorted(numbers(taken)) == [0, 1, 2]
    heir.settle(taken)
    assert held(queue) == (0, 0, 0)


def died(queue: Connection, claims: list[Claim]) -> None:
    """Make the claims look as if their worker had died 20 s ago."""
    for claim in claims:
        queue.xclaim(claim.key, GROUP, "dead", 0, [claim.member], idle=20_000, justid=True)


def test_a_worker_looks_for_left_behind_entries_every_five_seconds(
    queue: Connection, worker: Consumer, clock: MovableClock
) -> None:
    add(queue, [entry(1)])
    heir = claims_of(queue, clock)
    assert numbers(heir.claim()) == [1]
    add(queue, [entry(2)])
    died(queue, worker.claim())
    assert heir.claim() == []
    clock.advance(5)
    assert numbers(heir.claim()) == [2]


def test_many_left_behind_entries_are_taken_over_batch_by_batch(
    queue: Connection, worker: Consumer, clock: MovableClock
) -> None:
    add(queue, [entry(n) for n in range(25)])
    for _ in range(3):
        died(queue, worker.claim())
    heir = claims_of(queue, clock)
    assert [len(heir.claim()) for _ in range(4)] == [10, 10, 5, 0]


def test_a_batch_is_filled_up_with_new_entries_after_a_take_over(
    queue: Connection, worker: Consumer, clock: MovableClock
) -> None:
    add(queue, [entry(1), entry(2)])
    died(queue, worker.claim())
    add(queue, [entry(3)])
    assert numbers(claims_of(queue, clock).claim()) == [1, 2, 3]


def test_of_two_that_hold_the_same_entry_the_slower_one_settles_nothing(
    queue: Connection, worker: Consumer, clock: MovableClock
) -> None:
    add(queue, [entry(1)])
    slow = worker.claim()
    died(queue, slow)
    heir = claims_of(queue, clock)
    heir.settle(heir.claim())
    add(queue, [entry(2)])
    worker.settle(slow)
    worker.postpone(slow[0], reason="too late", delay=0)
    assert held(queue) == (1, 0, 0)


def test_a_renewed_claim_is_not_taken_over(queue: Connection, worker: Consumer, clock: MovableClock) -> None:
    add(queue, [entry(1)])
    claims = worker.claim()
    died(queue, claims)
    worker.renew(claims)
    assert claims_of(queue, clock).claim() == []


def test_released_entries_are_there_for_the_next_one_at_once_and_count_no_retry(
    queue: Connection, worker: Consumer, clock: MovableClock
) -> None:
    add(queue, [entry(n, priority=n - 1) for n in range(3)])
    worker.release(worker.claim())
    worker.close()
    taken = claims_of(queue, clock).claim()
    assert sorted(numbers(taken)) == [0, 1, 2]
    assert {claim.entry.retry_count for claim in taken} == {0}


def test_a_deleted_entry_is_skipped_and_forgotten(queue: Connection, worker: Consumer, clock: MovableClock) -> None:
    add(queue, [entry(1), entry(2)])
    claims = worker.claim()
    died(queue, claims)
    queue.xdel(NORMAL, claims[0].member)
    heir = claims_of(queue, clock)
    assert numbers(heir.claim()) == [2]
    assert queue.xpending(NORMAL, GROUP)["pending"] == 1


def test_an_entry_that_others_wrote_is_claimed_like_any_other(queue: Connection, worker: Consumer) -> None:
    queue.xadd(NORMAL, {b"\xff\x00": b"\xfe"})
    queue.xadd(NORMAL, {"tracking_data": b"\xff not JSON", "retry_count": "many"})
    odd = worker.claim()
    assert [claim.entry.tracking_data for claim in odd] == [b"", b"\xff not JSON"]
    worker.postpone(odd[0], reason="unclear", delay=0)
    worker.settle(odd[1:])
    assert held(queue) == (0, 0, 1)


def test_a_redis_wiped_under_a_worker_is_an_empty_queue_again(
    queue: Connection, worker: Consumer, clock: MovableClock
) -> None:
    add(queue, [entry(n) for n in range(3)])
    claims = worker.claim()
    queue.flushall()
    queue.script_flush()
    worker.renew(claims)
    worker.release(claims)
    worker.postpone(claims[0], reason="why", delay=0)
    worker.settle(claims[1:])
    clock.advance(60)
    assert worker.claim() == []
    assert worker.due() == []
    worker.close()
    add(queue, [entry(9)])
    assert numbers(worker.claim()) == [9]


def test_a_worker_that_leaves_takes_its_name_along_unless_something_is_pending(
    queue: Connection, clock: MovableClock
) -> None:
    add(queue, [entry(1)])
    idle, busy = claims_of(queue, clock), claims_of(queue, clock)
    pending = busy.claim()
    idle.claim()
    busy.close()
    idle.close()
    assert [(c["pending"], c["name"].startswith(b"worker-")) for c in queue.xinfo_consumers(NORMAL, GROUP)] == [
        (1, True)
    ]
    busy.settle(pending)
    busy.close()
    assert queue.xinfo_consumers(NORMAL, GROUP) == []


def test_two_workers_that_start_at_once_make_one_group(
    queue: Connection, worker: Consumer, clock: MovableClock
) -> None:
    add(queue, [entry(n) for n in range(15)])
    first, second = worker.claim(), claims_of(queue, clock).claim()
    assert sorted(numbers(first + second)) == list(range(15))


def test_a_stream_that_is_none_is_an_outage(queue: Connection, worker: Consumer) -> None:
    queue.set(URGENT, "not a stream")
    with pytest.raises(QueueUnavailable):
        worker.claim()


def test_a_redis_that_is_away_is_an_outage_for_every_call(clock: MovableClock) -> None:
    worker = claims_of(connect("unix:///nonexistent/redis", name="tests"), clock)
    for call in (worker.claim, worker.due, worker.close):
        with pytest.raises(QueueUnavailable):
            call()


def test_names_that_dead_workers_left_behind_go_when_nothing_is_pending_for_them(
    queue: Connection, clock: MovableClock
) -> None:
    add(queue, [entry(1)])
    dead, dying = claims_of(queue, clock), claims_of(queue, clock)
    dead.claim()
    dying.claim()
    script(queue, "leave")(keys=list(STREAMS), args=[GROUP, "another", 600_000])
    assert len(queue.xinfo_consumers(NORMAL, GROUP)) == 2
    script(queue, "leave")(keys=list(STREAMS), args=[GROUP, "another", 0])
    assert [consumer["pending"] for consumer in queue.xinfo_consumers(NORMAL, GROUP)] == [1]
