"""Statistics as they are read: totals, series without holes, unique numbers, and what takes too long."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.support.counted import fold_everything
from tests.support.queued_hits import NOON, define, drain, enqueue, hit_of
from tests.support.raw_hits import count_days, execute, fill, make_months
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.errors import Refused
from tracker.queueing.connection import Connection, connect
from tracker.queueing.inspection import GRACE
from tracker.reading import folded, statistics
from tracker.reading.period import Period
from tracker.reading.statistics import Statistics
from tracker.store.database import Database
from tracker.store.partitions import Month

LEAP = Period(date(2024, 2, 28), date(2024, 3, 1))


@pytest.fixture
def old_months(database: Database) -> None:
    make_months(database, Month(2024, 2), Month(2024, 3))


def read(database: Database, redis: Connection, period: Period, **arguments: Any) -> Statistics:
    return statistics.read(database, redis, SystemClock(), app_id="shop", period=period, **arguments)


def series(answer: Statistics, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in answer.requests_by_date]


@pytest.mark.usefixtures("old_months")
def test_a_series_has_every_day_of_a_leap_february_and_bounds_are_utc(
    database: Database, redis: Connection, application: Application
) -> None:
    visitor = {"client_sub_id": "'v' || n"}
    fill(database, application, 1, start=datetime(2024, 2, 27, 23, 59, 59, 999_999, tzinfo=UTC), **visitor)
    fill(database, application, 1, start=datetime(2024, 2, 28, tzinfo=UTC), **visitor)
    fill(database, application, 2, start=datetime(2024, 3, 1, 23, 59, 58, 999_999, tzinfo=UTC), **visitor)
    fill(database, application, 1, start=datetime(2024, 3, 2, tzinfo=UTC), **visitor)
    count_days(database, date(2024, 2, 27), date(2024, 3, 2))
    answer = read(database, redis, LEAP)
    assert series(answer, "date", "requests", "unique_visitors") == [
        ("2024-02-28", 1, 1),
        ("2024-02-29", 0, 0),
        ("2024-03-01", 2, 2),
    ]
    assert (answer.total_requests, answer.unique_visitors, answer.unique_visitors_exact) == (3, 2, True)
    hours = read(database, redis, LEAP, group_by="hour")
    assert len(hours.requests_by_date) == 72
    assert [row for row in series(hours, "date", "hour", "requests") if row[2]] == [
        ("2024-02-28", 0, 1),
        ("2024-03-01", 23, 2),
    ]
    months = read(database, redis, Period(date(2023, 12, 31), date(2024, 3, 1)), group_by="month")
    assert series(months, "date", "requests", "unique_visitors") == [
        ("2023-12", 0, 0),
        ("2024-01", 0, 0),
        ("2024-02", 2, 1),
        ("2024-03", 2, 2),
    ]


@pytest.mark.usefixtures("old_months")
def test_visitors_of_several_days_are_counted_once_and_a_sum_says_that_it_is_one(
    database: Database, redis: Connection, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = {"client_sub_id": "'v' || n % 5", "session_id": "'s' || n % 3"}
    fill(database, application, 300, start=LEAP.start, every="10 minutes", **columns)
    count_days(database, LEAP.first, LEAP.last)
    exact = read(database, redis, LEAP)
    assert (exact.unique_visitors, exact.unique_visitors_exact) == (5, True)
    assert (exact.unique_sessions, exact.unique_sessions_exact) == (3, True)
    months = read(database, redis, LEAP, group_by="month")
    assert series(months, "unique_visitors", "unique_visitors_exact") == [(5, True), (5, True)]
    monkeypatch.setattr(folded, "MAX_COUNTED", 9)
    large = read(database, redis, LEAP)
    assert (large.unique_visitors, large.unique_visitors_exact) == (15, False)
    assert (large.unique_sessions, large.unique_sessions_exact) == (3, True)
    monkeypatch.undo()
    execute(database, "DELETE FROM statistics_visitors WHERE date = '2024-02-29'")
    forgotten = read(database, redis, LEAP, group_by="month")
    assert (forgotten.unique_visitors, forgotten.unique_visitors_exact) == (15, False)
    assert series(forgotten, "unique_visitors", "unique_visitors_exact") == [(10, False), (5, True)]
    one_day = read(database, redis, Period(date(2024, 2, 29), date(2024, 2, 29)))
    assert (one_day.unique_visitors, one_day.unique_visitors_exact) == (5, True)


def test_parameters_of_several_days_come_together(
    database: Database, redis: Connection, application: Application
) -> None:
    for key, kind in (("kind", "string"), ("price", "number"), ("tags", "array")):
        define(database, application, key, kind)  # type: ignore[arg-type]
    yesterday = NOON - timedelta(days=1)
    hits = [
        hit_of(application, n, created_at=time, custom_params={"kind": kind, "price": n, "tags": [kind, "all"]})
        for n, (time, kind) in enumerate([(NOON, "a"), (NOON, "b"), (yesterday, "a"), (yesterday, "c")], 1)
    ]
    enqueue(redis, hits)
    drain(redis, database)
    fold_everything(database)
    period = Period(yesterday.date(), NOON.date())
    plain, filtered = read(database, redis, period), read(database, redis, period, custom_params={"tags": ["all"]})
    for answer in (plain, filtered):
        assert answer.total_requests == 4
        assert answer.custom_param_breakdown == {
            "kind": {"a": 2, "b": 1, "c": 1},
            "tags": {"all": 4, "a": 2, "b": 1, "c": 1},
        }
        assert answer.custom_param_stats == {
            "kind": {"type": "string", "count": 4, "other": 0, "exact": True},
            "price": {"type": "number", "count": 4, "sum": 10, "min": 1, "max": 4, "mean": 2.5},
            "tags": {"type": "array", "count": 8, "other": 0, "exact": True},
        }
    only = read(database, redis, period, custom_params={"kind": "a"})
    assert (only.total_requests, only.custom_param_stats["price"]["sum"]) == (2, 4)
    assert only.custom_params == {"kind": "a"}


def test_more_values_than_a_day_shows_make_counts_that_may_be_too_low(
    database: Database, redis: Connection, application: Application
) -> None:
    define(database, application, "kind", "string")
    hits = [
        hit_of(application, n, created_at=NOON - timedelta(days=day), custom_params={"kind": f"v{n:03}"})
        for day in (0, 1)
        for n in range(1, 151)
    ]
    enqueue(redis, hits)
    drain(redis, database)
    fold_everything(database)
    one, two = (
        read(database, redis, Period(NOON.date() - timedelta(days=days), NOON.date())).custom_param_stats["kind"]
        for days in (0, 1)
    )
    assert one == {"type": "string", "count": 150, "other": 50, "exact": True}
    assert two == {"type": "string", "count": 300, "other": 100, "exact": False}


def test_a_filter_counts_the_raw_rows_that_have_it(
    database: Database, redis: Connection, application: Application
) -> None:
    fill(
        database,
        application,
        100,
        start=NOON - timedelta(days=1),
        every="20 minutes",
        custom_params="jsonb_build_object('kind', n % 4, 'it''s \"quoted\"', '; DROP TABLE access_logs --')",
        client_sub_id="'v' || n % 8",
        session_id="'s' || n % 2",
    )
    period = Period(NOON.date() - timedelta(days=1), NOON.date() + timedelta(days=1))
    answer = read(database, redis, period, custom_params={"kind": 1})
    assert (answer.total_requests, answer.unique_visitors, answer.unique_sessions) == (25, 2, 1)
    assert sum(row["requests"] for row in answer.requests_by_date) == 25
    assert len(answer.requests_by_date) == 3
    hours = read(database, redis, period, custom_params={"kind": 1}, group_by="hour")
    assert (len(hours.requests_by_date), sum(row["requests"] for row in hours.requests_by_date)) == (72, 25)
    months = read(database, redis, period, custom_params={"kind": 1}, group_by="month")
    assert sum(row["requests"] for row in months.requests_by_date) == 25
    hostile = {'it\'s "quoted"': "; DROP TABLE access_logs --"}
    assert read(database, redis, period, custom_params=hostile).total_requests == 100
    for nothing in ({"kind": "1"}, {"kind": None}, {"%(app_id)s": "%s"}, {"$1": "\\"}, {"kind": {"a": [1]}}):
        assert read(database, redis, period, custom_params=nothing).total_requests == 0


@pytest.mark.parametrize(
    ("custom_params", "said"),
    [
        ({"a\x00": "1"}, "NUL"),
        ({"a": ["\x00"]}, "NUL"),
        ({"a": "\ud800"}, "surrogate"),
        ({"a": 2**60}, "beyond"),
        ({"k" * 101: 1}, "100 characters"),
        ({"a": "v" * 5000}, "4096 bytes"),
        ([1], "JSON object"),
    ],
)
@pytest.mark.usefixtures("application")
def test_a_filter_that_no_hit_can_have_is_refused(
    database: Database, redis: Connection, custom_params: Any, said: str
) -> None:
    with pytest.raises(Refused, match=said) as refusal:
        read(database, redis, LEAP, custom_params=custom_params)
    assert (refusal.value.status, list(refusal.value.details)) == (400, ["custom_params"])


@pytest.mark.parametrize(
    ("days", "arguments"),
    [(32, {"group_by": "hour"}), (367, {}), (3661, {"group_by": "month"}), (93, {"custom_params": {"a": 1}})],
)
@pytest.mark.usefixtures("application")
def test_too_many_days_are_refused(database: Database, redis: Connection, days: int, arguments: Any) -> None:
    last = date(2024, 12, 31)
    with pytest.raises(Refused, match=f"at most {days - 1}") as refusal:
        read(database, redis, Period(last - timedelta(days=days - 1), last), **arguments)
    assert (refusal.value.code, list(refusal.value.details)) == ("VALIDATION_ERROR", ["end_date"])
    read(database, redis, Period(last - timedelta(days=days - 2), last), **arguments)


def test_an_unknown_application_is_not_found(database: Database, redis: Connection) -> None:
    with pytest.raises(Refused, match="There is no application 'shop'") as refusal:
        read(database, redis, LEAP)
    assert (refusal.value.status, refusal.value.code) == (404, "APPLICATION_NOT_FOUND")


def test_what_is_waiting_or_not_folded_holds_the_time_back_until_which_data_is_complete(
    database: Database, redis: Connection, application: Application
) -> None:
    period = Period(NOON.date(), NOON.date())

    def until(**arguments: Any) -> datetime:
        complete = read(database, redis, period, **arguments).data_complete_until
        assert complete is not None
        return complete

    before = datetime.now(UTC) - GRACE
    assert before <= until() <= datetime.now(UTC) - GRACE
    received = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
    enqueue(redis, [hit_of(application, 1, created_at=received, custom_params={"a": 1})])
    waiting = until()
    assert waiting <= datetime.now(UTC) - GRACE
    drain(redis, database)
    assert until() == received
    assert until(custom_params={"a": 1}) > before
    fold_everything(database)
    assert until() > before


@pytest.mark.usefixtures("application")
def test_without_redis_nobody_can_say_until_when_data_is_complete(database: Database) -> None:
    away = connect("redis://127.0.0.1:1", name="tests")
    assert read(database, away, LEAP).data_complete_until is None
