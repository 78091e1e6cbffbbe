"""The services behind the commands, where no command shows what they do."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from tests.support.failed_hits import fail
from tests.support.queued_hits import claims_of, drain, enqueue, hit_of, rows
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.errors import QueueUnavailable, Refused
from tracker.management import applications, failed_hits, parameters
from tracker.management.notify_receivers import notify_receivers
from tracker.queueing.connection import Connection, connect
from tracker.store import applications as application_table
from tracker.store.database import Database

NOW = datetime(2026, 11, 23, 7, tzinfo=UTC)


def test_of_two_that_want_the_same_app_id_at_once_one_gets_it(database: Database) -> None:
    def create(name: str) -> str:
        try:
            return applications.create(database, name=name, app_id="wanted", preset="news")[0].app_id
        except Refused as refused:
            return refused.code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(create, ["one", "two"])) == ["CONFLICT", "wanted"]
    assert rows(database, "SELECT count(*) FROM custom_parameter_definitions") == [(10,)]


def test_the_app_id_of_a_deleted_application_stays_taken(database: Database, application: Application) -> None:
    with database.transaction() as tx:
        application_table.update(tx, application.app_id, {"deleted_at": NOW.isoformat()})
    with pytest.raises(Refused, match="also by a deleted application"):
        applications.create(database, name="Shop", app_id=application.app_id)
    assert applications.list_(database) == []
    assert applications.show(database, application.app_id).deleted_at == NOW
    with pytest.raises(Refused, match="There is no application"):
        applications.set_status(database, application.app_id, "active")


def test_every_change_shows_in_updated_at(database: Database, application: Application) -> None:
    seen = [applications.show(database, application.app_id).updated_at]
    for change in (
        lambda: applications.set_status(database, application.app_id, "suspended"),
        lambda: parameters.set_(database, application.app_id, "price", {"parameter_type": "number"}),
        lambda: parameters.apply_preset(database, application.app_id, "news"),
    ):
        change()
        seen.append(applications.show(database, application.app_id).updated_at)
    assert seen == sorted(set(seen))


def test_an_unknown_preset_leaves_no_application_behind(database: Database) -> None:
    with pytest.raises(Refused, match="There is no preset"):
        applications.create(database, name="Shop", app_id="new", preset="nothing")
    assert applications.list_(database) == []


def test_announcing_does_not_mind_that_redis_is_away() -> None:
    notify_receivers(connect("redis://127.0.0.1:1", name="tests"), "shop")


def test_a_retry_that_breaks_off_before_redis_answers_leaves_the_hit_failed(
    database: Database, application: Application
) -> None:
    failed = fail(database, application, 1)
    with pytest.raises(QueueUnavailable):
        failed_hits.retry(database, connect("redis://127.0.0.1:1", name="tests"), [failed], NOW)
    assert [row.id for row in failed_hits.list_(database, limit=10)] == [failed]


def test_a_retry_that_is_lost_with_redis_still_stands_as_failed(
    database: Database, redis: Connection, application: Application
) -> None:
    failed = fail(database, application, 1)
    assert failed_hits.retry(database, redis, [failed], NOW) == []
    redis.flushall()
    assert [row.id for row in failed_hits.list_(database, limit=10)] == [failed]
    failed_hits.retry(database, redis, [failed], NOW)
    failed_hits.retry(database, redis, [failed], NOW)
    drain(redis, database)
    assert rows(database, "SELECT count(*) FROM access_logs") == [(1,)]
    assert failed_hits.list_(database, limit=10) == []


def test_a_retried_hit_goes_in_with_no_retries_counted(
    database: Database, redis: Connection, application: Application
) -> None:
    failed = fail(database, application, 1)
    failed_hits.retry(database, redis, [failed], NOW)
    row = failed_hits.show(database, redis, failed)
    assert (row.state, row.values["retry_count"]) == ("failed", 3)
    failed_hits.discard(database, [failed])
    entry = failed_hits.show(database, redis, failed)
    assert (entry.state, entry.where) == ("waiting", "overflow")
    assert (entry.values["retry_count"], entry.values["status"], entry.values["error_message"]) == (0, "queued", None)


def test_a_waiting_hit_is_found_behind_thousands_of_others(
    database: Database, redis: Connection, application: Application
) -> None:
    hits = [hit_of(application, number) for number in range(1, 2503)]
    enqueue(redis, hits)
    for hit in (hits[0], hits[999], hits[1000], hits[-1]):
        assert failed_hits.show(database, redis, hit.tracking_id).state == "waiting"


def test_a_hit_among_the_retries_is_found(database: Database, redis: Connection, application: Application) -> None:
    hit = hit_of(application, 1)
    enqueue(redis, [hit])
    claims = claims_of(redis)
    (claim,) = claims.claim()
    claims.postpone(claim, reason="unclear", delay=60)
    shown = failed_hits.show(database, redis, hit.tracking_id)
    assert (shown.state, shown.where, shown.values["retry_count"]) == ("waiting", "retries", 1)
    assert SystemClock().now() >= shown.values["updated_at"]
