"""Whatever process of a worker pool ends, and however: no entry is lost, none waits long, no process stays behind."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from redis import RedisError
from rq import Queue, Worker

from tests.support.queue_entries import add, entry
from tests.support.queue_workers import DONE, HOLD, HORSES, QUICK, REPOSITORY, is_gone, workers
from tests.support.waiting import PATIENCE, wait_until
from tracker.embedded import Valkey
from tracker.queueing import consumer, watch
from tracker.queueing.connection import Connection, connect
from tracker.queueing.inspection import depths
from tracker.queueing.wakeup import wake_worker


def done(redis: Connection) -> list[int]:
    return sorted(int(number) for number in redis.lrange(DONE, 0, -1))


def is_empty(redis: Connection) -> bool:
    return all(depth.waiting == depth.pending == 0 for depth in depths(redis))


def horse(redis: Connection) -> psutil.Process:
    """The work horse that took up work last."""
    wait_until(lambda: redis.exists(HORSES))
    return psutil.Process(int(redis.lrange(HORSES, -1, -1)[0]))


def hold_one(redis: Connection) -> psutil.Process:
    """Let a drain claim an entry and hold it; its work horse."""
    redis.set(HOLD, "1")
    add(redis, [entry(1)])
    wake_worker(redis, "tracker", drain_seconds=20)
    work_horse = horse(redis)
    wait_until(lambda: depths(redis)[1].pending == 1)
    return work_horse


def test_entries_that_nobody_woke_for_are_found_at_start_and_later(redis: Connection, redis_url: str) -> None:
    add(redis, [entry(1), entry(2)])
    with workers(redis_url, "--workers", "2"):
        wait_until(lambda: done(redis) == [1, 2])
        add(redis, [entry(3)])
        wait_until(lambda: done(redis) == [1, 2, 3])
        wait_until(lambda: is_empty(redis))


def test_an_entry_with_a_wake_up_is_done_without_the_watch(redis: Connection, redis_url: str) -> None:
    with workers(redis_url, constants={"tracker.queueing.watch:_EVERY_SECONDS": 3600}):
        wait_until(lambda: Worker.count(connection=redis) == 1)
        add(redis, [entry(1)])
        wake_worker(redis, "tracker", drain_seconds=20)
        wait_until(lambda: done(redis) == [1])


def test_a_burst_drains_and_ends(redis: Connection, redis_url: str) -> None:
    add(redis, [entry(n) for n in range(50)])
    with workers(redis_url, "--burst", "--workers", "2") as pool:
        assert pool.process.wait(PATIENCE) == 0
    assert done(redis) == list(range(50))
    assert is_empty(redis)


def test_a_burst_with_nothing_to_do_ends_at_once(redis_url: str) -> None:
    with workers(redis_url, "--burst") as pool:
        assert pool.process.wait(PATIENCE) == 0


def test_queues_can_be_named(redis: Connection, redis_url: str) -> None:
    add(redis, [entry(1)])
    with workers(redis_url, "--burst", "--queues", "hits") as pool:
        assert pool.process.wait(PATIENCE) == 0
    assert done(redis) == [1]
    assert {queue.name for queue in Queue.all(connection=redis)} == {"hits"}


def test_told_to_stop_the_pool_ends_after_the_job_that_runs(redis: Connection, redis_url: str) -> None:
    with workers(redis_url, "--workers", "2") as pool:
        working = hold_one(redis)
        pool.process.terminate()
        # The parent waits for its workers in their order: the idle one may be a zombie until the other has ended.
        wait_until(lambda: sum(not is_gone(worker) for worker in pool.workers()) == 1)
        assert working.is_running()
        redis.delete(HOLD)
        assert pool.process.wait(PATIENCE) == 0
        assert is_gone(working)
    assert done(redis) == [1]
    assert is_empty(redis)


def test_told_twice_it_kills_the_job_and_the_entry_stays_claimed(redis: Connection, redis_url: str) -> None:
    with workers(redis_url) as pool:
        working = hold_one(redis)
        pool.process.terminate()
        # RQ takes two signals within a second for one, and so does the kernel on a busy machine. A Python that is about
        # to exit has no handlers any more: none is sent once the job is gone.
        while time.sleep(1.2) or not is_gone(working):
            pool.process.terminate()
        assert pool.process.wait(PATIENCE) == 0
        wait_until(lambda: is_gone(working))
    assert depths(redis)[1].pending == 1


def test_when_the_parent_is_killed_its_idle_workers_end(redis: Connection, redis_url: str) -> None:
    with workers(redis_url, "--workers", "2") as pool:
        wait_until(lambda: Worker.count(connection=redis) == 2)
        children = pool.everyone()
        pool.process.kill()
        wait_until(lambda: all(is_gone(child) for child in children))


def test_when_the_parent_is_killed_a_busy_worker_ends_after_its_job(redis: Connection, redis_url: str) -> None:
    with workers(redis_url) as pool:
        working = hold_one(redis)
        [worker] = pool.workers()
        pool.process.kill()
        redis.delete(HOLD)
        wait_until(lambda: is_gone(worker) and is_gone(working))
    assert done(redis) == [1]
    assert is_empty(redis)


def test_a_killed_worker_is_replaced_and_its_orphan_finishes_its_job(redis: Connection, redis_url: str) -> None:
    with workers(redis_url) as pool:
        working = hold_one(redis)
        [worker] = pool.workers()
        worker.kill()
        wait_until(lambda: [new for new in pool.workers() if new.pid != worker.pid])
        redis.delete(HOLD)
        wait_until(lambda: is_gone(working))
        assert done(redis) == [1]
        add(redis, [entry(2)])
        wait_until(lambda: done(redis) == [1, 2])


def test_an_orphan_that_hangs_ends_by_its_jobs_time_limit(redis: Connection, redis_url: str) -> None:
    with workers(redis_url) as pool:
        Queue("tracker", connection=redis).enqueue("tracker.jobs.drain", job_timeout=5, result_ttl=0)
        redis.set(HOLD, "1")
        add(redis, [entry(1)])
        working = horse(redis)
        [worker] = pool.workers()
        worker.kill()
        wait_until(lambda: is_gone(working))


def test_what_a_killed_horse_held_is_taken_over_within_thirty_seconds(redis: Connection, redis_url: str) -> None:
    assert consumer.TAKE_OVER_SECONDS + consumer._LOOK_SECONDS + watch._EVERY_SECONDS < 30
    soon = {
        "tracker.queueing.consumer:TAKE_OVER_SECONDS": 3,
        "tracker.queueing.watch:TAKE_OVER_SECONDS": 3,
        "tracker.queueing.consumer:_LOOK_SECONDS": 0.5,
    }
    with workers(redis_url, "--workers", "2", constants={**QUICK, **soon}):
        working = hold_one(redis)
        working.kill()
        redis.delete(HOLD)
        wait_until(lambda: done(redis) == [1])
        wait_until(lambda: is_empty(redis))


def test_workers_that_start_before_redis_wait_for_it_and_outlive_its_restart(valkey: Valkey, tmp_path: Path) -> None:
    place = tmp_path / "redis"
    with workers(f"unix://{place}", "--workers", "2") as pool:
        wait_until(lambda: len(pool.workers()) == 2)
        for turn in range(2):
            with Valkey(tmp_path / f"server-{turn}", durable=False) as server:
                place.unlink(missing_ok=True)
                place.symlink_to(server.url.removeprefix("unix://"))
                client = connect(server.url, name="tests")
                add(client, [entry(1)])
                wait_until(lambda client=client: done(client) == [1])
        pool.process.terminate()
        assert pool.process.wait(PATIENCE) == 0


def answers(redis: Connection) -> bool:
    with contextlib.suppress(RedisError):
        return bool(redis.ping())
    return False


def test_workers_outlive_a_redis_that_does_not_answer_for_a_while(redis: Connection, redis_url: str) -> None:
    with workers(redis_url, "--workers", "2") as pool:
        wait_until(lambda: Worker.count(connection=redis) == 2)
        redis.client_pause(3500)  # Longer than any of our connections waits for an answer.
        wait_until(lambda: answers(redis))
        add(redis, [entry(1)])
        wait_until(lambda: done(redis) == [1])
        pool.process.terminate()
        assert pool.process.wait(PATIENCE) == 0


def test_a_wiped_redis_is_drained_by_the_same_workers(redis: Connection, redis_url: str) -> None:
    with workers(redis_url):
        add(redis, [entry(1)])
        wait_until(lambda: done(redis) == [1])
        redis.flushall()
        redis.script_flush()
        add(redis, [entry(2)])
        wait_until(lambda: done(redis) == [2])


def test_the_parent_forks_without_a_thread_beside_it(redis: Connection, redis_url: str) -> None:
    # A lock that such a thread holds at the fork stays locked in the worker, which then hangs for ever.
    with workers(redis_url) as pool:
        wait_until(lambda: Worker.count(connection=redis) == 1)
        time.sleep(1)
        assert psutil.Process(pool.pid).num_threads() == 1


def test_a_healthy_pool_writes_nothing_but_its_own_lines(redis: Connection, redis_url: str) -> None:
    with workers(redis_url, "--workers", "2") as pool:
        add(redis, [entry(1)])
        wait_until(lambda: done(redis) == [1])
        pool.process.terminate()
        pool.process.wait(PATIENCE)
        assert pool.process.stderr is not None
        lines = pool.process.stderr.read().splitlines()
    assert [line.split("]")[1].split("  ")[0].strip() for line in lines] == ["workers start", "workers stopped"]


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "says"),
    [
        (["--workers", "0"], {}, 2, "--workers"),
        (["--workers", "many"], {}, 2, "--workers"),
        ([], {"REDIS_URL": "http://localhost"}, 2, "REDIS_URL"),
        (["--burst"], {"REDIS_URL": "unix:///nonexistent/redis"}, 1, "Redis cannot be used"),
    ],
)
def test_a_wrong_start_ends_with_one_sentence(
    arguments: list[str], environment: dict[str, str], code: int, says: str, tmp_path: Path
) -> None:
    ended = subprocess.run(
        [sys.executable, REPOSITORY / "worker.py", *arguments],
        env={
            "PATH": os.environ["PATH"],
            "DATABASE_URL": "postgresql://x/y",
            "TRACKER_LOG_FORMAT": "console",
            **environment,
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == code
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr


def test_signals_between_the_fork_and_rqs_own_handlers_end_a_worker_quietly(redis_url: str) -> None:
    with workers(redis_url, "--workers", "3") as pool:
        wait_until(lambda: len(pool.workers()) == 3)
        os.kill(pool.pid, signal.SIGTERM)
        assert pool.process.wait(PATIENCE) in (0, -signal.SIGTERM)
        assert pool.process.stderr is not None
        assert "Traceback" not in pool.process.stderr.read()
