"""Folding: what workers appended reaches hours and days, by any number of folders, late and imported hits included."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.support.counted import DAYS, assert_exact, fold_everything, parameter, statistics
from tests.support.queued_hits import NOON, define, drain, enqueue, entry_of, hit_of, rows
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.hit import Hit
from tracker.queueing.connection import Connection
from tracker.queueing.entry import IMPORT_PRIORITY
from tracker.stats.fold import fold
from tracker.store import statistics_increments
from tracker.store.database import Database

YESTERDAY = NOON - timedelta(days=1)


def store(redis: Connection, database: Database, *hits: Hit) -> None:
    enqueue(redis, hits)
    drain(redis, database)


def totals(database: Database) -> list[tuple[int, int, int]]:
    return rows(database, "SELECT total_requests, unique_visitors, unique_sessions FROM daily_statistics ORDER BY date")


def test_visitors_and_sessions_are_counted_once_an_hour_and_once_a_day(
    redis: Connection, database: Database, application: Application
) -> None:
    for number, minutes in enumerate((0, 1, 90)):
        time = NOON + timedelta(minutes=minutes)
        store(redis, database, hit_of(application, number, created_at=time, client_sub_id="c", session_id="s"))
        fold_everything(database)
    assert totals(database) == [(3, 1, 1)]
    assert rows(database, "SELECT hour, total_requests, unique_visitors FROM hourly_statistics ORDER BY hour") == [
        (12, 2, 1),
        (13, 1, 1),
    ]
    assert_exact(database)


def test_a_late_hit_and_an_imported_one_fold_into_their_own_day(
    redis: Connection, database: Database, application: Application
) -> None:
    store(redis, database, hit_of(application, 1, session_id="s"), hit_of(application, 2, created_at=YESTERDAY))
    fold_everything(database)
    late = hit_of(application, 3, created_at=YESTERDAY + timedelta(hours=5), session_id="s")
    enqueue(redis, [late, entry_of(hit_of(application, 4, created_at=YESTERDAY), priority=IMPORT_PRIORITY)])
    drain(redis, database)
    fold_everything(database)
    assert totals(database) == [(3, 1, 1), (1, 1, 1)]
    assert_exact(database)


def test_a_hit_that_was_stored_before_adds_nothing(
    redis: Connection, database: Database, application: Application
) -> None:
    store(redis, database, hit_of(application, 1))
    store(redis, database, hit_of(application, 1), hit_of(application, 2))
    fold_everything(database)
    assert [row[0] for row in totals(database)] == [2]


def test_the_100_most_frequent_values_are_shown_in_order_and_the_rest_is_other(
    redis: Connection, database: Database, application: Application
) -> None:
    define(database, application, "tags", "array")
    # Elements 0 to 149; the even ones come twice, in another batch.
    store(redis, database, hit_of(application, 1, custom_params={"tags": [f"{n:03}" for n in range(150)]}))
    fold_everything(database)
    assert parameter(database, "tags")["other"] == 50
    store(redis, database, hit_of(application, 2, custom_params={"tags": [f"{n:03}" for n in range(0, 150, 2)]}))
    fold_everything(database)
    tags = parameter(database, "tags")
    expected = [{"value": f"{n:03}", "count": 2} for n in range(0, 150, 2)]
    expected += [{"value": f"{n:03}", "count": 1} for n in range(1, 51, 2)]
    assert tags == {"type": "array", "count": 225, "values": expected, "other": 50}
    assert_exact(database)


def test_each_type_is_counted_in_its_own_way(redis: Connection, database: Database, application: Application) -> None:
    for kind in ("string", "number", "boolean", "array", "object"):
        define(database, application, kind, kind)
    for number, params in enumerate(
        (
            {"string": "a", "number": 0.1, "boolean": True, "array": ["x", "x", 1, None], "object": {"k": 1}},
            {"string": "a", "number": 0.2, "boolean": False, "array": [], "object": {"k": 2}},
            {"string": "b", "number": -3, "boolean": True},
        )
    ):
        store(redis, database, hit_of(application, number, custom_params=params))
        fold_everything(database)
    assert parameter(database, "string") == {
        "type": "string",
        "count": 3,
        "values": [{"value": "a", "count": 2}, {"value": "b", "count": 1}],
        "other": 0,
    }
    assert parameter(database, "number") == {"type": "number", "count": 3, "sum": -2.7, "min": -3, "max": 0.2}
    assert [value["value"] for value in parameter(database, "boolean")["values"]] == ["true", "false"]
    assert [tuple(value.values()) for value in parameter(database, "array")["values"]] == [
        (2, "x"),
        (1, "1"),
        (1, "null"),
    ]
    assert parameter(database, "object") == {"type": "object", "count": 2}
    assert_exact(database)


def test_a_period_keeps_the_type_it_began_with_and_the_next_one_takes_the_new(
    redis: Connection, database: Database, application: Application
) -> None:
    define(database, application, "size", "string")
    store(redis, database, hit_of(application, 1, created_at=YESTERDAY, custom_params={"size": "XL"}))
    fold_everything(database)
    # Under the old definition by a worker that still knew it, folded under the new one.
    store(redis, database, hit_of(application, 2, custom_params={"size": "XL"}))
    define(database, application, "size", "number")
    store(redis, database, hit_of(application, 3, custom_params={"size": 7}))
    store(redis, database, hit_of(application, 4, created_at=YESTERDAY, custom_params={"size": 7}))
    fold_everything(database)
    yesterday, today = [row[-1]["size"] for row in rows(database, DAYS)]
    assert yesterday["values"] == [{"count": 1, "value": "7"}, {"count": 1, "value": "XL"}]
    assert today == {"type": "number", "count": 1, "sum": 7, "min": 7, "max": 7}
    assert_exact(database)


@pytest.mark.parametrize("kind", ["array", "number"])
def test_texts_of_another_type_stop_nobody(
    kind: str, redis: Connection, database: Database, application: Application
) -> None:
    define(database, application, "p", "string")
    for number, text in enumerate(("[1,", "{}", "[]", "1e5", "-", "", "٣", "1\n")):
        store(redis, database, hit_of(application, number, custom_params={"p": text}))
    define(database, application, "p", kind)  # type: ignore[arg-type]
    fold_everything(database)
    assert rows(database, "SELECT custom_param_stats FROM daily_statistics") == [(None,)]
    assert_exact(database)


def test_a_fold_passes_over_a_day_that_another_holds_and_takes_it_next_time(
    redis: Connection, database: Database, application: Application
) -> None:
    store(redis, database, hit_of(application, 1, created_at=YESTERDAY), hit_of(application, 2))
    with database.transaction() as tx:
        statistics_increments.lock_day(tx, (application.id, YESTERDAY.date()))
        folded = fold(database, SystemClock())
        assert (folded.increments, folded.hits) == (1, 1)
        assert len(totals(database)) == 1
    fold_everything(database)
    assert len(totals(database)) == 2


def test_many_folders_at_once_count_each_increment_once(
    redis: Connection, database: Database, application: Application
) -> None:
    enqueue(
        redis,
        [
            hit_of(application, n, created_at=NOON - timedelta(hours=n), client_sub_id=f"c{n % 7}", session_id=f"s{n}")
            for n in range(48)
        ],
    )
    drain(redis, database, batch_size=3)
    with ThreadPoolExecutor(4) as pool:
        folded = [turn.result() for turn in [pool.submit(fold, database, SystemClock()) for _ in range(4)]]
    assert sum(turn.hits for turn in folded) == 48
    fold_everything(database)
    assert_exact(database)


def test_a_turn_that_folded_something_leaves_a_row_and_one_that_did_not_leaves_none(
    redis: Connection, database: Database, application: Application
) -> None:
    store(redis, database, hit_of(application, 1))
    fold_everything(database)
    fold_everything(database)
    jobs = "SELECT job_type, status, processed_count FROM batch_jobs WHERE job_type <> 'ingest'"
    assert rows(database, jobs) == [("fold_statistics", "completed", 1)]


def test_a_turn_ends_when_it_is_told_to(redis: Connection, database: Database, application: Application) -> None:
    store(redis, database, hit_of(application, 1))
    folded = fold(database, SystemClock(), should_continue=lambda: False)
    assert (folded.hits, folded.dry) == (1, False)
    assert statistics(database)[1] != []
