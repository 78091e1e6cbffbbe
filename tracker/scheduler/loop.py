"""The loop: APScheduler starts the turns of the table while the lease is ours, until a signal says stop."""

import logging
import random
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from tracker.clock import Clock
from tracker.log import logger
from tracker.scheduler.job import FailureListener, Job, ShouldContinue, run
from tracker.scheduler.lease import Lease
from tracker.scheduler.monotonic_time import MonotonicTime
from tracker.store import leases
from tracker.store.database import Database

_log = logger(__name__)

_LOOK_SECONDS = 0.25
"""How long a signal to stop may go unnoticed."""


MAX_STUCK_SECONDS = 120.0
"""A scheduler of which no turn ends for so long gives its lease up: the shortest interval of a job is a second."""


class Loop:
    """All turns of one process, each in a thread of its own, so that one that hangs holds up no other."""

    def __init__(
        self, table: Sequence[Job], database: Database, clock: Clock, *, owner: str, failed: FailureListener
    ) -> None:
        self._table = table
        self._failed = failed
        self._clock = clock
        self._owner = owner
        self._stopping = False
        self._time = MonotonicTime(clock)
        self._turned_at = clock.monotonic()
        self._lease = Lease(
            database,
            clock,
            name=leases.SCHEDULER,
            owner=owner,
            on_gain=self._resume,
            on_loss=self._pause,
            works=self._turns,
        )
        # APScheduler's own lines about each start and end, and about turns that last longer than their interval, say
        # nothing that ours do not.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._scheduler = BackgroundScheduler(
            timezone=self._time,
            executors={"default": ThreadPoolExecutor(len(table))},
            job_defaults={"max_instances": 1, "coalesce": True, "misfire_grace_time": None},
        )
        for job in table:
            next_run = datetime.now(self._time)
            self._scheduler.add_job(self._turn, _Every(job), args=[job], id=job.name, next_run_time=next_run)

    def run(self, stop: threading.Event) -> None:
        """Work whenever the lease is ours, until `stop` is set.

        Then the running turns end, each with its present step, and the lease is given back.
        """
        seconds = {job.name: round(job.every.total_seconds()) for job in self._table}
        _log.info("scheduler starts", owner=self._owner, every_seconds=seconds)
        self._scheduler.start(paused=True)
        self._lease.start()
        while not stop.wait(_LOOK_SECONDS):
            # Python runs the handler of a signal in this thread, which a signal that another thread gets does not wake.
            pass
        _log.info("scheduler stops")
        self._stopping = True
        # The lease is renewed until the last turn has ended.
        self._scheduler.shutdown(wait=True)
        self._lease.stop()

    def _turn(self, job: Job) -> None:
        permit = self._lease.permit()
        if permit():
            run(job, self._clock, partial(self._goes_on, permit), self._failed)
        self._turned_at = self._clock.monotonic()

    def _turns(self) -> bool:
        """Return whether a turn has ended lately. Where none does any more, another scheduler is to have the lease."""
        return self._stopping or self._clock.monotonic() - self._turned_at < MAX_STUCK_SECONDS

    def _goes_on(self, permit: ShouldContinue) -> bool:
        """Return no once the process is to end: under steady load there is always more, which the next one does."""
        return not self._stopping and permit()

    def _resume(self) -> None:
        # Whoever had the lease before may have been dead for a while: everything is due.
        self._turned_at = self._clock.monotonic()
        for job in self._scheduler.get_jobs():
            job.modify(next_run_time=datetime.now(self._time))
        self._scheduler.resume()

    def _pause(self) -> None:
        self._scheduler.pause()


class _Every(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """A job's interval, counted from its last start, with a jitter on top."""

    def __init__(self, job: Job) -> None:
        self._seconds, self._jitter = job.every.total_seconds(), job.jitter.total_seconds()

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        # Jitter spreads the work of several instances; nobody is to be unable to guess it.
        pause = timedelta(seconds=self._seconds + random.uniform(0, self._jitter))  # noqa: S311
        # From now where the last start lies long ago: what was missed is not made up for.
        return max((previous_fire_time or now) + pause, now)
