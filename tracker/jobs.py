"""What RQ calls by name. Its jobs only wake a worker: they carry nothing, and one too many does no harm."""

import os

from tracker import config, error_reports, log, tracing
from tracker.errors import TryAgain
from tracker.ingest import filtered
from tracker.ingest.drain import Drain
from tracker.ingest.traced_batches import spans_to
from tracker.log import logger
from tracker.queueing import wakeup
from tracker.wiring.worker import Worker, worker

_BEFORE_ALARM_SECONDS = 8.0
"""A statement is cancelled so long before RQ's time limit, which would leave it, and its locks, to PostgreSQL alone."""

_log = logger(__name__)
_workers: dict[int, Worker] = {}
"""The services of this process, by its id: a child that was forked later finds none and builds its own."""


def drain() -> None:
    """Store what waits in the queue, until nothing waits or `drain_seconds` are over.

    That a wake-up is asked for is cleared first, so that a hit which arrives after the last look asks anew. Whatever
    interrupts the job (RQ's time limit, a kill) leaves the queue and the database as they were before or after a
    transaction; the connections may be in the middle of something then, and are given up.
    """
    services = _worker()
    try:
        _drain(services)
    except BaseException:
        _workers.clear()
        services.close()
        raise
    finally:
        error_reports.flush()
        tracing.flush()


def _drain(services: Worker) -> None:
    try:
        services.database.give_up_at = (
            services.clock.monotonic() + services.settings.drain_seconds + wakeup.LATE_SECONDS - _BEFORE_ALARM_SECONDS
        )
        wakeup.clear(services.redis)
        services.clock.measure_when_due()
        consumer = services.consumer()
        drained = Drain(
            consumer,
            services.database,
            services.clock,
            seconds=services.settings.drain_seconds,
            permit=services.instance.look,
            spans=spans_to(services.settings.otlp_endpoint),
        ).run()
        consumer.close()
        if drained.ended == "time":
            wakeup.wake_worker(
                services.redis, services.settings.rq_queue, drain_seconds=services.settings.drain_seconds
            )
        if drained.ended != "away":
            filtered.fold(services.redis, services.database, services.clock)
        services.untold.flush()
    except TryAgain as error:
        # Before or after the work; the watch wakes a worker when Redis is back.
        _log.warning("the queue is unavailable", reason=str(error))


def _worker() -> Worker:
    """Return this process's services, built at its first job from the settings in its environment."""
    services = _workers.get(os.getpid())
    if services is None:
        settings = config.load()
        if not log.is_configured():  # A stock `rq worker` knows nothing of our log.
            log.configure(settings.log_format, report=error_reports.reporter(settings.sentry_dsn))
        services = worker(settings)
        _workers.clear()
        _workers[os.getpid()] = services
    return services
