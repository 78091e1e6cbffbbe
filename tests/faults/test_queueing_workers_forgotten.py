"""A worker that Redis has forgotten comes back by itself, and a parent that dies inside leaves nothing behind."""

import contextlib
import os
import subprocess
import sys
import time

import psutil

from tests.support.queue_entries import add, entry
from tests.support.queue_workers import REPOSITORY, is_gone, workers
from tests.support.waiting import PATIENCE, wait_until
from tracker.queueing.connection import Connection
from tracker.queueing.registered_workers import registered_workers
from tracker.queueing.rq_worker import ALIVE_SECONDS
from tracker.queueing.wakeup import wake_worker


def seen(redis: Connection) -> list[tuple[str, tuple[str, ...]]]:
    """The workers that are registered, and what they read."""
    return [(worker.name, worker.queues) for worker in registered_workers(redis)]


def test_a_worker_that_redis_has_forgotten_registers_anew(redis: Connection, redis_url: str) -> None:
    with workers(redis_url):
        wait_until(lambda: [queues for _, queues in seen(redis)] == [("tracker",)])
        name = seen(redis)[0][0]
        redis.flushall()
        # It speaks with its next job at the latest, and with none every 5 s.
        wait_until(lambda: seen(redis) == [(name, ("tracker",))])
        assert 0 < redis.ttl(f"rq:worker:{name}") <= ALIVE_SECONDS
        # What RQ notes at the beginning of a job, with the heartbeat among it, makes a hash that is not whole.
        redis.hdel(f"rq:worker:{name}", "queues")
        add(redis, [entry(2)])
        wake_worker(redis, "tracker", drain_seconds=20)
        wait_until(lambda: seen(redis) == [(name, ("tracker",))])
        redis.delete(f"rq:worker:{name}")  # As after a long silence; a look at all workers then strikes it off.
        seen(redis)
        add(redis, [entry(1)])
        wake_worker(redis, "tracker", drain_seconds=20)
        wait_until(lambda: seen(redis) == [(name, ("tracker",))])


def test_a_parent_that_dies_inside_ends_with_its_workers(redis: Connection, redis_url: str) -> None:
    program = """
import time
from rq.worker_pool import WorkerPool
from tests.support import queue_workers
look = WorkerPool.check_workers
def fail(pool, respawn=True):
    if pool.connection.scard("rq:workers"):
        time.sleep(2)  # So that the test sees them.
        raise TypeError("a mistake of ours")
    look(pool, respawn)
WorkerPool.check_workers = fail
queue_workers.main()
"""
    variables = {"PATH": os.environ["PATH"], "DATABASE_URL": "postgresql://nobody@nowhere/none", "REDIS_URL": redis_url}
    started = [sys.executable, "-c", program, "--workers", "2"]
    with subprocess.Popen(started, cwd=REPOSITORY, env=variables, stderr=subprocess.PIPE, text=True) as parent:
        children: set[psutil.Process] = set()
        while parent.poll() is None:
            with contextlib.suppress(psutil.NoSuchProcess):
                children |= set(psutil.Process(parent.pid).children(recursive=True))
            time.sleep(0.02)
        _, errors = parent.communicate(timeout=PATIENCE)
    assert parent.returncode == 1
    assert "a mistake of ours" in errors
    assert len(children) >= 2
    assert all(is_gone(child) for child in children)
