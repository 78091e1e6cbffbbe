"""Suspects: entries that failed for an unclear reason, and are tried again alone."""

import pytest

from tests.integration.conftest import MovableClock
from tests.support.queue_claims import claims_of, held
from tests.support.queue_entries import add, entry
from tracker.queueing.connection import Connection
from tracker.queueing.consumer import RETRIES, Consumer


@pytest.fixture
def worker(queue: Connection, clock: MovableClock) -> Consumer:
    return claims_of(queue, clock)


def test_a_postponed_entry_comes_back_alone_when_it_is_due(
    queue: Connection, worker: Consumer, clock: MovableClock
) -> None:
    add(queue, [entry(1)])
    [claim] = worker.claim()
    worker.postpone(claim, reason="no idea", delay=2)
    assert held(queue) == (0, 0, 1)
    assert worker.due() == []
    clock.advance(2)
    [again] = worker.due()
    assert again.suspect
    assert (again.entry.id, again.entry.tracking_data) == (entry(1).id, entry(1).tracking_data)
    assert (again.entry.retry_count, again.entry.error_message) == (1, "no idea")
    assert again.entry.updated_at > entry(1).updated_at
    worker.settle([again])
    assert held(queue) == (0, 0, 0)


def test_a_suspect_is_postponed_in_place(queue: Connection, worker: Consumer, clock: MovableClock) -> None:
    add(queue, [entry(1)])
    worker.postpone(worker.claim()[0], reason="first", delay=0)
    [suspect] = worker.due()
    for _ in range(2):  # The second time it is no longer there in this form.
        worker.postpone(suspect, reason="second", delay=8)
    assert held(queue) == (0, 0, 1)
    clock.advance(8)
    assert [(claim.entry.retry_count, claim.entry.error_message) for claim in worker.due()] == [(2, "second")]


def test_a_suspect_is_leased_and_comes_back_when_its_worker_dies(
    queue: Connection, worker: Consumer, clock: MovableClock
) -> None:
    add(queue, [entry(1)])
    worker.postpone(worker.claim()[0], reason="why", delay=0)
    assert len(worker.due()) == 1
    assert claims_of(queue, clock).due() == []
    clock.advance(30)
    assert len(claims_of(queue, clock).due()) == 1


def test_a_lease_is_renewed_and_released(queue: Connection, worker: Consumer, clock: MovableClock) -> None:
    add(queue, [entry(1)])
    worker.postpone(worker.claim()[0], reason="why", delay=0)
    suspects = worker.due()
    clock.advance(20)
    worker.renew(suspects)
    clock.advance(20)
    assert worker.due() == []
    worker.release(suspects)
    assert worker.due() == suspects


def test_claims_of_every_kind_are_settled_together(queue: Connection, worker: Consumer) -> None:
    add(queue, [entry(0)])
    worker.postpone(worker.claim()[0], reason="why", delay=0)
    add(queue, [entry(n, priority=n - 2) for n in range(1, 4)])
    worker.settle([*worker.due(), *worker.claim()])
    assert held(queue) == (0, 0, 0)


def test_a_garbage_member_among_the_retries_is_handed_out_and_can_be_settled(
    queue: Connection, worker: Consumer
) -> None:
    queue.zadd(RETRIES, {b"\xff{": 0})
    suspects = worker.due()
    assert [claim.entry.tracking_data for claim in suspects] == [rb"\xff{"]
    worker.settle(suspects)
    assert held(queue) == (0, 0, 0)
