from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from tests.support.queued_hits import NOON, drain, enqueue, hit_of, rows
from tracker.application import Application
from tracker.hit import Hit
from tracker.management import applications
from tracker.queueing.connection import Connection
from tracker.store.database import Database

SESSIONS = "SELECT session_id, app_id, page_views FROM sessions ORDER BY 1"


def visit(application: Application, number: int, **columns: Any) -> Hit:
    return hit_of(application, number, **{"session_id": "s", **columns})


def store(redis: Connection, database: Database, *batches: Iterable[Hit]) -> None:
    """Store hits, each batch in a drain of its own."""
    for batch in batches:
        enqueue(redis, batch)
        drain(redis, database)


def test_a_session_goes_on_from_batch_to_batch(database: Database, redis: Connection, application: Application) -> None:
    store(
        redis,
        database,
        [visit(application, 1, user_agent="A", custom_params={"a": 1, "b": 1}), visit(application, 2)],
        [visit(application, 3, user_agent="B", client_sub_id="c", ip_address="192.0.2.1", custom_params={"b": 3})],
        [visit(application, 4, event_name="click")],
    )

    assert rows(
        database,
        "SELECT page_views, first_accessed_at, last_accessed_at, user_agent, client_sub_id, host(ip_address), "
        "is_active, session_custom_params FROM sessions",
    ) == [(3, NOON + timedelta(seconds=1), NOON + timedelta(seconds=4), "A", "c", "192.0.2.1", True, {"a": 1, "b": 3})]


def test_a_late_hit_moves_the_beginning_and_overrules_nothing_newer(
    database: Database, redis: Connection, application: Application
) -> None:
    store(
        redis,
        database,
        [visit(application, 5, user_agent="late", custom_params={"a": 5})],
        [visit(application, 2, user_agent="early", module_id="m", custom_params={"a": 2, "b": 2})],
    )

    assert rows(
        database,
        "SELECT first_accessed_at, last_accessed_at, user_agent, module_id, session_custom_params FROM sessions",
    ) == [(NOON + timedelta(seconds=2), NOON + timedelta(seconds=5), "early", "m", {"a": 5, "b": 2})]


def test_an_ended_session_is_active_again_with_a_newer_hit_and_not_with_an_older_one(
    database: Database, redis: Connection, application: Application
) -> None:
    store(redis, database, [visit(application, 5)])
    with database.transaction() as tx:
        tx.execute("UPDATE sessions SET is_active = false")

    store(redis, database, [visit(application, 4)])
    assert rows(database, "SELECT is_active, page_views FROM sessions") == [(False, 2)]

    store(redis, database, [visit(application, 6)])
    assert rows(database, "SELECT is_active, page_views FROM sessions") == [(True, 3)]


def test_a_session_that_an_event_begins_has_no_page_view_yet(
    database: Database, redis: Connection, application: Application
) -> None:
    store(redis, database, [visit(application, 1, event_name="add_to_cart")])
    assert rows(database, SESSIONS) == [("s", "shop", 0)]


def test_another_applications_session_is_left_alone_and_the_hit_is_stored(
    database: Database, redis: Connection, application: Application
) -> None:
    news, _ = applications.create(database, name="News", app_id="news")
    store(redis, database, [visit(application, 1)])
    before = rows(database, "SELECT * FROM sessions")

    store(redis, database, [visit(news, 2, user_agent="other", custom_params={"x": 1})])

    assert rows(database, "SELECT * FROM sessions") == before
    assert rows(database, "SELECT count(*) FROM access_logs") == [(2,)]


def test_in_one_batch_the_earliest_hits_application_has_a_new_session(
    database: Database, redis: Connection, application: Application
) -> None:
    news, _ = applications.create(database, name="News", app_id="news")
    store(redis, database, [visit(news, 3), visit(application, 2), visit(news, 1), visit(news, 4, session_id="t")])
    assert rows(database, SESSIONS) == [("s", "news", 2), ("t", "news", 1)]


def test_in_one_batch_a_foreign_hit_does_not_keep_the_owners_hits_out_of_their_session(
    database: Database, redis: Connection, application: Application
) -> None:
    news, _ = applications.create(database, name="News", app_id="news")
    store(redis, database, [visit(application, 1)], [visit(news, 2), visit(application, 3), visit(application, 4)])
    assert rows(database, SESSIONS) == [("s", "shop", 3)]


def test_a_session_full_of_parameters_takes_no_more_of_them_and_goes_on(
    database: Database, redis: Connection, application: Application
) -> None:
    def bulky(number: int) -> Hit:
        return visit(application, number, custom_params={f"{number}.{n}.{number * n * 7919}": n for n in range(2500)})

    store(redis, database, *([bulky(number)] for number in range(1, 9)))

    [(size, views)] = rows(database, "SELECT pg_column_size(session_custom_params), page_views FROM sessions")
    assert size < 100_000
    assert views == 8


def test_two_workers_that_share_sessions_do_not_wait_in_a_circle(
    database: Database, redis: Connection, application: Application
) -> None:
    hits = [visit(application, n, session_id=f"s{n * 7919 % 40}") for n in range(1, 1201)]
    enqueue(redis, hits)

    with ThreadPoolExecutor(2) as workers:
        drained = list(workers.map(lambda _: drain(redis, database, batch_size=40), range(2)))

    assert [drain_result.ended for drain_result in drained] == ["dry", "dry"]
    assert sum(drain_result.stored for drain_result in drained) == 1200
    assert rows(database, "SELECT count(*), sum(page_views) FROM sessions") == [(40, 1200)]
