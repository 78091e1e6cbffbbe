"""Housekeeping: what waited goes into the pipeline, dead consumers go, old rows go."""

from datetime import timedelta
from typing import Any

import pytest

from tests.support.queued_hits import claims_of, define, drain, enqueue, entry_of, hit_of, rows
from tracker.application import Application
from tracker.errors import QueueUnavailable
from tracker.maintenance import delete_in_batches
from tracker.maintenance.delete_expired_hits import delete_expired_hits
from tracker.maintenance.delete_old_rows import delete_old_rows
from tracker.maintenance.remove_dead_consumers import remove_dead_consumers
from tracker.maintenance.requeue_waiting import requeue_waiting
from tracker.queueing import watch
from tracker.queueing.connection import connect
from tracker.queueing.inspection import depths
from tracker.store import application_settings, batch_queue
from tracker.store.batch_queue import QueueRow
from tracker.store.database import Database

QUEUE = {"queue": "default", "drain_seconds": 20, "queue_limit": 1000}


def keep(database: Database, application: Application, *numbers: int, **columns: Any) -> None:
    """Hits as the receiver keeps them while Redis is unavailable."""
    entries = [entry_of(hit_of(application, number), **columns) for number in numbers]
    names = QueueRow.__dataclass_fields__
    with database.transaction() as tx:
        batch_queue.add(tx, [QueueRow(**{name: getattr(entry, name) for name in names}) for entry in entries])


def stored(database: Database) -> int:
    ((count,),) = rows(database, "SELECT count(*) FROM access_logs")
    return int(count)


def test_what_waited_for_redis_is_taken_in_once_and_stored(
    database: Database, redis: Any, application: Application, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.maintenance.requeue_waiting.BATCH", 2)
    keep(database, application, 1, 2, 3)
    keep(database, application, 4, priority=5)
    assert requeue_waiting(database, redis, clock, **QUEUE) == 4
    assert [depth.waiting for depth in depths(redis)] == [0, 0, 0, 4, 0]
    assert redis.llen("rq:queue:default") == 1
    assert rows(database, "SELECT status, count(*), count(processed_at) FROM batch_queue GROUP BY 1") == [
        ("completed", 4, 4)
    ]
    assert requeue_waiting(database, redis, clock, **QUEUE) == 0
    drain(redis, database)
    assert stored(database) == 4
    jobs = rows(database, "SELECT processed_count FROM batch_jobs WHERE job_type = 'take_in_waiting_hits'")
    assert jobs == [(4,)]


def test_a_hit_that_was_added_twice_is_stored_once(
    database: Database, redis: Any, application: Application, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a kill between the adding and the commit."""
    keep(database, application, 1)

    def lost(*_arguments: Any) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(batch_queue, "complete", lost)
        with pytest.raises(RuntimeError):
            requeue_waiting(database, redis, clock, **QUEUE)
    assert requeue_waiting(database, redis, clock, **QUEUE) == 1
    assert [depth.waiting for depth in depths(redis)] == [0, 0, 0, 2, 0]
    drain(redis, database)
    assert stored(database) == 1


def test_failed_entries_are_not_taken_in(database: Database, redis: Any, application: Application, clock: Any) -> None:
    keep(database, application, 1, status="failed")
    assert requeue_waiting(database, redis, clock, **QUEUE) == 0


def test_while_redis_is_away_everything_stays_where_it_is(
    database: Database, application: Application, clock: Any
) -> None:
    keep(database, application, 1)
    away = connect("redis://127.0.0.1:1", name="tests")
    with pytest.raises(QueueUnavailable):
        requeue_waiting(database, away, clock, **QUEUE)
    assert rows(database, "SELECT status FROM batch_queue") == [("queued",)]


def test_a_full_queue_is_not_filled_further(
    database: Database, redis: Any, application: Application, clock: Any
) -> None:
    enqueue(redis, [hit_of(application, number) for number in range(5)])
    keep(database, application, 7)
    assert requeue_waiting(database, redis, clock, **{**QUEUE, "queue_limit": 5}) == 0


def test_what_a_dead_consumer_holds_is_taken_over_before_the_consumer_goes(
    database: Database, redis: Any, application: Application, clock: Any
) -> None:
    enqueue(redis, [hit_of(application)])
    dead = claims_of(redis)
    (claim,) = dead.claim()
    # The worker is killed here. Fifteen seconds later, as far as Redis knows:
    (consumer,) = redis.xinfo_consumers(claim.key, "workers")
    redis.xclaim(claim.key, "workers", consumer["name"], 0, [claim.member], idle=20_000)
    remove_dead_consumers(database, redis, clock, idle_seconds=0)
    assert [consumer["pending"] for consumer in redis.xinfo_consumers(claim.key, "workers")] == [1]
    assert watch.look(redis, "default", drain_seconds=20)
    assert redis.llen("rq:queue:default") == 1
    drain(redis, database)
    assert stored(database) == 1
    assert remove_dead_consumers(database, redis, clock, idle_seconds=600) == 0
    assert remove_dead_consumers(database, redis, clock, idle_seconds=0) == 1
    assert redis.xinfo_consumers(claim.key, "workers") == []


def test_old_rows_go_in_small_batches_and_failed_entries_stay(
    database: Database, application: Application, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delete_in_batches, "BATCH", 2)
    monkeypatch.setattr(delete_in_batches, "PAUSE", 0)
    with database.transaction() as tx:
        tx.execute(
            "INSERT INTO batch_jobs (job_type, created_at) SELECT 'x', now() - days * interval '1 day'"
            " FROM generate_series(1, 35) AS days"
        )
        for status in ("completed", "failed", "queued"):
            tx.execute(
                "INSERT INTO batch_queue (tracking_data, status, processed_at, created_at)"
                " SELECT '{}', %s, now() - days * interval '1 day', now() - interval '1 year'"
                " FROM generate_series(1, 9) AS days",
                [status],
            )
        tx.execute(
            "INSERT INTO sessions (session_id, application_id, app_id, last_accessed_at)"
            " SELECT 's' || months, %s, 'shop', now() - months * interval '1 month'"
            " FROM generate_series(1, 30) AS months",
            [application.id],
        )
    deleted = delete_old_rows(database, clock, deletion_time=clock.now, retention_months=24, deliveries_days=30)
    assert deleted == {"batch_jobs": 6, "batch_queue": 3, "sessions": 6}
    assert delete_old_rows(database, clock, deletion_time=clock.now, retention_months=0, deliveries_days=30) == {}
    counts = "SELECT status, count(*) FROM batch_queue GROUP BY 1 ORDER BY 1"
    assert rows(database, counts) == [("completed", 6), ("failed", 9), ("queued", 9)]


def test_an_applications_own_retention_deletes_its_old_hits_and_nobody_elses(
    database: Database, redis: Any, application: Application, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    noon = clock.now().replace(hour=12, minute=0, second=0, microsecond=0)
    monkeypatch.setattr(delete_in_batches, "BATCH", 2)
    monkeypatch.setattr(delete_in_batches, "PAUSE", 0)
    define(database, application, "size", "number")
    enqueue(
        redis,
        [
            hit_of(application, n, created_at=noon - timedelta(days=n), session_id=f"s{n}", custom_params={"size": n})
            for n in range(8)
        ],
    )
    drain(redis, database)
    with database.transaction() as tx:
        tx.execute("INSERT INTO applications (app_id, name, api_key_hash) VALUES ('other', 'Other', 'x') RETURNING id")
        tx.execute(
            "INSERT INTO access_logs (application_id, app_id, created_at)"
            " SELECT id, app_id, %s FROM applications WHERE app_id = 'other'",
            [noon - timedelta(days=6)],
        )
    assert delete_expired_hits(database, clock, deletion_time=clock.now) == 0
    with database.transaction() as tx:
        application_settings.put(tx, application.id, "retention_days", "3")
    noted: list[Any] = []
    count = delete_expired_hits(
        database, clock, deletion_time=clock.now, note_removal=lambda _tx, *removal: noted.append(removal)
    )
    midnight = noon.replace(hour=0)
    assert count == 4
    assert set(noted) == {(midnight - timedelta(days=3), application.id)}
    assert rows(database, "SELECT app_id, count(*), min(created_at) FROM access_logs GROUP BY 1 ORDER BY 1") == [
        ("other", 1, noon - timedelta(days=6)),
        ("shop", 4, noon - timedelta(days=3)),
    ]
    assert rows(database, "SELECT count(*) FROM custom_parameter_values") == [(4,)]
    assert rows(database, "SELECT count(*) FROM sessions") == [(4,)]
