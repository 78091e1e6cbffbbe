"""What RQ calls by name. Jobs are nudges: they carry nothing, and running one too many does no harm."""

import os

import structlog

from tracker import config, log
from tracker.errors import TryAgain
from tracker.ingest import filtered
from tracker.ingest.drain import Drain
from tracker.log import logger
from tracker.queueing import wakeup
from tracker.wiring.worker import Worker, worker

_BEFORE_ALARM_SECONDS = 8.0
"""A statement is cancelled so long before RQ's time limit, which would leave it, and its locks, to PostgreSQL alone."""

_log = logger(__name__)
_workers: dict[int, Worker] = {}
"""The parts of this process, by its id: a child that was forked later finds none and builds its own."""


def drain() -> None:
    """Store what waits in the queue, until nothing waits or `drain_seconds` are over.

    The nudge is cleared first, so that a hit which arrives after the last look brings a nudge of its own. Whatever
    interrupts the job (RQ's time limit, a kill) leaves the queue and the database as they were before or after a
    transaction; the connections may be in the middle of something then, and are given up.
    """
    own = _worker()
    try:
        _drain(own)
    except BaseException:
        _workers.clear()
        own.close()
        raise


def _drain(own: Worker) -> None:
    try:
        own.database.give_up_at = (
            own.clock.monotonic() + own.settings.drain_seconds + wakeup.LATE_SECONDS - _BEFORE_ALARM_SECONDS
        )
        wakeup.clear(own.redis)
        own.clock.measure_when_due()
        claims = own.claims()
        drained = Drain(
            claims, own.database, own.clock, seconds=own.settings.drain_seconds, permit=own.instance.look
        ).run()
        claims.close()
        if drained.ended == "time":
            wakeup.wake_worker(own.redis, own.settings.rq_queue, drain_seconds=own.settings.drain_seconds)
        if drained.ended != "away":
            filtered.fold(own.redis, own.database, own.clock)
        own.untold.flush()
    except TryAgain as error:
        # Before or after the work; the watch nudges when Redis is back.
        _log.warning("the queue is away", reason=str(error))


def _worker() -> Worker:
    """This process's parts, built at its first job from the settings in its environment."""
    found = _workers.get(os.getpid())
    if found is None:
        settings = config.load()
        if not structlog.is_configured():  # A stock `rq worker` knows nothing of our log.
            log.configure(settings.log_format)
        found = worker(settings)
        _workers.clear()
        _workers[os.getpid()] = found
    return found
