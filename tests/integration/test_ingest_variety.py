"""A day tells so many values of a parameter apart; what comes above it is kept with its hit and counted as other."""

from datetime import timedelta
from typing import Any

import pytest

from tests.support.counted import assert_exact, fold_everything, parameter, statistics
from tests.support.erasing import erase
from tests.support.queued_hits import NOON, define, drain, enqueue, entry_of, hit_of, rows
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.hit import Hit
from tracker.ingest.variety import MAX_LONG_VALUES
from tracker.management import settings
from tracker.queueing.connection import Connection
from tracker.queueing.entry import IMPORT_PRIORITY
from tracker.stats.rebuild import rebuild
from tracker.store.database import Database

VALUES = "SELECT parameter_value FROM custom_parameter_values ORDER BY access_log_id"
REFUSALS = "SELECT parameter_key, reason, refused FROM custom_parameter_refusals"
PARAMS = "SELECT custom_params FROM access_logs ORDER BY id"


@pytest.fixture(autouse=True)
def tight(database: Database, application: Application) -> None:
    """A limit of three, and a parameter of each type."""
    settings.set_(database, "shop", "max_different_values", "3")
    for kind in ("string", "number", "boolean", "array", "object"):
        define(database, application, kind, kind)  # type: ignore[arg-type]
    define(database, application, "listed", "string", validation_rules={"allowed_values": list("abcdefgh")})


def store(database: Database, redis: Connection, hits: list[Hit], *, batch_size: int = 100) -> None:
    enqueue(redis, hits)
    drain(redis, database, batch_size=batch_size)


def hits_with(application: Application, key: str, values: Any, *, first: int = 1, **columns: Any) -> list[Hit]:
    return [
        hit_of(application, number, custom_params={key: value}, **columns) for number, value in enumerate(values, first)
    ]


def texts(database: Database) -> list[str | None]:
    return [row[0] for row in rows(database, VALUES)]


@pytest.mark.parametrize("batch_size", [1, 4, 100])
def test_what_is_above_the_limit_is_kept_as_sent_and_counted_as_other(
    database: Database, redis: Connection, application: Application, batch_size: int
) -> None:
    store(database, redis, hits_with(application, "string", "abcdeabd"), batch_size=batch_size)
    assert [row[0] for row in rows(database, PARAMS)] == [{"string": value} for value in "abcdeabd"]
    assert texts(database) == ["a", "b", "c", None, None, "a", "b", None]
    assert rows(database, REFUSALS) == [("string", "too_many_values", 3)]
    fold_everything(database)
    expected = [{"value": "a", "count": 2}, {"value": "b", "count": 2}, {"value": "c", "count": 1}]
    assert parameter(database, "string") == {"type": "string", "count": 8, "values": expected, "other": 3}
    assert_exact(database)
    before = statistics(database)
    rebuild(database, SystemClock(), first=NOON.date(), last=NOON.date())
    assert statistics(database) == before
    assert_exact(database)


def test_where_every_value_is_other_the_parameter_is_counted_all_the_same(
    database: Database, redis: Connection, application: Application
) -> None:
    store(database, redis, hits_with(application, "string", "abc", created_at=NOON - timedelta(hours=3)))
    store(database, redis, hits_with(application, "string", "defg", first=10))
    store(database, redis, hits_with(application, "string", "hi", first=20, created_at=NOON + timedelta(seconds=50)))
    fold_everything(database)
    assert parameter(database, "string")["other"] == 6
    ((hour,),) = rows(database, "SELECT custom_param_stats -> 'string' FROM hourly_statistics WHERE hour = 12")
    assert hour == {"type": "string", "count": 6, "values": [], "other": 6}
    assert_exact(database)


def test_a_new_day_begins_anew_and_an_older_one_has_its_own(
    database: Database, redis: Connection, application: Application
) -> None:
    yesterday = NOON - timedelta(days=1)
    store(database, redis, hits_with(application, "string", "abcd"))
    store(database, redis, hits_with(application, "string", "wxyz", first=10, created_at=yesterday))
    assert texts(database) == ["a", "b", "c", None, "w", "x", "y", None]


def test_arrays_and_objects_are_bounded_as_a_whole_and_numbers_booleans_and_listed_values_are_not(
    database: Database, redis: Connection, application: Application
) -> None:
    store(database, redis, hits_with(application, "array", [[1], [2, 3], ["x"], [1], [4, 5]]))
    store(database, redis, hits_with(application, "object", [{"a": n} for n in range(5)], first=10))
    store(database, redis, hits_with(application, "number", range(5), first=20))
    store(database, redis, hits_with(application, "boolean", [True, False], first=30))
    store(database, redis, hits_with(application, "listed", "abcdefgh", first=40))
    assert rows(database, "SELECT parameter_key, refused FROM custom_parameter_refusals ORDER BY 1") == [
        ("array", 1),
        ("object", 2),
    ]
    fold_everything(database)
    array = parameter(database, "array")
    assert (array["count"], array["other"], len(array["values"])) == (6, 1, 4)
    assert parameter(database, "object") == {"type": "object", "count": 5}
    assert parameter(database, "number")["sum"] == 10
    assert len(parameter(database, "listed")["values"]) == 8
    assert_exact(database)


def test_long_values_have_a_limit_of_their_own(database: Database, redis: Connection, application: Application) -> None:
    settings.set_(database, "shop", "max_different_values", "1000")
    long = [f"{number:03}" + "é" * 127 for number in range(MAX_LONG_VALUES + 20)]
    store(database, redis, hits_with(application, "string", long))
    short = [f"{number:03}" for number in range(MAX_LONG_VALUES + 20)]
    store(database, redis, hits_with(application, "string", short, first=1000))
    assert texts(database) == [*long[:MAX_LONG_VALUES], *[None] * 20, *short]


def test_what_comes_twice_is_decided_once_by_whoever_stores_it(
    database: Database, redis: Connection, application: Application
) -> None:
    hits = hits_with(application, "string", "abcde")
    store(database, redis, hits)
    store(database, redis, [*hits, *hits_with(application, "string", "af", first=10)])
    assert texts(database) == ["a", "b", "c", None, None, "a", None]
    fold_everything(database)
    assert_exact(database)


def test_a_redis_that_was_wiped_admits_anew_and_the_statistics_stay_those_of_a_recount(
    database: Database, redis: Connection, application: Application
) -> None:
    store(database, redis, hits_with(application, "string", "abcd"))
    redis.flushall()
    store(database, redis, hits_with(application, "string", "defa", first=10))
    assert texts(database) == ["a", "b", "c", None, "d", "e", "f", None]
    fold_everything(database)
    assert_exact(database)


def test_an_import_is_not_bounded(database: Database, redis: Connection, application: Application) -> None:
    enqueue(redis, [entry_of(hit, priority=IMPORT_PRIORITY) for hit in hits_with(application, "string", "abcdef")])
    drain(redis, database)
    assert texts(database) == list("abcdef")


def test_without_memory_in_redis_the_queue_is_worked_off_all_the_same(
    database: Database, redis: Connection, application: Application
) -> None:
    drain(redis, database)
    enqueue(redis, hits_with(application, "string", "abcdef"))
    redis.config_set("maxmemory", 1)
    try:
        assert drain(redis, database).stored == 6
    finally:
        redis.config_set("maxmemory", 0)
    assert texts(database) == list("abcdef")


def test_applications_and_parameters_are_bounded_each_for_itself(
    database: Database, redis: Connection, application: Application
) -> None:
    define(database, application, "other", "string")
    store(database, redis, hits_with(application, "string", "abcd"))
    store(database, redis, hits_with(application, "other", "abcd", first=10))
    assert texts(database) == ["a", "b", "c", None] * 2


def test_erasing_a_person_takes_what_is_other_out_too(
    database: Database, redis: Connection, application: Application
) -> None:
    hits = hits_with(application, "string", "abcdeffg")
    hits += hits_with(application, "array", [["x"], ["y"], ["z"], ["v", "w"]], first=20)
    theirs = {4, 6, 1, 23}
    store(database, redis, [hit.replace(client_sub_id="them" if hit.id in theirs else "others") for hit in hits])
    fold_everything(database)
    assert parameter(database, "string")["other"] == 5
    erase(database, redis, clients=["them"])
    assert parameter(database, "string") == {
        "type": "string",
        "count": 5,
        "values": [{"value": "b", "count": 1}, {"value": "c", "count": 1}],
        "other": 3,
    }
    assert parameter(database, "array")["other"] == 0
    assert_exact(database)
