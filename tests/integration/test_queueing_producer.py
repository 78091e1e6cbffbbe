import socket
import subprocess
import sys
import threading
import time
from contextlib import nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from tests.support.queue_entries import APPLICATION, CREATED, entry, numbers, offer_of
from tests.support.receiving import queued
from tracker.errors import QueueFull, QueueUnavailable
from tracker.queueing.connection import Connection, connect
from tracker.queueing.entry import BULK, FIELDS, NORMAL, STREAMS, URGENT, Entry
from tracker.queueing.memory import limit_of
from tracker.queueing.producer import Producer
from tracker.queueing.wakeup import clear

OTHER = UUID(int=8)


@pytest.fixture
def producer(queue: Connection) -> Producer:
    return Producer(queue, queue_limit=1000)


def entries_in(queue: Connection, stream: str) -> list[Entry]:
    return [Entry.from_fields(fields, stream_id) for stream_id, fields in queue.xrange(stream)]


def test_an_entry_lands_in_the_stream_of_its_priority(queue: Connection, producer: Producer) -> None:
    offered = [entry(1), entry(2, priority=3), entry(3, priority=-2), entry(4)]
    assert producer.enqueue(offer_of(APPLICATION, 10, offered, CREATED)).accepted == 4
    assert [numbers(entries_in(queue, stream)) for stream in (URGENT, NORMAL, BULK)] == [[2], [1, 4], [3]]


def test_the_stream_holds_the_columns_of_batch_queue_by_name_and_nothing_else(
    queue: Connection, producer: Producer
) -> None:
    offered = entry(retry_count=1, error_message="once failed", processed_at=CREATED)
    producer.enqueue(offer_of(APPLICATION, 10, [offered], CREATED))
    [(_, fields)] = queue.xrange(NORMAL)
    assert [name.decode() for name in fields] == list(FIELDS)
    assert entries_in(queue, NORMAL) == [offered]


def test_a_minute_takes_as_many_as_the_limit_and_says_what_is_left(producer: Producer, minute: datetime) -> None:
    first = producer.enqueue(offer_of(APPLICATION, 3, [entry(1)], minute + timedelta(seconds=1)))
    assert (first.accepted, first.limit, first.remaining) == (1, 3, 2)
    assert first.reset == minute.timestamp() + 60
    batch = producer.enqueue(offer_of(APPLICATION, 3, [entry(n) for n in range(2, 7)], minute + timedelta(seconds=59)))
    assert (batch.accepted, batch.remaining) == (2, 0)
    assert producer.enqueue(offer_of(APPLICATION, 3, [entry(9)], minute + timedelta(seconds=59))).accepted == 0
    assert producer.enqueue(offer_of(OTHER, 3, [entry(10)], minute + timedelta(seconds=59))).accepted == 1
    assert producer.enqueue(offer_of(APPLICATION, 3, [entry(9)], minute + timedelta(seconds=60))).remaining == 2


def test_the_first_of_a_batch_are_those_within_the_limit(queue: Connection, producer: Producer) -> None:
    producer.enqueue(offer_of(APPLICATION, 2, [entry(n) for n in range(1, 6)], CREATED))
    assert numbers(entries_in(queue, NORMAL)) == [1, 2]


@pytest.mark.parametrize("limit", [0, -5])
def test_a_limit_of_nothing_takes_nothing(queue: Connection, producer: Producer, limit: int) -> None:
    refused = producer.enqueue(offer_of(APPLICATION, limit, [entry()], CREATED))
    assert (refused.accepted, refused.limit, refused.remaining, refused.wake_up_due) == (0, 0, 0, False)
    assert not queue.exists(*STREAMS)


def test_without_a_limit_everything_is_taken_and_nothing_counted(queue: Connection, producer: Producer) -> None:
    taken = producer.enqueue(offer_of(APPLICATION, None, [entry(n) for n in range(500)], CREATED))
    assert (taken.accepted, taken.limit, taken.remaining, taken.reset) == (500, 0, 0, 0)
    assert not list(queue.scan_iter("tracker:usage:*"))


def test_counters_of_a_minute_go_by_themselves(queue: Connection, producer: Producer) -> None:
    for _ in range(2):
        producer.enqueue(offer_of(APPLICATION, 5, [entry()], CREATED))
    [key] = queue.scan_iter("tracker:usage:*")
    assert 0 < queue.ttl(key) <= 120


def test_a_repeated_event_is_not_added_again_and_gets_the_first_ones_tracking_id(
    queue: Connection, producer: Producer
) -> None:
    producer.enqueue(offer_of(APPLICATION, 10, [entry(1)], CREATED, ["event"]))
    again = producer.enqueue(
        offer_of(APPLICATION, 10, [entry(2), entry(3), entry(4)], CREATED, [None, "event", "other"])
    )
    assert (again.accepted, again.repeats) == (3, {1: entry(1).id})
    assert numbers(entries_in(queue, NORMAL)) == [1, 2, 4]
    assert producer.enqueue(offer_of(OTHER, 10, [entry(5)], CREATED, ["event"])).repeats == {}
    assert all(0 < queue.ttl(key) <= 86400 for key in queue.scan_iter("tracker:event:*"))


def test_an_event_that_comes_twice_in_one_batch_is_one_hit(queue: Connection, producer: Producer) -> None:
    assert producer.enqueue(offer_of(APPLICATION, 10, [entry(1), entry(2)], CREATED, ["e", "e"])).repeats == {
        1: entry(1).id
    }
    assert numbers(entries_in(queue, NORMAL)) == [1]


def test_an_offer_sent_again_after_its_answer_was_lost_is_no_repeat(queue: Connection, producer: Producer) -> None:
    for _ in range(2):
        assert producer.enqueue(offer_of(APPLICATION, 10, [entry(1)], CREATED, ["event"])).repeats == {}
    assert numbers(entries_in(queue, NORMAL)) == [1]


def test_what_was_over_the_limit_is_no_repeat_later(queue: Connection, producer: Producer, minute: datetime) -> None:
    producer.enqueue(offer_of(APPLICATION, 1, [entry(1), entry(2)], minute, ["a", "b"]))
    assert producer.enqueue(offer_of(APPLICATION, 1, [entry(3)], minute + timedelta(minutes=1), ["b"])).repeats == {}
    assert numbers(entries_in(queue, NORMAL)) == [1, 3]


def test_a_full_queue_refuses_and_counts_nothing(queue: Connection, producer: Producer) -> None:
    producer.enqueue(offer_of(APPLICATION, None, [entry(n, priority=n % 3 - 1) for n in range(1000)], CREATED))
    with pytest.raises(QueueFull):
        producer.enqueue(offer_of(APPLICATION, 10, [entry(1)], CREATED, ["event"]))
    assert not list(queue.scan_iter("tracker:usage:*"))
    assert not list(queue.scan_iter("tracker:event:*"))


def test_one_wake_up_is_due_until_a_drain_clears_it(queue: Connection, producer: Producer) -> None:
    assert [producer.enqueue(offer_of(APPLICATION, 10, [entry(n)], CREATED)).wake_up_due for n in range(3)] == [
        True,
        False,
        False,
    ]
    assert 0 < queue.pttl("tracker:nudge") <= 2000
    clear(queue)
    assert producer.enqueue(offer_of(APPLICATION, 10, [entry(3)], CREATED)).wake_up_due


def test_a_wiped_redis_without_scripts_takes_the_next_hit(queue: Connection, producer: Producer) -> None:
    producer.enqueue(offer_of(APPLICATION, 10, [entry(1)], CREATED))
    queue.flushall()
    queue.script_flush()
    assert producer.enqueue(offer_of(APPLICATION, 10, [entry(2)], CREATED)).remaining == 9
    assert numbers(entries_in(queue, NORMAL)) == [2]


def test_a_stream_that_is_none_is_an_outage_and_loses_no_event(queue: Connection, producer: Producer) -> None:
    queue.set(NORMAL, "not a stream")
    with pytest.raises(QueueUnavailable):
        producer.enqueue(offer_of(APPLICATION, 10, [entry(1)], CREATED, ["event"]))
    queue.delete(NORMAL)
    assert producer.enqueue(offer_of(APPLICATION, 10, [entry(2)], CREATED, ["event"])).repeats == {}


def test_threads_share_an_intake(queue: Connection, producer: Producer) -> None:
    def offer(thread: int) -> None:
        for n in range(50):
            producer.enqueue(offer_of(APPLICATION, 10_000, [entry(thread * 100 + n)], CREATED))

    threads = [threading.Thread(target=offer, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(numbers(queued(queue)))) == 300


def test_a_connection_that_the_server_closed_is_opened_again(redis: Connection) -> None:
    producer = Producer(redis, queue_limit=1000)
    producer.enqueue(offer_of(APPLICATION, 10, [entry(1)], CREATED))
    redis.client_kill_filter(_type="normal", skipme=True)
    assert producer.enqueue(offer_of(APPLICATION, 10, [entry(2)], CREATED)).accepted == 1
    assert redis.xlen(NORMAL) == 2


def test_threads_that_end_leave_no_connection_behind(redis: Connection) -> None:
    producer = Producer(redis, queue_limit=1000)
    for n in range(150):
        thread = threading.Thread(target=producer.enqueue, args=(offer_of(APPLICATION, None, [entry(n)], CREATED),))
        thread.start()
        thread.join()
    assert len(queued(redis)) == 150
    assert len(redis.client_list()) < 10


def test_memory_used_up_is_a_full_queue(redis: Connection) -> None:
    producer = Producer(redis, queue_limit=1000)
    redis.config_set("maxmemory", "1")
    try:
        with pytest.raises(QueueFull):
            producer.enqueue(offer_of(APPLICATION, 10, [entry(1)], CREATED))
    finally:
        redis.config_set("maxmemory", "0")
    assert not redis.exists(*STREAMS)


def test_hits_are_refused_while_there_is_still_memory_for_the_workers(redis: Connection) -> None:
    producer = Producer(redis, queue_limit=1000)
    redis.config_set("maxmemory", str(int(redis.info("memory")["used_memory"] * 1.2)))
    try:
        producer.look_at_memory()
        redis.set("what a worker writes", "1")
        with pytest.raises(QueueFull):
            producer.enqueue(offer_of(APPLICATION, 10, [entry(1)], CREATED))
    finally:
        redis.config_set("maxmemory", "0")
    producer.look_at_memory()
    assert producer.enqueue(offer_of(APPLICATION, 10, [entry(1)], CREATED)).accepted == 1


def test_batches_are_refused_before_single_hits_and_both_before_redis_refuses(redis: Connection) -> None:
    used = redis.info("memory")["used_memory"]
    for share, batch_is_taken, hit_is_taken in ((0.7, True, True), (0.9, False, True), (1.1, False, False)):
        producer = Producer(redis, queue_limit=1000, max_bytes=int(used / share))
        producer.look_at_memory()
        for many, is_taken in ((1, hit_is_taken), (2, batch_is_taken)):
            with nullcontext() if is_taken else pytest.raises(QueueFull, match="TRACKER_QUEUE_MAX_BYTES"):
                producer.enqueue(offer_of(APPLICATION, 100, [entry(number) for number in range(many)], CREATED))


@pytest.mark.parametrize(
    ("max_bytes", "maxmemory", "limit"), [(0, 0, 0), (0, 1000, 750), (500, 0, 500), (500, 1000, 500), (950, 1000, 900)]
)
def test_the_limit_is_what_is_set_and_leaves_redis_a_tenth(max_bytes: int, maxmemory: int, limit: int) -> None:
    assert limit_of(max_bytes, maxmemory) == limit


def test_a_redis_that_nobody_runs_is_away_at_once(tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(QueueUnavailable):
        Producer(connect(f"unix://{tmp_path}/nobody", name="tests"), queue_limit=1000).enqueue(
            offer_of(APPLICATION, 10, [entry()], CREATED)
        )
    assert time.monotonic() - started < 20


def test_a_redis_that_never_answers_costs_two_seconds_once(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(f"{tmp_path}/silent")
        silent.listen()
        producer = Producer(connect(f"unix://{tmp_path}/silent", name="tests"), queue_limit=1000)
        started = time.monotonic()
        for _ in range(10):
            with pytest.raises(QueueUnavailable):
                producer.enqueue(offer_of(APPLICATION, 10, [entry()], CREATED))
        assert 1.5 < time.monotonic() - started < 15  # Two seconds each would be twenty.


FORKING = """
import os, sys
from tests.support.receiving import queued
from tests.support.queue_entries import APPLICATION, CREATED, entry, offer_of
from tracker.queueing.connection import connect
from tracker.queueing.producer import Producer
from tracker.queueing.overflow import all_streams
redis = connect(sys.argv[1], name="tests")
producer = Producer(redis, queue_limit=1000)
producer.enqueue(offer_of(APPLICATION, 10, [entry(1)], CREATED))
child = os.fork()
for n in range(100):
    producer.enqueue(offer_of(APPLICATION, 1000, [entry(1000 + n if child else 2000 + n)], CREATED))
if child == 0:
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
print(sum(redis.xlen(stream) for stream in all_streams(redis)))
"""


def test_a_fork_does_not_share_its_parents_connection(redis_url: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKING, redis_url],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout.strip() == "201"
