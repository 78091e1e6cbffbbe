"""What the scheduler does, and how often. Everything here may run twice at once without harm; the lease spares work."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from tracker.agreed_clock import AgreedClock
from tracker.erasure.run import erase_waiting
from tracker.ledger.folding import fold_ledger
from tracker.ledger.watch import LedgerWatch
from tracker.maintenance.create_partitions import create_partitions
from tracker.maintenance.delete_expired_hits import delete_expired_hits
from tracker.maintenance.delete_old_rows import delete_old_rows
from tracker.maintenance.drop_partitions import drop_old_partitions
from tracker.maintenance.end_sessions import end_sessions
from tracker.maintenance.remove_dead_consumers import remove_dead_consumers
from tracker.maintenance.requeue_waiting import requeue_waiting
from tracker.queueing import watch
from tracker.reports.tally_making import make_tallies
from tracker.reports.weekly import tell_weeks
from tracker.scheduler.job import Job, ShouldContinue
from tracker.stats.complete import complete_periods
from tracker.stats.fold import fold
from tracker.webhooks.backlog_limit import note_backlogs
from tracker.wiring.scheduler import Scheduler

_SECOND, _MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def table(parts: Scheduler) -> tuple[Job, ...]:
    """Return the jobs of one process; each turn of theirs goes by the time that most clocks agree on."""
    return tuple(_by_agreed_time(parts.clock, job) for job in _jobs(parts))


def _by_agreed_time(clock: AgreedClock, job: Job) -> Job:
    def turn(should_continue: ShouldContinue) -> object:
        clock.measure_when_due()
        return job.turn(should_continue)

    return replace(job, turn=turn)


def _jobs(parts: Scheduler) -> tuple[Job, ...]:
    """Return the jobs, as one can read them aloud."""
    database, redis, clock, settings = parts.database, parts.redis, parts.clock, parts.settings
    maintenance_url, months = settings.database_maintenance_url, settings.retention_months
    queue, drain_seconds, queue_limit = settings.rq_queue, settings.drain_seconds, settings.queue_limit
    deliveries_days = settings.webhook_deliveries_days
    tallies_put_off: dict[str, float] = {}
    ledger_watch = LedgerWatch(parts.publish_unbalanced)

    return (
        Job(
            name="wake a worker where hits wait",
            every=5 * _SECOND,
            jitter=1 * _SECOND,
            turn=_of_ours(parts, lambda _: watch.look(redis, queue, drain_seconds=drain_seconds)),
        ),
        Job(
            name="take in hits that waited for Redis",
            every=2 * _SECOND,
            jitter=_SECOND / 2,
            turn=_of_ours(
                parts,
                lambda should_continue: requeue_waiting(
                    database,
                    redis,
                    clock,
                    queue=queue,
                    drain_seconds=drain_seconds,
                    queue_limit=queue_limit,
                    should_continue=should_continue,
                ),
            ),
        ),
        Job(
            name="fold statistics",
            every=10 * _SECOND,
            jitter=2 * _SECOND,
            turn=lambda should_continue: fold(database, clock, should_continue=should_continue),
        ),
        Job(
            name="write facts",
            every=3 * _SECOND,
            jitter=_SECOND / 2,
            turn=lambda should_continue: parts.facts.turn(should_continue=should_continue),
        ),
        Job(
            name="fold the ledger",
            every=10 * _SECOND,
            jitter=2 * _SECOND,
            turn=_of_ours(
                parts, lambda should_continue: fold_ledger(database, redis, clock, should_continue=should_continue)
            ),
        ),
        Job(
            name="look whether the ledger balances",
            every=1 * _MINUTE,
            jitter=10 * _SECOND,
            turn=_of_ours(parts, lambda _: ledger_watch.look(database, redis, clock)),
        ),
        Job(
            name="complete hours and days",
            every=30 * _SECOND,
            jitter=5 * _SECOND,
            turn=_of_ours(parts, lambda _: complete_periods(database, redis, clock, publish=parts.publish_periods)),
        ),
        Job(
            name="count facts by day",
            every=1 * _MINUTE,
            jitter=10 * _SECOND,
            turn=lambda should_continue: make_tallies(
                database, parts.facts.folder, clock, put_off=tallies_put_off, should_continue=should_continue
            ),
        ),
        Job(
            name="tell weekly reports",
            every=10 * _MINUTE,
            jitter=1 * _MINUTE,
            turn=lambda should_continue: tell_weeks(database, parts.readers, clock, should_continue=should_continue),
        ),
        Job(
            name="end sessions",
            every=30 * _SECOND,
            jitter=5 * _SECOND,
            turn=lambda should_continue: end_sessions(
                database,
                clock,
                agreed_time=parts.deletions.agreed_time,
                publish=parts.publish_sessions,
                should_continue=should_continue,
            ),
        ),
        Job(
            name="erase what was asked for",
            every=10 * _SECOND,
            jitter=2 * _SECOND,
            turn=_of_ours(
                parts,
                lambda should_continue: erase_waiting(
                    database, redis, clock, owner=parts.owner, should_continue=should_continue
                ),
            ),
        ),
        Job(
            # A turn lasts for as long as anything is due or under way, and takes up at once what becomes due meanwhile.
            name="send webhooks",
            every=1 * _SECOND,
            jitter=_SECOND / 10,
            turn=parts.sender.turn,
        ),
        Job(
            name="count what waits for webhooks",
            every=5 * _SECOND,
            jitter=1 * _SECOND,
            turn=lambda should_continue: note_backlogs(
                database, clock, limit=settings.webhook_waiting_limit, should_continue=should_continue
            ),
        ),
        Job(
            name="publish metrics",
            every=5 * _SECOND,
            jitter=1 * _SECOND,
            turn=lambda _: parts.untold.flush(),
        ),
        Job(
            name="remove dead consumers",
            every=10 * _MINUTE,
            jitter=1 * _MINUTE,
            turn=_of_ours(parts, lambda _: remove_dead_consumers(database, redis, clock)),
        ),
        Job(
            # Each minute: a hit whose month is half detached is tried again for that long.
            name="make partitions",
            every=1 * _MINUTE,
            jitter=10 * _SECOND,
            turn=lambda should_continue: create_partitions(
                database,
                maintenance_url,
                clock,
                retention_months=months,
                said=parts.said_of_months,
                should_continue=should_continue,
            ),
        ),
        Job(
            name="drop months that are over",
            every=10 * _MINUTE,
            jitter=1 * _MINUTE,
            turn=lambda should_continue: drop_old_partitions(
                database,
                maintenance_url,
                clock,
                deletions=parts.deletions,
                retention_months=months,
                statistics=parts.statistics,
                archive=parts.archive,
                should_continue=should_continue,
            ),
        ),
        Job(
            name="delete what applications keep for days only",
            every=10 * _MINUTE,
            jitter=1 * _MINUTE,
            turn=lambda should_continue: delete_expired_hits(
                database,
                clock,
                deletion_time=parts.deletions.time,
                note_removal=parts.note_removal,
                should_continue=should_continue,
            ),
        ),
        Job(
            name="delete old rows",
            every=10 * _MINUTE,
            jitter=1 * _MINUTE,
            turn=lambda should_continue: delete_old_rows(
                database,
                clock,
                deletion_time=parts.deletions.time,
                retention_months=months,
                deliveries_days=deliveries_days,
                should_continue=should_continue,
            ),
        ),
    )


def _of_ours(parts: Scheduler, turn: Callable[[ShouldContinue], object]) -> Callable[[ShouldContinue], object]:
    """Return a turn that uses Redis, put off (ForeignQueue) while that belongs to another database."""

    def compared(should_continue: ShouldContinue) -> object:
        parts.instance.look()
        return turn(should_continue)

    return compared
