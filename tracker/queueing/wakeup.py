"""Wake-ups: RQ jobs that wake a worker. They carry nothing; what there is to do stands in the streams.

A job that is lost, doubled or late therefore costs nothing but time: docs/decisions/0031-rq-jobs-are-nudges.md. One
job drains until the queue is dry, so one that waits in RQ's queue is enough, and a second one is never added.
"""

import threading
from typing import Final
from uuid import uuid4

from rq import Queue
from rq.job import Job

from tracker.errors import QueueUnavailable
from tracker.log import logger
from tracker.queueing.connection import Connection, translated
from tracker.queueing.shards import shards_of

log = logger(__name__)

JOB: Final = "tracker.jobs.drain"
WAKE_UP_KEY: Final = "tracker:nudge"
"""Set for 2 s by the hit that asks for a wake-up (`scripts/accept.lua`), so that the others do not."""

_ADDING_MILLISECONDS = 1000
LATE_SECONDS: Final = 30
"""A drain ends by itself after `drain_seconds` and a batch; what is still there this much later hangs."""
_FAILED_JOBS_SECONDS = 86400


def clear(redis: Connection) -> None:
    """To be called by a drain before it reads: every hit from now on may ask for a wake-up again.

    Raises QueueUnavailable.
    """
    with translated():
        for shard in shards_of(redis):
            shard.delete(WAKE_UP_KEY)


def wake_worker(redis: Connection, queue: str, *, drain_seconds: int) -> bool:
    """Wake a worker that reads the RQ queue `queue`, unless a wake-up waits there; whether one was added.

    Raises QueueUnavailable.
    """
    with translated():
        adding = f"tracker:nudge:{queue}:adding"
        if not redis.set(adding, "1", nx=True, px=_ADDING_MILLISECONDS):
            # Another process is adding one in this very moment.
            return False
        try:
            waiting = _waits(redis, Queue(queue, connection=redis))
            if not waiting:
                enqueue(redis, queue, drain_seconds=drain_seconds)
        finally:
            redis.delete(adding)
    return not waiting


def enqueue(redis: Connection, queue: str, *, drain_seconds: int) -> None:
    """Add a wake-up without asking whether one waits. Raises QueueUnavailable."""
    job_id = f"tracker-drain-{uuid4().hex}"
    with translated():
        Queue(queue, connection=redis).enqueue_call(
            JOB,
            job_id=job_id,
            timeout=drain_seconds + LATE_SECONDS,
            result_ttl=0,
            failure_ttl=_FAILED_JOBS_SECONDS,
            description=JOB,
        )
        redis.set(_last_key(queue), job_id)


def _last_key(queue: str) -> str:
    return f"tracker:nudge:{queue}:last"


def _waits(redis: Connection, queue: Queue) -> bool:
    """Return whether the last wake-up is still in RQ's list and can be run; an id whose job is gone is none."""
    last = redis.get(_last_key(queue.name))
    if not isinstance(last, bytes):
        return False
    return redis.lpos(queue.key, last.decode()) is not None and Job.exists(last.decode(), connection=redis)


class Notifier:
    """A thread beside the requests that adds wake-ups, so that no request pays for it.

    To be started after a fork. A wake-up that fails is not tried again: the next hit after 2 s asks anew, and the
    workers' own watch looks every few seconds.
    """

    def __init__(self, redis: Connection, queue: str, *, drain_seconds: int) -> None:
        self._redis = redis
        self._queue = queue
        self._drain_seconds = drain_seconds
        self._notified = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="notifier", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def notify(self) -> None:
        """Ask for a worker to be woken; returns at once."""
        self._notified.set()

    def stop(self) -> None:
        """End the thread, after the wake-up that was asked for; to be called once, after `start`."""
        self._stopped = True
        self._notified.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stopped:
            self._notified.wait()
            # Cleared before the wake-up: a ring that comes while it is being added leads to another look.
            self._notified.clear()
            try:
                wake_worker(self._redis, self._queue, drain_seconds=self._drain_seconds)
            except QueueUnavailable as error:
                log.warning("nudge failed", reason=str(error))
            except Exception:
                log.exception("nudge failed unexpectedly")
