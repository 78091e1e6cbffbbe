import time
from datetime import datetime
from pathlib import Path

import pytest
from rq import Queue
from structlog.testing import capture_logs

from tests.integration.conftest import MovableClock
from tests.support.queue_entries import APPLICATION, CREATED, add, entry, offer_of
from tracker.embedded import Valkey
from tracker.errors import QueueUnavailable
from tracker.queueing import snapshots
from tracker.queueing.connection import Connection, connect
from tracker.queueing.consumer import Consumer
from tracker.queueing.inspection import Depth, depths
from tracker.queueing.producer import Producer
from tracker.queueing.watch import Watch, is_work_waiting, look


@pytest.fixture
def worker(queue: Connection, clock: MovableClock) -> Consumer:
    return Consumer(queue, consumer="worker", batch_size=10, clock=clock)


def test_an_empty_queue_has_no_depth(queue: Connection) -> None:
    assert depths(queue) == [
        Depth(name=name, waiting=0) for name in ("urgent", "normal", "bulk", "overflow", "retries")
    ]


def test_the_depth_tells_what_waits_and_what_is_being_worked_on(queue: Connection, worker: Consumer) -> None:
    add(queue, [entry(n) for n in range(10)])
    worker.claim()
    add(queue, [entry(n, priority=-1) for n in range(3)])
    _, normal, bulk, _, retries = depths(queue)
    assert (normal.waiting, normal.pending, bulk.waiting, bulk.pending) == (0, 10, 3, 0)
    assert normal.oldest_seconds is not None
    assert 0 <= normal.oldest_seconds < 60
    assert retries.waiting == 0


def test_the_age_is_that_of_the_oldest_entry(queue: Connection) -> None:
    queue.xadd("tracker:hits:normal", {"id": "x"}, id=f"{int((time.time() - 100) * 1000)}-0")
    add(queue, [entry(1)])
    age = depths(queue)[1].oldest_seconds
    assert age is not None
    assert 99 < age < 160


def test_retries_tell_when_the_first_is_due(queue: Connection, worker: Consumer) -> None:
    add(queue, [entry(1), entry(2)])
    for delay, claim in zip((50, 90), worker.claim(), strict=True):
        worker.postpone(claim, reason="why", delay=delay)
    retries = depths(queue)[4]
    assert (retries.name, retries.waiting) == ("retries", 2)
    assert retries.next_due_seconds is not None
    assert 30 < retries.next_due_seconds <= 50


def test_nothing_waits_in_an_empty_redis(queue: Connection) -> None:
    assert not is_work_waiting(queue)


def test_a_waiting_entry_is_work(queue: Connection, worker: Consumer) -> None:
    add(queue, [entry(1)])
    assert is_work_waiting(queue)
    worker.claim()
    assert not is_work_waiting(queue)


def test_an_entry_that_was_left_behind_is_work(queue: Connection, worker: Consumer) -> None:
    add(queue, [entry(1)])
    claims = worker.claim()
    worker.release(claims)
    assert is_work_waiting(queue)
    worker.settle(claims)
    assert not is_work_waiting(queue)


def test_a_retry_is_work_when_it_is_due(queue: Connection, worker: Consumer) -> None:
    add(queue, [entry(1), entry(2)])
    later, now = worker.claim()
    worker.postpone(later, reason="why", delay=60)
    assert not is_work_waiting(queue)
    worker.postpone(now, reason="why", delay=0)
    assert is_work_waiting(queue)


def test_a_look_wakes_where_there_is_work_and_only_there(redis: Connection) -> None:
    assert not look(redis, "default", drain_seconds=20)
    assert len(Queue("default", connection=redis)) == 0
    add(redis, [entry(1)])
    assert look(redis, "default", drain_seconds=20)
    assert look(redis, "default", drain_seconds=20)
    assert len(Queue("default", connection=redis)) == 1


def test_a_job_that_was_lost_is_replaced_by_the_next_look(redis: Connection) -> None:
    add(redis, [entry(1)])
    look(redis, "default", drain_seconds=20)
    redis.delete("rq:queue:default")
    look(redis, "default", drain_seconds=20)
    assert len(Queue("default", connection=redis)) == 1


def test_looking_at_a_redis_that_is_away_is_an_outage() -> None:
    with pytest.raises(QueueUnavailable):
        look(connect("unix:///nonexistent/redis", name="tests"), "default", drain_seconds=20)


def test_a_watch_says_once_that_redis_is_away_and_goes_on(
    valkey: Valkey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.queueing.watch._EVERY_SECONDS", 0.01)
    place = tmp_path / "redis"
    client = connect(f"unix://{place}", name="tests")
    watch = Watch(client, "default", drain_seconds=20)
    with capture_logs() as lines, Valkey(tmp_path / "server", durable=False) as server:
        for _ in range(3):
            watch.look_when_due()
            time.sleep(0.02)
        add(connect(server.url, name="tests"), [entry(1)])
        place.symlink_to(server.url.removeprefix("unix://"))
        for _ in range(3):
            watch.look_when_due()
            time.sleep(0.02)
        assert len(Queue("default", connection=client)) == 1
    assert [line["event"] for line in lines] == ["watch cannot see the queue", "watch sees the queue again"]


def test_a_watch_that_is_asked_often_looks_every_few_seconds(
    redis: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.queueing.watch._EVERY_SECONDS", 600)
    watch = Watch(redis, "default", drain_seconds=20)
    watch.look_when_due()
    add(redis, [entry(1)])
    watch.look_when_due()
    assert len(Queue("default", connection=redis)) == 0


def test_a_snapshot_is_kept_for_a_month_and_dropped_at_once(queue: Connection) -> None:
    assert snapshots.get(queue, "shop") is None
    snapshots.put(queue, "shop", b"\x00snapshot")
    assert snapshots.get(queue, "shop") == b"\x00snapshot"
    assert 0 < queue.ttl("tracker:application:shop") <= 30 * 86400
    snapshots.drop(queue, "shop")
    assert snapshots.get(queue, "shop") is None


def test_a_hit_accepted_after_a_wipe_is_found_by_a_worker_that_was_there_before(
    queue: Connection, worker: Consumer, minute: datetime
) -> None:
    producer = Producer(queue, queue_limit=1000)
    producer.enqueue(offer_of(APPLICATION, 10, [entry(1)], minute))
    worker.settle(worker.claim())
    queue.flushall()
    producer.enqueue(offer_of(APPLICATION, 10, [entry(2)], CREATED))
    assert len(worker.claim()) == 1
