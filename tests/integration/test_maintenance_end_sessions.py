"""Sessions end when no hit came for a while, once, and begin again with the next hit."""

from datetime import timedelta
from itertools import count
from typing import Any

import orjson
import psycopg
import pytest

from tests.support.queued_hits import NOON, drain, enqueue, hit_of, rows
from tracker.application import Application
from tracker.maintenance.end_sessions import end_sessions
from tracker.store import application_settings
from tracker.store.database import Database
from tracker.store.queries import sql
from tracker.store.sessions import EndedSession

_numbers = count(1)


def ended_by(database: Database, clock: Any) -> list[EndedSession]:
    told: list[EndedSession] = []
    number = end_sessions(database, clock, agreed_time=clock.now, publish=lambda _tx, ended: told.extend(ended))
    assert number == len(told)
    return told


def begin(
    database: Database, redis: Any, application: Application, session: str, now: Any, *minutes_ago: float
) -> None:
    """A session with a hit so many minutes ago each."""
    for minutes in minutes_ago:
        at = now - timedelta(minutes=minutes)
        hit = hit_of(application, next(_numbers), created_at=at, session_id=session, client_sub_id="me")
        enqueue(redis, [hit])
        drain(redis, database)


def test_a_session_ends_once_after_its_last_hit_with_what_an_announcement_needs(
    database: Database, redis: Any, application: Application, clock: Any
) -> None:
    now = clock.now()
    begin(database, redis, application, "idle", now, 50, 45, 31)
    begin(database, redis, application, "busy", now, 50, 29)
    (ended,) = ended_by(database, clock)
    assert (ended.session_id, ended.application_id, ended.app_id) == ("idle", application.id, "shop")
    assert (ended.client_sub_id, ended.page_views, ended.seconds) == ("me", 3, 19 * 60)
    assert rows(database, "SELECT session_id, is_active FROM sessions ORDER BY 1") == [("busy", True), ("idle", False)]
    assert ended_by(database, clock) == []
    clock.advance(120)
    assert [session.session_id for session in ended_by(database, clock)] == ["busy"]
    jobs = rows(database, "SELECT processed_count FROM batch_jobs WHERE job_type = 'end_sessions'")
    assert jobs == [(1,), (1,)]


def test_a_later_hit_starts_a_session_again_and_a_late_one_does_not(
    database: Database, redis: Any, application: Application, clock: Any
) -> None:
    now = clock.now()
    begin(database, redis, application, "visit", now, 60)
    assert len(ended_by(database, clock)) == 1
    begin(database, redis, application, "visit", now, 61)
    assert ended_by(database, clock) == []
    begin(database, redis, application, "visit", now, 40)
    (again,) = ended_by(database, clock)
    assert (again.page_views, again.seconds) == (3, 21 * 60)


def test_each_application_has_its_own_patience(
    database: Database, redis: Any, application: Application, clock: Any
) -> None:
    with database.transaction() as tx:
        application_settings.put(tx, application.id, "session_timeout_minutes", "90")
    begin(database, redis, application, "patient", clock.now(), 89)
    assert ended_by(database, clock) == []
    clock.advance(120)
    assert len(ended_by(database, clock)) == 1


def test_sessions_end_in_batches_and_a_batch_that_fails_is_not_ended(
    database: Database, application: Application, clock: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("tracker.maintenance.end_sessions.BATCH", 2)
    with database.transaction() as tx:
        tx.execute(
            "INSERT INTO sessions (session_id, application_id, app_id, last_accessed_at)"
            " SELECT 's' || number, %s, 'shop', now() - interval '1 hour' FROM generate_series(1, 5) AS number",
            [application.id],
        )
    batches: list[int] = []

    def publish(_tx: Any, ended: Any) -> None:
        if len(batches) == 1:
            batches.append(0)
            raise RuntimeError("the announcement cannot be written")
        batches.append(len(ended))

    with pytest.raises(RuntimeError):
        end_sessions(database, clock, agreed_time=clock.now, publish=publish)
    assert rows(database, "SELECT count(*) FROM sessions WHERE is_active") == [(3,)]
    assert end_sessions(database, clock, agreed_time=clock.now, publish=publish) == 3
    assert batches == [2, 0, 2, 1]


def test_a_session_that_is_being_written_to_is_left_alone(
    database: Database, database_url: str, redis: Any, application: Application, clock: Any
) -> None:
    begin(database, redis, application, "busy", clock.now(), 45)
    with psycopg.connect(database_url) as writer:
        writer.execute("UPDATE sessions SET last_accessed_at = now()")
        assert ended_by(database, clock) == []
        writer.commit()
    assert ended_by(database, clock) == []


def test_the_cost_of_a_turn_follows_what_there_is_to_end(
    database: Database, application: Application, clock: Any
) -> None:
    """Sessions that ended long ago, and active ones that are not idle, are not read."""
    limits = [{"id": application.id, "idle_since": NOON - timedelta(minutes=30)}]
    with database.transaction() as tx:
        tx.execute(
            "INSERT INTO sessions (session_id, application_id, app_id, last_accessed_at, is_active)"
            " SELECT 's' || number, %s, 'shop', %s - number * interval '1 second', true"
            " FROM generate_series(1, 1830) AS number",
            [application.id, NOON],
        )
        tx.execute(
            "INSERT INTO sessions (session_id, application_id, app_id, last_accessed_at, is_active)"
            " SELECT 'e' || number, %s, 'shop', %s - number * interval '1 minute', false"
            " FROM generate_series(1, 10000) AS number",
            [application.id, NOON],
        )
        tx.execute("ANALYZE sessions")
        explain = b"EXPLAIN (ANALYZE, TIMING off) " + sql("sessions/end_idle").encode()
        plan = str(tx.execute(explain, {"limits": orjson.dumps(limits).decode(), "limit": 40}).fetchall())
    assert "idx_sessions_active" in plan
    assert "Seq Scan" not in plan
    assert "Rows Removed by Filter" not in plan
