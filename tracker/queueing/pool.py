"""The worker processes: an RQ worker pool whose parent keeps watch over the queue.

The parent forks the workers, and each worker forks a work horse for every job, so what the parent has imported
(the front door imports `tracker.jobs`) costs no job a start-up. The ways in which processes end:

- SIGTERM or SIGINT to the parent: no new jobs; those that run go on to their end, a second signal kills them.
- The parent is killed: the kernel sends its workers SIGTERM (PR_SET_PDEATHSIG), and they end the same way.
- A worker is killed: the parent starts another one. Its work horse goes on alone and ends within the drain's time,
  or by RQ's alarm `LATE_SECONDS` later (see `tracker.queueing.wakeup`).
- A work horse is killed: what it had claimed is taken over after 15 s.
"""

import ctypes
import logging
import math
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from typing import Final

import redis
from rq.exceptions import StopRequested
from rq.worker_pool import WorkerData, WorkerPool

from tracker.config import Settings
from tracker.errors import ForeignQueue, TryAgain
from tracker.log import logger
from tracker.queueing.connection import connect
from tracker.queueing.failures import sentence
from tracker.queueing.inspection import depths
from tracker.queueing.registered_workers import OUR_WORKERS
from tracker.queueing.rq_worker import ForkingWorker, say_in_a_sentence
from tracker.queueing.waiting import WaitingRetry
from tracker.queueing.wakeup import LATE_SECONDS, enqueue
from tracker.queueing.watch import Watch, is_work_waiting

log = logger(__name__)

_MAINTENANCE_SECONDS = 60
"""How often RQ looks for jobs that died with their worker; they only wake workers, so this only tidies up."""
_WORKER_SECONDS = 17
"""RQ's `worker_ttl`: an idle worker asks Redis anew every 2 s, which is how soon it is seen that one is dead."""
_HORSE_SECONDS = 2
"""How often a worker says that it lives while its job runs."""
_SHORT_LIFE_SECONDS = 10.0
_MAX_RESPAWN_PAUSE_SECONDS = 10.0
_PR_SET_PDEATHSIG: Final = 1
_STOPS: Final = (signal.SIGTERM, signal.SIGINT)


def run_workers(
    settings: Settings,
    *,
    workers: int,
    burst: bool,
    queues: Sequence[str] = (),
    permit: Callable[[], None] = lambda: None,
) -> None:
    """Run `workers` RQ workers on `queues` (by default the setting's one) until a signal says stop.

    With `burst` they end when nothing is left that can be done now; a Redis that is unavailable raises QueueUnavailable
    then, while without `burst` the workers wait for it. The watch wakes through the first of the queues, unless
    `permit`, which it calls before, raises QueueUnavailable. Raises ForeignQueue where it does so at the start.
    """
    names = list(queues) or [settings.rq_queue]
    _ask_at_start(permit)
    log.info("workers start", workers=workers, queues=names, burst=burst)
    if burst:
        _run_burst(_Pool(names, settings, workers, watch=None), settings, names[0])
    else:
        watch = Watch(
            connect(settings.redis_url, name="watch"), names[0], drain_seconds=settings.drain_seconds, permit=permit
        )
        _Pool(names, settings, workers, watch).run(burst=False)
        for number in _STOPS:
            # One more would kill the process while Python ends, and make a failure of a good end.
            signal.signal(number, signal.SIG_IGN)
    log.info("workers stopped")


def _ask_at_start(permit: Callable[[], None]) -> None:
    """Raise ForeignQueue where the queue is another database's; a server that is unavailable is waited for."""
    try:
        permit()
    except ForeignQueue:
        raise
    except TryAgain as error:
        log.warning("workers start without a server", reason=str(error))


def _run_burst(pool: "_Pool", settings: Settings, queue: str) -> None:
    """Round after round of workers that end by themselves, for as long as a round makes the queue shorter."""
    client = connect(settings.redis_url, name="burst")
    while pool.status is not WorkerPool.Status.STOPPED and is_work_waiting(client):
        before = sum(depth.waiting + depth.pending for depth in depths(client))
        for _ in range(pool.num_workers):
            enqueue(client, queue, drain_seconds=settings.drain_seconds)
        pool.run(burst=True)
        if sum(depth.waiting + depth.pending for depth in depths(client)) >= before:
            log.warning("burst ends with work left", left=before)
            break


class _Pool(WorkerPool):
    """RQ's pool with our own way to start a worker, and the watch in its loop.

    The loop has no thread beside it: a lock that another thread holds at the moment of a fork (that of the resolver,
    of an import, of a log) would stay locked in the worker for ever.
    """

    def __init__(self, queues: list[str], settings: Settings, workers: int, watch: Watch | None) -> None:
        self._redis_url = settings.redis_url
        self._drain_seconds = settings.drain_seconds
        self._watch = watch
        self._respawn_pause = 0.0
        self._respawn_at = -math.inf
        self._started_at: dict[str, float] = {}
        super().__init__(queues, connection=connect(settings.redis_url, name="pool"), num_workers=workers)

    def run(self, *, burst: bool) -> None:
        """Run until told to stop, or until nothing is left. Whatever ends it, no worker is left behind.

        Python's own exit waits for children: a parent that has died inside would stand in the process list, start no
        worker any more, and no process manager would see it.
        """
        try:
            self.start(burst=burst, logging_level="WARNING")
        except BaseException:
            log.exception("workers end")
            self._end_workers()
            raise

    def check_workers(self, respawn: bool = True) -> None:  # noqa: FBT001, FBT002 the signature is RQ's
        """RQ's own look at the workers, once a second, and the watch's at the queue when it is due."""
        try:
            super().check_workers(respawn and time.monotonic() >= self._respawn_at)
        except OSError as error:
            # The machine has no process or no memory left for a fork.
            log.error("no worker can be started", reason=str(error))  # noqa: TRY400 the reason says it all
            self._put_off_respawn()
        if self._watch is not None:
            self._watch.look_when_due()

    def reap_workers(self) -> None:
        """RQ looks once a second who has ended. Where all are to end, their ends are waited for instead."""
        if self._burst or self.status is WorkerPool.Status.STOPPED:
            for worker in list(self.worker_dict.values()):
                worker.process.join()  # A signal is handled meanwhile.
        super().reap_workers()  # type: ignore[no-untyped-call]

    def start_workers(
        self,
        burst: bool = True,  # noqa: FBT001, FBT002 the signature is RQ's
        _sleep: float = 0,
        logging_level: str = "WARNING",
    ) -> None:
        # RQ starts the workers first and sets the handlers then: a signal in between would end the parent alone. Here
        # it waits until all workers are there, so that the handler misses none.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
        try:
            super().start_workers(burst, _sleep, logging_level)
            self._install_signal_handlers()  # type: ignore[no-untyped-call]
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def start_worker(
        self,
        count: int | None = None,
        burst: bool = True,  # noqa: FBT001, FBT002 the signature is RQ's
        _sleep: float = 0,
        logging_level: str = "WARNING",
    ) -> None:
        # A signal that reached the new process before Python is ready in it would be forgotten, and the pool would
        # wait for ever for a worker that was told to stop. It waits until `_work` lets it in.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
        try:
            super().start_worker(count, burst, _sleep, logging_level)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def get_worker_process(
        self,
        name: str,
        burst: bool,  # noqa: FBT001 the signature is RQ's
        _sleep: float = 0,
        logging_level: str = "WARNING",
    ) -> BaseProcess:
        del _sleep, logging_level
        self._started_at[name] = time.monotonic()
        return get_context("fork").Process(
            target=_work,
            kwargs={
                "name": name,
                "queues": self._queue_names,
                "redis_url": self._redis_url,
                "burst": burst,
                "parent": os.getpid(),
            },
            name=f"worker {name}",
        )

    def handle_dead_worker(self, worker_data: WorkerData) -> None:
        super().handle_dead_worker(worker_data)
        lived = time.monotonic() - self._started_at.pop(worker_data.name, -math.inf)
        if worker_data.process.exitcode != 0 and self.status is WorkerPool.Status.STARTED:
            log.warning("worker ended", pid=worker_data.pid, exit_code=worker_data.process.exitcode)
        if lived < _SHORT_LIFE_SECONDS:
            self._put_off_respawn()
        else:
            self._respawn_pause = 0.0

    def _put_off_respawn(self) -> None:
        """Start the next worker later: what ends at once again and again is not started every second."""
        if time.monotonic() >= self._respawn_at:
            self._respawn_pause = min(2 * self._respawn_pause or 1.0, _MAX_RESPAWN_PAUSE_SECONDS)
            self._respawn_at = time.monotonic() + self._respawn_pause

    def _end_workers(self) -> None:
        """End all workers: those with a job may end their drain, for as long as RQ would let them."""
        processes = [worker.process for worker in self.worker_dict.values()]
        for process in processes:
            process.terminate()
        deadline = time.monotonic() + self._drain_seconds + LATE_SECONDS
        for process in processes:
            process.join(max(0.0, deadline - time.monotonic()))
            process.kill()
            process.join()


def _work(*, name: str, queues: list[str], redis_url: str, burst: bool, parent: int) -> None:
    """One worker process, from the fork to its end."""
    # The fork inherits the pool's handlers; until RQ sets its own, a signal simply ends a worker that has no job.
    for number in _STOPS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
    _end_with(parent)
    logging.getLogger("rq.worker").addFilter(say_in_a_sentence)
    retry = None if burst else WaitingRetry()
    client = connect(redis_url, name=f"worker-{name}", retry=retry)
    worker = ForkingWorker(
        queues,
        name=f"{OUR_WORKERS}{name}",
        connection=client,
        maintenance_interval=_MAINTENANCE_SECONDS,
        worker_ttl=_WORKER_SECONDS,
        job_monitoring_interval=_HORSE_SECONDS,
    )
    if retry is not None:
        # A work horse has done its work, and its worker waits for its end.
        retry.stopping = lambda: worker._stop_requested or worker.is_horse  # noqa: SLF001 RQ has no other way to say it
    try:
        worker.work(burst=burst, logging_level="WARNING", with_scheduler=False)
    except StopRequested:
        pass  # RQ lets it out where the signal comes just before its loop.
    except redis.RedisError as error:
        log.warning("worker ends unregistered", reason=sentence(error))
        if not worker._stop_requested:  # noqa: SLF001
            sys.exit(1)


def _end_with(parent: int) -> None:
    """Have the kernel send this process SIGTERM when the pool's parent is gone, however it ended."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))
    if os.getppid() != parent:
        # It was gone before the kernel knew of our wish.
        os.kill(os.getpid(), signal.SIGTERM)
