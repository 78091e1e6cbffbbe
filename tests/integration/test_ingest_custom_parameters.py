from datetime import timedelta

import pytest

from tests.support.queued_hits import NOON, define, drain, enqueue, hit_of, rows, set_mode
from tracker.application import Application
from tracker.queueing.connection import Connection
from tracker.store.database import Database

REFUSALS = "SELECT date, parameter_key, reason, refused FROM custom_parameter_refusals ORDER BY 1, 2, 3"
VALUES = "SELECT access_log_id, parameter_key, parameter_value FROM custom_parameter_values ORDER BY 1, 2"


def test_a_refused_parameter_is_dropped_and_counted_by_day_of_the_hit(
    database: Database, redis: Connection, application: Application
) -> None:
    define(database, application, "price", "number", validation_rules={"min_value": 0})
    yesterday = NOON - timedelta(days=1)
    hits = [
        hit_of(application, 1, custom_params={"price": -1, "free": 1}),
        hit_of(application, 2, custom_params={"price": -2}),
        hit_of(application, 3, custom_params={"price": "cheap"}),
        hit_of(application, 4, custom_params={"price": -1}, created_at=yesterday),
        hit_of(application, 5, custom_params={"price": 7}),
    ]
    enqueue(redis, hits)
    drain(redis, database)
    enqueue(redis, hits)
    drain(redis, database)

    assert rows(database, "SELECT id, custom_params FROM access_logs ORDER BY 1") == [
        (1, {"free": 1}), (2, {}), (3, {}), (4, {}), (5, {"price": 7}),
    ]  # fmt: skip
    assert rows(database, VALUES) == [(5, "price", "7")]
    assert rows(database, REFUSALS) == [
        (yesterday.date(), "price", "min_value", 1),
        (NOON.date(), "price", "min_value", 2),
        (NOON.date(), "price", "type", 1),
    ]


def test_an_application_that_accepts_keeps_the_refused_value_in_the_log_alone(
    database: Database, redis: Connection, application: Application
) -> None:
    define(database, application, "price", "number")
    set_mode(database, application, "accept")
    enqueue(redis, [hit_of(application, custom_params={"price": "cheap"})])

    drain(redis, database)

    assert rows(database, "SELECT custom_params FROM access_logs") == [({"price": "cheap"},)]
    assert rows(database, VALUES) == []
    assert rows(database, REFUSALS) == [(NOON.date(), "price", "type", 1)]


def test_an_application_that_rejects_has_the_hit_fail_at_once_with_the_reason(
    database: Database, redis: Connection, application: Application
) -> None:
    define(database, application, "price", "number", is_required=True)
    define(database, application, "sku", "string", validation_rules={"max_length": 3})
    set_mode(database, application, "reject")
    good = hit_of(application, 1, custom_params={"price": 1})
    bad = hit_of(application, 2, custom_params={"sku": "long"})
    enqueue(redis, [good, bad])

    drained = drain(redis, database)

    assert (drained.batches, drained.stored, drained.failed, drained.postponed) == (1, 1, 1, 0)
    assert rows(database, "SELECT id FROM access_logs") == [(1,)]
    [(failed_id, status, message, retries, data)] = rows(
        database, "SELECT id, status, error_message, retry_count, tracking_data FROM batch_queue"
    )
    assert (failed_id, status, retries) == (bad.tracking_id, "failed", 0)
    assert "price (required)" in message
    assert "sku (max_length)" in message
    assert data["custom_params"] == {"sku": "long"}
    assert rows(database, REFUSALS) == []
    assert rows(database, "SELECT status, processed_count, error_count FROM batch_jobs") == [("completed", 1, 1)]


@pytest.mark.parametrize("mode", ["drop_param", "accept", "reject"])
def test_a_value_too_long_for_the_indexes_is_dropped_and_counted_in_every_mode(
    database: Database, redis: Connection, application: Application, mode: str
) -> None:
    define(database, application, "note", "string")
    set_mode(database, application, mode)
    enqueue(
        redis, [hit_of(application, custom_params={"note": "x" * 2001, "page_type": "y" * 2001, "free": "z" * 9000})]
    )

    assert drain(redis, database).stored == 1

    assert rows(database, "SELECT custom_params FROM access_logs") == [({"free": "z" * 9000},)]
    assert rows(database, REFUSALS) == [(NOON.date(), "note", "too_long", 1), (NOON.date(), "page_type", "too_long", 1)]


def test_a_default_is_stored_like_a_value_that_was_sent(
    database: Database, redis: Connection, application: Application
) -> None:
    define(database, application, "segment", "string", default_value="regular")
    define(database, application, "broken", "number", default_value="many")
    enqueue(redis, [hit_of(application)])

    drain(redis, database)

    assert rows(database, "SELECT custom_params FROM access_logs") == [({"segment": "regular"},)]
    assert rows(database, VALUES) == [(1, "segment", "regular")]
    assert rows(database, REFUSALS) == [(NOON.date(), "broken", "default", 1)]


def test_parameters_that_nobody_defined_stay_in_the_log_alone(
    database: Database, redis: Connection, application: Application
) -> None:
    enqueue(redis, [hit_of(application, custom_params={"anything": [1]})])

    drain(redis, database)

    assert rows(database, "SELECT custom_params FROM access_logs") == [({"anything": [1]},)]
    assert rows(database, VALUES) == []
