"""What the scheduler does, and how often. Everything here may run twice at once without harm; the lease spares work."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from tracker.agreed_clock import AgreedClock
from tracker.erasure.run import erase_waiting
from tracker.housekeeping.application_retention import delete_expired_hits
from tracker.housekeeping.consumers import remove_dead
from tracker.housekeeping.old_rows import delete_old_rows
from tracker.housekeeping.waiting_hits import take_in
from tracker.partitions.retention import drop_old_months
from tracker.partitions.upkeep import upkeep
from tracker.queueing import watch
from tracker.scheduling.turns import GoOn, Job
from tracker.sessions.ending import end_sessions
from tracker.stats.complete import complete_periods
from tracker.stats.fold import fold
from tracker.webhooks.backlogs import note_backlogs
from tracker.wiring.scheduler import Scheduler

_SECOND, _MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def table(parts: Scheduler) -> tuple[Job, ...]:
    """The jobs of one process; each turn of theirs goes by the time that most clocks agree on."""
    return tuple(_by_agreed_time(parts.clock, job) for job in _jobs(parts))


def _by_agreed_time(clock: AgreedClock, job: Job) -> Job:
    def turn(go_on: GoOn) -> object:
        clock.measure_when_due()
        return job.turn(go_on)

    return replace(job, turn=turn)


def _jobs(parts: Scheduler) -> tuple[Job, ...]:
    """Return the jobs, as one can read them aloud."""
    database, redis, clock, settings = parts.database, parts.redis, parts.clock, parts.settings
    maintenance_url, months = settings.database_maintenance_url, settings.retention_months
    queue, drain_seconds, queue_limit = settings.rq_queue, settings.drain_seconds, settings.queue_limit
    deliveries_days = settings.webhook_deliveries_days

    return (
        Job(
            name="wake a worker where hits wait",
            every=5 * _SECOND,
            jitter=1 * _SECOND,
            turn=_of_ours(parts, lambda _: watch.look(redis, queue, drain_seconds=drain_seconds)),
        ),
        Job(
            name="take in hits that waited for Redis",
            every=5 * _SECOND,
            jitter=1 * _SECOND,
            turn=_of_ours(
                parts,
                lambda go_on: take_in(
                    database,
                    redis,
                    clock,
                    queue=queue,
                    drain_seconds=drain_seconds,
                    queue_limit=queue_limit,
                    go_on=go_on,
                ),
            ),
        ),
        Job(
            name="fold statistics",
            every=10 * _SECOND,
            jitter=2 * _SECOND,
            turn=lambda go_on: fold(database, clock, go_on=go_on),
        ),
        Job(
            name="complete hours and days",
            every=30 * _SECOND,
            jitter=5 * _SECOND,
            turn=_of_ours(parts, lambda _: complete_periods(database, redis, clock, announce=parts.announce_periods)),
        ),
        Job(
            name="end sessions",
            every=30 * _SECOND,
            jitter=5 * _SECOND,
            turn=lambda go_on: end_sessions(
                database,
                clock,
                agreed_time=parts.deletions.agreed_time,
                announce=parts.announce_sessions,
                go_on=go_on,
            ),
        ),
        Job(
            name="erase what was asked for",
            every=10 * _SECOND,
            jitter=2 * _SECOND,
            turn=_of_ours(parts, lambda go_on: erase_waiting(database, redis, clock, owner=parts.owner, go_on=go_on)),
        ),
        Job(
            # A turn lasts for as long as anything is due or under way, and takes up at once what becomes due meanwhile.
            name="send webhooks",
            every=1 * _SECOND,
            jitter=_SECOND / 10,
            last_steps=timedelta(0),
            turn=parts.sender.turn,
        ),
        Job(
            name="count what waits for webhooks",
            every=5 * _SECOND,
            jitter=1 * _SECOND,
            turn=lambda go_on: note_backlogs(database, clock, limit=settings.webhook_waiting_limit, go_on=go_on),
        ),
        Job(
            name="remove dead consumers",
            every=10 * _MINUTE,
            jitter=1 * _MINUTE,
            turn=_of_ours(parts, lambda _: remove_dead(database, redis, clock)),
        ),
        Job(
            # Each minute: a hit whose month is half detached is tried again for that long.
            name="make partitions",
            every=1 * _MINUTE,
            jitter=10 * _SECOND,
            turn=lambda go_on: upkeep(
                database, maintenance_url, clock, retention_months=months, said=parts.said_of_months, go_on=go_on
            ),
        ),
        Job(
            name="drop months that are over",
            every=10 * _MINUTE,
            jitter=1 * _MINUTE,
            turn=lambda go_on: drop_old_months(
                database,
                maintenance_url,
                clock,
                deletions=parts.deletions,
                retention_months=months,
                statistics=parts.statistics,
                go_on=go_on,
            ),
        ),
        Job(
            name="delete what applications keep for days only",
            every=10 * _MINUTE,
            jitter=1 * _MINUTE,
            turn=lambda go_on: delete_expired_hits(
                database,
                clock,
                deletion_time=parts.deletions.time,
                note_removal=parts.note_removal,
                go_on=go_on,
            ),
        ),
        Job(
            name="delete old rows",
            every=10 * _MINUTE,
            jitter=1 * _MINUTE,
            turn=lambda go_on: delete_old_rows(
                database,
                clock,
                deletion_time=parts.deletions.time,
                retention_months=months,
                deliveries_days=deliveries_days,
                go_on=go_on,
            ),
        ),
    )


def _of_ours(parts: Scheduler, turn: Callable[[GoOn], object]) -> Callable[[GoOn], object]:
    """A turn that uses Redis, put off (ForeignQueue) while that belongs to another database."""

    def compared(go_on: GoOn) -> object:
        parts.instance.look()
        return turn(go_on)

    return compared
