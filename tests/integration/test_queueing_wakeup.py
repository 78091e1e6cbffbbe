import threading

import pytest
from rq import Queue, Worker
from rq.job import Job

from tests.support.queue_entries import add, entry
from tests.support.waiting import wait_until
from tracker.errors import QueueUnavailable
from tracker.queueing.connection import Connection, connect
from tracker.queueing.wakeup import WAKE_UP_KEY, Notifier, clear, enqueue, wake_worker


@pytest.fixture
def default(redis: Connection) -> Queue:
    return Queue("default", connection=redis)


def wake_default(redis: Connection) -> bool:
    return wake_worker(redis, "default", drain_seconds=20)


def test_a_wake_up_is_an_rq_job_that_leaves_nothing_behind(redis: Connection, default: Queue) -> None:
    assert wake_default(redis)
    [job] = default.jobs
    assert (job.func_name, job.args, job.kwargs) == ("tracker.jobs.drain", (), {})
    assert (job.timeout, job.result_ttl, job.failure_ttl) == (50, 0, 86400)


def test_while_a_wake_up_waits_none_is_added(redis: Connection, default: Queue) -> None:
    assert [wake_default(redis) for _ in range(5)] == [True, False, False, False, False]
    assert len(default) == 1


def test_other_queues_and_other_peoples_jobs_are_no_wake_ups_of_ours(redis: Connection, default: Queue) -> None:
    default.enqueue("builtins.print")
    assert wake_worker(redis, "other", drain_seconds=20)
    assert wake_default(redis)
    assert not wake_default(redis)
    assert len(default) == 2


def test_a_wake_up_that_was_taken_makes_room_for_the_next(redis: Connection, default: Queue) -> None:
    wake_default(redis)
    first = default.job_ids
    redis.lpop(default.key)
    assert wake_default(redis)
    assert default.job_ids != first


def test_a_wake_up_whose_job_has_vanished_is_none(redis: Connection, default: Queue) -> None:
    wake_default(redis)
    [ghost] = default.job_ids
    Job.fetch(ghost, connection=redis).delete(remove_from_queue=False)
    assert wake_default(redis)
    assert not wake_default(redis)
    taken, _ = Queue.dequeue_any([default], None, connection=redis) or (None, None)
    assert taken is not None
    assert taken.func_name == "tracker.jobs.drain"
    assert len(default) == 0


def test_of_many_that_wake_at_once_one_adds_a_job(redis: Connection, default: Queue) -> None:
    threads = [threading.Thread(target=wake_default, args=(redis,)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(default) == 1


def test_a_notifier_that_died_in_the_middle_is_in_nobodys_way_for_long(redis: Connection, default: Queue) -> None:
    redis.set("tracker:nudge:default:adding", "1", px=600_000)
    assert not wake_default(redis)
    redis.pexpire("tracker:nudge:default:adding", 1)  # The second of the one that died is over.
    wait_until(lambda: not redis.exists("tracker:nudge:default:adding"))
    assert wake_default(redis)


def test_clearing_lets_the_next_hit_wake(redis: Connection) -> None:
    assert add(redis, [entry(1)]).wake_up_due
    clear(redis)
    assert not redis.exists(WAKE_UP_KEY)
    assert add(redis, [entry(2)]).wake_up_due


def test_a_stock_worker_finds_the_job_by_its_name(redis: Connection, default: Queue) -> None:
    enqueue(redis, "default", drain_seconds=20)
    worker = Worker([default], connection=redis)
    result = worker.dequeue_job_and_maintain_ttl(timeout=1)
    assert result is not None
    assert callable(result[0].func)


def test_ringing_returns_at_once_and_a_job_follows(redis: Connection, default: Queue) -> None:
    notifier = Notifier(redis, "default", drain_seconds=20)
    notifier.start()
    for _ in range(20):
        notifier.notify()
    notifier.stop()
    assert len(default) == 1


def test_a_notifier_outlives_an_outage(default: Queue) -> None:
    notifier = Notifier(connect("unix:///nonexistent/redis", name="tests"), "default", drain_seconds=20)
    notifier.start()
    notifier.notify()
    notifier.stop()
    assert len(default) == 0
    with pytest.raises(QueueUnavailable):
        wake_worker(connect("unix:///nonexistent/redis", name="tests"), "default", drain_seconds=20)
