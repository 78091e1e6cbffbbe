"""What the scheduler's turns write for webhooks: ends of sessions, complete hours and days; and how it is forgotten."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.counted import fold_everything
from tests.support.queued_hits import drain, enqueue, entry_of, hit_of, rows
from tests.support.registered_webhooks import deliveries, register, types
from tracker.application import Application
from tracker.config import Settings
from tracker.errors import DatabaseUnavailable
from tracker.maintenance.delete_old_rows import delete_old_rows
from tracker.schedule import table
from tracker.store import batch_jobs, webhooks
from tracker.store.database import Database
from tracker.wiring.scheduler import scheduler

YESTERDAY_NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)


def turn(settings: Settings, name: str) -> None:
    """One turn of a job of the table, as the scheduler runs it."""
    parts = scheduler(settings)
    try:
        (job,) = (job for job in table(parts) if job.name == name)
        job.turn(lambda: True)
    finally:
        parts.close()


def test_the_end_of_a_session_is_told_once(
    settings: Settings, database: Database, redis: Any, application: Application
) -> None:
    webhook = register(database, application, "session.ended")
    begin = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    seen = {"session_id": "s", "client_sub_id": "me"}
    enqueue(redis, [hit_of(application, n, created_at=begin + timedelta(minutes=n), **seen) for n in range(3)])
    drain(redis, database)
    turn(settings, "end sessions")
    turn(settings, "end sessions")
    (delivery,) = deliveries(database, webhook)
    assert delivery["data"] == {
        "app_id": "shop",
        "session_id": "s",
        "client_sub_id": "me",
        "module_id": None,
        "first_accessed_at": f"{begin:%Y-%m-%dT%H:%M:%S}Z",
        "last_accessed_at": f"{begin + timedelta(minutes=2):%Y-%m-%dT%H:%M:%S}Z",
        "duration_seconds": 120.0,
        "page_views": 3,
    }
    later = hit_of(application, 9, created_at=begin + timedelta(minutes=20), **seen)
    enqueue(redis, [later])
    drain(redis, database)
    turn(settings, "end sessions")
    first, second = deliveries(database, webhook)
    assert first == delivery
    assert (second["event_id"] != first["event_id"], second["data"]["page_views"]) == (True, 4)


def test_a_complete_hour_and_its_day_are_told_once_with_their_numbers(
    settings: Settings, database: Database, redis: Any, application: Application
) -> None:
    everything, days = register(database, application, "*"), register(database, application, "statistics.daily")
    hits = [hit_of(application, n, created_at=YESTERDAY_NOON + timedelta(seconds=n)) for n in (1, 2)]
    enqueue(redis, [entry_of(hit, created_at=hit.created_at) for hit in hits])
    drain(redis, database)
    fold_everything(database)
    turn(settings, "complete hours and days")
    turn(settings, "complete hours and days")
    told = {delivery["type"]: delivery for delivery in deliveries(database, everything)}
    hour, day = told["statistics.hourly"], told["statistics.daily"]
    assert hour["data"] == {
        "app_id": "shop",
        "date": f"{YESTERDAY_NOON:%Y-%m-%d}",
        "total_requests": 2,
        "hour": 12,
        "unique_visitors": 1,
        "custom_param_stats": hour["data"]["custom_param_stats"],
    }
    assert hour["body"]["timestamp"] == f"{YESTERDAY_NOON:%Y-%m-%d}T13:00:00Z"
    assert (day["type"], day["data"]["total_requests"], day["data"]["unique_sessions"]) == ("statistics.daily", 2, 0)
    assert "hour" not in day["data"]
    assert types(database, days) == ["statistics.daily"]


def test_a_turn_that_breaks_off_tells_nothing(
    settings: Settings, database: Database, redis: Any, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = register(database, application, "*")
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    enqueue(redis, [hit_of(application, 1, created_at=an_hour_ago, session_id="s")])
    drain(redis, database)
    told = types(database, webhook)

    def away(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("gone before the commit")

    with monkeypatch.context() as patched:
        patched.setattr(batch_jobs, "add_run", away)
        with pytest.raises(DatabaseUnavailable):
            turn(settings, "end sessions")
    assert types(database, webhook) == told
    turn(settings, "end sessions")
    assert types(database, webhook) == [*told, "session.ended"]


def test_deliveries_are_forgotten_some_days_after_they_ended_and_what_waits_stays(
    database: Database, application: Application, clock: Any
) -> None:
    active, disabled = register(database, application, "*"), register(database, application, "*")
    with database.transaction() as tx:
        webhooks.disable(tx, disabled, reason="test", now=clock.now())
        for webhook in (active, disabled):
            tx.execute(
                "INSERT INTO webhook_deliveries (webhook_id, event_id, event_type, payload, state, attempt, due_at,"
                " created_at, finished_at) SELECT %s, state || '_' || days, 'x', '{}', state, 1, now(), now() - age,"
                " CASE WHEN state <> 'waiting' THEN now() - age END"
                " FROM generate_series(1, 40, 10) AS days, make_interval(days => days) AS age,"
                " unnest(ARRAY['waiting', 'delivered', 'failed']) AS state",
                [webhook],
            )
        tx.execute("INSERT INTO webhook_attempts SELECT id, 1, created_at, 200, NULL, 5 FROM webhook_deliveries")
    deleted = delete_old_rows(database, clock, deletion_time=clock.now, retention_months=24, deliveries_days=15)
    assert deleted == {"webhook_deliveries": 8, "abandoned_deliveries": 2}
    left = "SELECT state, count(*) FROM webhook_deliveries WHERE webhook_id = %s GROUP BY 1 ORDER BY 1"
    assert rows(database, left, active) == [("delivered", 2), ("failed", 2), ("waiting", 4)]
    assert rows(database, left, disabled) == [("delivered", 2), ("failed", 2), ("waiting", 2)]
    assert rows(database, "SELECT count(*) FROM webhook_attempts") == [(14,)]
    with database.transaction() as tx:
        tx.execute("UPDATE applications SET deleted_at = now()")
    assert delete_old_rows(database, clock, deletion_time=clock.now, retention_months=24, deliveries_days=15) == {
        "abandoned_deliveries": 2
    }
