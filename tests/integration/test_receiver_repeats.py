"""A hit that is sent again under its `event_id` is one hit, also while Redis is unavailable, and across its ends."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.support.queued_hits import drain, rows
from tests.support.receiving import Receiving, code, queued
from tests.support.servers_away import redis_away
from tests.support.waiting import wait_until
from tracker.clock import SystemClock
from tracker.embedded import Valkey
from tracker.maintenance.delete_old_rows import delete_old_rows
from tracker.maintenance.requeue_waiting import requeue_waiting
from tracker.queueing.connection import Connection
from tracker.store.database import Database

pytestmark = pytest.mark.usefixtures("application")


def hit(**fields: Any) -> dict[str, Any]:
    return {"app_id": "shop", "url": "https://shop.example/", "event_id": str(uuid4()), **fields}


def told(answer: Any) -> UUID:
    assert code(answer) == (200, None)
    return UUID(answer.get_json()["data"]["tracking_id"])


def taken_in(database: Database, redis: Connection) -> int:
    return requeue_waiting(database, redis, SystemClock(), queue="default", drain_seconds=20, queue_limit=1000)


def kept(database: Database) -> list[UUID]:
    return [row[0] for row in rows(database, "SELECT id FROM batch_queue WHERE status = 'queued' ORDER BY created_at")]


def until_redis_is_back(receiving: Receiving, database: Database) -> None:
    """The receiver asks it again after a second; what it keeps until then is thrown away."""

    def is_back() -> bool:
        answer = told(receiving.track({"app_id": "shop"}))
        with database.transaction() as tx:
            return not tx.execute("DELETE FROM batch_queue WHERE id = %s RETURNING 1", [answer]).fetchall()

    wait_until(is_back)


def test_a_repeat_while_redis_is_away_is_answered_as_the_first_and_kept_once(
    receiving: Receiving, valkey: Valkey, redis: Connection, database: Database
) -> None:
    one, other = hit(), hit()
    with redis_away(valkey):
        first = receiving.track(one)
        again = [receiving.track({**one, "event_id": spelling(one["event_id"])}) for spelling in (str, str.upper)]
        assert told(receiving.track(other)) != told(first)
    assert [answer.get_json()["data"] for answer in again] == [first.get_json()["data"]] * 2
    assert len(kept(database)) == 2
    assert taken_in(database, redis) == 2
    assert told(first) in [entry.id for entry in queued(redis)]
    assert told(receiving.track({**hit(), "event_id": other["event_id"]})) in [entry.id for entry in queued(redis)]
    drain(redis, database)
    assert rows(database, "SELECT count(*) FROM access_logs") == [(2,)]


def test_a_batch_may_repeat_itself_and_others_while_redis_is_away(
    receiving: Receiving, valkey: Valkey, database: Database, application_key: str
) -> None:
    one, two = str(uuid4()), str(uuid4())
    with redis_away(valkey):
        first = told(receiving.track(hit(event_id=one)))
        answer = receiving.batch(
            {"app_id": "shop", "events": [{"event_id": two}, {"event_id": one}, {"event_id": two}, {}]},
            key=application_key,
        )
    results = [UUID(result["tracking_id"]) for result in answer.get_json()["data"]["results"]]
    assert results[1] == first
    assert results[2] == results[0]
    assert set(kept(database)) == {first, results[0], results[3]}


def test_of_many_repeats_at_once_one_is_kept(receiving: Receiving, valkey: Valkey, database: Database) -> None:
    one = hit()
    with redis_away(valkey), ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: told(receiving.track(one)), range(12)))
    assert {*answers} == {*kept(database)}
    assert len(kept(database)) == 1


def test_a_repeat_of_a_hit_that_redis_has_is_not_taken_in(
    receiving: Receiving, valkey: Valkey, redis: Connection, database: Database
) -> None:
    before, after = hit(), hit()
    told(receiving.track(before))
    with redis_away(valkey):
        told(receiving.track(before))
        told(receiving.track(after))
    until_redis_is_back(receiving, database)
    redis.delete("tracker:hits:normal")
    since = told(receiving.track(after))
    assert taken_in(database, redis) == 2
    assert [entry.id for entry in queued(redis)] == [since]
    assert kept(database) == []


def test_events_are_known_for_a_day_and_then_forgotten(
    receiving: Receiving, valkey: Valkey, database: Database, clock: Any
) -> None:
    one = hit()
    with redis_away(valkey):
        first = told(receiving.track(one))
        with database.transaction() as tx:
            tx.execute("UPDATE batch_queue_events SET created_at = created_at - interval '24 hours 1 second'")
        second = told(receiving.track(one))
        assert told(receiving.track(one)) == second != first
    assert len(kept(database)) == 2
    delete_old_rows(database, clock, deletion_time=clock.now, retention_months=24, deliveries_days=30)
    assert rows(database, "SELECT count(*) FROM batch_queue_events") == [(1,)]
    clock.advance(timedelta(hours=24, seconds=1).total_seconds())
    delete_old_rows(database, clock, deletion_time=clock.now, retention_months=24, deliveries_days=30)
    assert rows(database, "SELECT count(*) FROM batch_queue_events") == [(0,)]
