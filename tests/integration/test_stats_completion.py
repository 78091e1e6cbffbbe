"""A period is complete, once, when every hit that was received before its end is folded."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from tests.support.counted import fold_everything
from tests.support.queued_hits import claims_of, drain, entry_of, hit_of, rows
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.queueing.connection import Connection
from tracker.queueing.consumer import RETRIES
from tracker.queueing.entry import FIELDS, IMPORT_PRIORITY, Entry, stream_of
from tracker.stats.complete import complete_periods
from tracker.stats.rebuild import rebuild
from tracker.store import batch_queue
from tracker.store.batch_queue import QueueRow
from tracker.store.database import Database

YESTERDAY_NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
"""Its hour and its day have ended, whenever the test runs."""
DAY = YESTERDAY_NOON.date()
HOUR_AND_DAY = [(DAY, 12), (DAY, -1)]


def receive(redis: Connection, *entries: Entry) -> None:
    """Into the streams as they were received, at the time that the entries say."""
    for entry in entries:
        milliseconds = int(entry.created_at.timestamp() * 1000)
        fields = dict(zip(FIELDS, entry.to_fields(), strict=True))
        redis.xadd(stream_of(entry.priority), fields, id=f"{milliseconds}-*")  # type: ignore[arg-type]


def entry(application: Application, number: int, at: datetime = YESTERDAY_NOON, **columns: object) -> Entry:
    return entry_of(hit_of(application, number, created_at=at), **{"created_at": at, **columns})


def count(redis: Connection, database: Database, *entries: Entry) -> None:
    receive(redis, *entries)
    drain(redis, database)
    fold_everything(database)


def completed(database: Database, redis: Connection) -> Sequence[tuple[object, int]]:
    return [(period.date, period.hour) for period in complete_periods(database, redis, SystemClock()).periods]


def test_an_hour_and_its_day_are_completed_once_with_their_numbers(
    redis: Connection, database: Database, application: Application
) -> None:
    count(redis, database, entry(application, 1), entry(application, 2))
    hour, day = complete_periods(database, redis, SystemClock()).periods
    assert (hour.hour, hour.total_requests, hour.unique_visitors, hour.unique_sessions) == (12, 2, 1, None)
    assert (day.hour, day.total_requests, day.unique_visitors, day.unique_sessions) == (-1, 2, 1, 0)
    assert completed(database, redis) == []
    jobs = "SELECT processed_count FROM batch_jobs WHERE job_type = 'complete_periods'"
    assert rows(database, jobs) == [(2,)]


def test_a_period_that_has_not_ended_is_not_complete(
    redis: Connection, database: Database, application: Application
) -> None:
    now = datetime.now(UTC)
    count(redis, database, entry(application, 1, now))
    assert completed(database, redis) == []


def test_a_late_hit_changes_the_numbers_and_completes_nothing_again(
    redis: Connection, database: Database, application: Application
) -> None:
    count(redis, database, entry(application, 1))
    assert completed(database, redis) == HOUR_AND_DAY
    count(redis, database, entry(application, 2, created_at=datetime.now(UTC)))
    rebuild(database, SystemClock(), first=DAY, last=DAY)
    assert completed(database, redis) == []
    assert rows(database, "SELECT total_requests FROM daily_statistics") == [(2,)]


def test_hits_that_all_came_after_the_end_complete_nothing(
    redis: Connection, database: Database, application: Application
) -> None:
    count(redis, database, entry(application, 1, created_at=datetime.now(UTC)))
    assert completed(database, redis) == []


def test_an_import_completes_nothing(redis: Connection, database: Database, application: Application) -> None:
    count(redis, database, entry(application, 1, priority=IMPORT_PRIORITY))
    assert completed(database, redis) == []


def test_a_period_waits_for_a_hit_in_the_queue_even_while_it_is_being_written(
    redis: Connection, database: Database, application: Application
) -> None:
    count(redis, database, entry(application, 1))
    receive(redis, entry(application, 2, YESTERDAY_NOON + timedelta(minutes=1)))
    assert completed(database, redis) == []
    claims = claims_of(redis)
    claimed = claims.claim()
    assert completed(database, redis) == []
    claims.settle(claimed)
    assert completed(database, redis) == HOUR_AND_DAY


def test_a_period_waits_for_a_hit_that_is_to_be_tried_again(
    redis: Connection, database: Database, application: Application
) -> None:
    count(redis, database, entry(application, 1))
    receive(redis, entry(application, 2, YESTERDAY_NOON + timedelta(minutes=1)))
    claims = claims_of(redis)
    claims.postpone(claims.claim()[0], reason="unclear", delay=60)
    assert completed(database, redis) == []


def test_a_retry_from_the_beginning_of_the_calendar_holds_back_and_breaks_nothing(
    redis: Connection, database: Database, application: Application
) -> None:
    count(redis, database, entry(application, 1))
    first_day = datetime.min.replace(tzinfo=UTC)
    redis.zadd(RETRIES, {entry(application, 2)._replace(created_at=first_day, updated_at=first_day).to_member(): 0})
    assert completed(database, redis) == []
    redis.delete(RETRIES)
    assert completed(database, redis) == HOUR_AND_DAY


def test_a_period_waits_for_what_is_stored_and_not_folded(
    redis: Connection, database: Database, application: Application
) -> None:
    count(redis, database, entry(application, 1))
    receive(redis, entry(application, 2))
    drain(redis, database)
    assert completed(database, redis) == []
    fold_everything(database)
    assert completed(database, redis) == HOUR_AND_DAY


def test_a_period_waits_for_hits_that_the_receiver_kept_in_batch_queue(
    redis: Connection, database: Database, application: Application
) -> None:
    count(redis, database, entry(application, 1))
    kept = entry(application, 2)
    row = QueueRow(id=kept.id, tracking_data=kept.tracking_data, created_at=kept.created_at, updated_at=kept.updated_at)
    with database.transaction() as tx:
        batch_queue.add(tx, [row])
    assert completed(database, redis) == []
    # It has just been put into the queue: until what stands around it there is stored, nobody knows whether it is.
    taken_in = "UPDATE batch_queue SET status = 'completed', processed_at = now() - %s::interval"
    with database.transaction() as tx:
        tx.execute(taken_in, ["1 second"])
    assert completed(database, redis) == []
    with database.transaction() as tx:
        tx.execute(taken_in, ["1 minute"])
    assert completed(database, redis) == HOUR_AND_DAY


def test_hits_received_after_the_end_hold_nothing_back(
    redis: Connection, database: Database, application: Application
) -> None:
    count(redis, database, entry(application, 1))
    after = YESTERDAY_NOON + timedelta(hours=1, minutes=5)
    receive(redis, entry(application, 2, after))
    assert completed(database, redis) == [(DAY, 12)]
