"""However often and in whatever batches the same entries arrive: the tables are those of one delivery each."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.queued_hits import NOON, define, drain, enqueue, hit_of, rows
from tracker.application import Application
from tracker.hit import Hit
from tracker.management import applications
from tracker.queueing.connection import Connection
from tracker.store.database import Database

LOGS = "SELECT id, created_at, application_id, session_id, event_name, custom_params FROM access_logs ORDER BY 1, 2"
VALUES = (
    "SELECT access_log_id, created_at, application_id, parameter_key, parameter_value "
    "FROM custom_parameter_values ORDER BY 1, 2, 4"
)
REFUSALS = (
    "SELECT application_id, date, parameter_key, reason, refused FROM custom_parameter_refusals ORDER BY 1, 2, 3, 4"
)
FAILED = "SELECT id, tracking_data, status FROM batch_queue ORDER BY 1"
SESSIONS = (
    "SELECT session_id, application_id, client_sub_id, first_accessed_at, last_accessed_at, page_views, is_active, "
    "session_custom_params FROM sessions ORDER BY 1"
)
COUNTED_SESSIONS = "SELECT session_id, first_accessed_at, last_accessed_at, page_views FROM sessions ORDER BY 1"
DELIVERED = "access_logs, custom_parameter_values, custom_parameter_refusals, batch_queue, batch_jobs, sessions"


@pytest.fixture
def hits(database: Database, application: Application) -> list[Hit]:
    """Twelve hits in the order of their times: two applications, shared sessions, refusals and one that fails."""
    news, _ = applications.create(database, name="News", app_id="news")
    define(database, application, "price", "number", validation_rules={"max_value": 5})
    define(database, application, "colour", "string", default_value="red")
    made = []
    for number in range(1, 13):
        columns: dict[str, Any] = {
            "session_id": f"s{number % 3}",
            "client_sub_id": f"c{number}" if number % 4 == 0 else None,
            "event_name": "click" if number % 5 == 0 else None,
            "custom_params": {"price": number, f"k{number % 2}": number},
            # A month ends between two hits of one batch.
            "created_at": NOON + timedelta(days=3 * number),
        }
        made.append(hit_of(news if number == 7 else application, number, **columns))
    made[9] = hit_of(application, 10, ip_address="nowhere", session_id="s1", created_at=NOON + timedelta(days=30))
    return made


def deliver(database: Database, redis: Connection, batches: Sequence[Sequence[Hit]]) -> None:
    with database.transaction() as tx:
        tx.execute(f"TRUNCATE {DELIVERED}".encode())
    for batch in batches:
        enqueue(redis, batch)
        drain(redis, database)


def tables(database: Database, *queries: str) -> list[list[tuple[Any, ...]]]:
    return [rows(database, query) for query in queries]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_in_order_every_table_is_the_same_whatever_the_batches(
    database: Database, redis: Connection, hits: list[Hit], data: st.DataObject
) -> None:
    deliver(database, redis, [hits])
    expected = tables(database, LOGS, VALUES, REFUSALS, FAILED, SESSIONS)

    # Each batch goes on where the one before ended, and brings some of what came earlier once more.
    batches, done = [], 0
    while done < len(hits):
        more = data.draw(st.integers(1, len(hits) - done))
        again = data.draw(st.lists(st.sampled_from(hits[: done + more]), max_size=4))
        batches.append([*hits[done : done + more], *again])
        done += more
    deliver(database, redis, batches)

    assert tables(database, LOGS, VALUES, REFUSALS, FAILED, SESSIONS) == expected


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_out_of_order_nothing_is_lost_or_counted_twice(
    database: Database, redis: Connection, hits: list[Hit], data: st.DataObject
) -> None:
    # The one hit of another application decides by its arrival whose its session is, so that it stays away here.
    of_shop = [hit for hit in hits if hit.app_id == "shop"]
    deliver(database, redis, [of_shop])
    expected = tables(database, LOGS, VALUES, REFUSALS, FAILED, COUNTED_SESSIONS)

    deliveries = data.draw(st.permutations([*of_shop, *data.draw(st.lists(st.sampled_from(of_shop), max_size=12))]))
    size = data.draw(st.integers(1, len(deliveries)))
    deliver(database, redis, [deliveries[at : at + size] for at in range(0, len(deliveries), size)])

    assert tables(database, LOGS, VALUES, REFUSALS, FAILED, COUNTED_SESSIONS) == expected


def test_a_hit_that_comes_twice_in_one_batch_is_stored_once_by_the_fast_way(
    database: Database, redis: Connection, application: Application
) -> None:
    define(database, application, "a", "number")
    hit = hit_of(application, session_id="s", custom_params={"a": 1})
    enqueue(redis, [hit, hit, hit])

    drained = drain(redis, database)

    assert (drained.batches, drained.stored, drained.duplicates) == (1, 1, 2)
    assert rows(database, "SELECT page_views FROM sessions") == [(1,)]
    assert rows(database, "SELECT count(*) FROM custom_parameter_values") == [(1,)]


def test_a_batch_of_nothing_but_duplicates_writes_no_row_at_all(
    database: Database, redis: Connection, application: Application
) -> None:
    enqueue(redis, [hit_of(application)])
    drain(redis, database)
    enqueue(redis, [hit_of(application)])

    assert drain(redis, database).duplicates == 1
    assert rows(database, "SELECT count(*) FROM batch_jobs") == [(1,)]


def test_the_slow_way_stores_every_column_as_the_fast_way_does(
    database: Database, redis: Connection, application: Application
) -> None:
    columns = {
        "client_sub_id": "c\t",
        "module_id": "m\\",
        "referrer": "",
        "user_agent": "日本\r\n",
        "ip_address": "2001:db8::1",
        "session_id": "s",
        "screen_resolution": "1x1",
        "language": "ja",
        "timezone": "Asia/Tokyo",
        "event_name": "e",
        "event_data": {"a": [1e22, 0.1, None, "\\"]},
        "custom_params": {"a": {"b": True}},
    }
    fast = "SELECT to_jsonb(access_logs) - 'id' - 'url' - 'created_at' FROM access_logs WHERE id = %s"
    enqueue(redis, [hit_of(application, 1, **columns)])
    drain(redis, database)
    enqueue(redis, [hit_of(application, 1, **columns), hit_of(application, 2, **columns)])

    drained = drain(redis, database)

    assert (drained.stored, drained.duplicates) == (1, 1)
    assert rows(database, fast, 2) == rows(database, fast, 1)
