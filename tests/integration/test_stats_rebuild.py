"""Rebuild and verify: the numbers of folding, while hits arrive, and hands off what cannot be recounted."""

import threading
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from tests.support.counted import assert_exact, fold_everything, statistics
from tests.support.queued_hits import NOON, define, drain, enqueue, hit_of, rows
from tests.support.waiting import PATIENCE, wait_until
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.errors import Refused
from tracker.maintenance.drop_partitions import drop_month
from tracker.queueing.connection import Connection
from tracker.stats import retire
from tracker.stats.fold import fold
from tracker.stats.rebuild import Rebuilt, rebuild
from tracker.stats.verify import Verified, verify
from tracker.store import partition_making, partition_removal
from tracker.store.database import Database
from tracker.store.partitions import Month
from tracker.wiring.scheduler import STATISTICS

TODAY = NOON.date()
TAMPERINGS = {
    "total_requests": "UPDATE hourly_statistics SET total_requests = total_requests + 1 WHERE hour = 12",
    "unique_visitors": "UPDATE daily_statistics SET unique_visitors = 0",
    "unique_sessions": "UPDATE daily_statistics SET unique_sessions = 0",
    "custom_param_stats.p": """UPDATE daily_statistics
        SET custom_param_stats = jsonb_set(custom_param_stats, '{p,count}', '9')""",
}


@pytest.fixture
def counted(redis: Connection, database: Database, application: Application) -> Application:
    """An application with ten hits in two hours of today."""
    define(database, application, "p", "string")
    enqueue(
        redis,
        [
            hit_of(
                application,
                n,
                created_at=NOON + timedelta(minutes=10 * n),
                session_id=f"s{n % 3}",
                client_sub_id=f"c{n % 4}",
                custom_params={"p": f"v{n % 2}"},
            )
            for n in range(10)
        ],
    )
    drain(redis, database)
    fold_everything(database)
    return application


def rebuild_today(database: Database, **arguments: str) -> Rebuilt:
    return rebuild(database, SystemClock(), first=TODAY, last=TODAY, **arguments)  # type: ignore[arg-type]


def verify_all(database: Database) -> Verified:
    return verify(database, SystemClock())


@pytest.mark.parametrize("name", TAMPERINGS)
def test_verify_finds_a_wrong_number_and_rebuild_rights_it(name: str, database: Database, counted: Application) -> None:
    right = statistics(database)
    with database.transaction() as tx:
        tx.execute(TAMPERINGS[name].encode())
    assert {day.difference.name for day in verify_all(database).differences} == {name}
    done = rebuild_today(database)
    assert (done.days, done.hits, done.passed) == (1, 10, [])
    assert statistics(database) == right
    assert_exact(database)


@pytest.mark.parametrize("together", [1, 9, 10])
def test_hours_are_folded_together_or_apart_to_the_same_numbers(
    database: Database, counted: Application, monkeypatch: pytest.MonkeyPatch, together: int
) -> None:
    right = statistics(database)
    monkeypatch.setattr("tracker.stats.rebuild._MAX_HITS_TOGETHER", together)
    assert rebuild_today(database).hits == 10, "six of one hour, and four"
    assert statistics(database) == right
    assert_exact(database)


def test_verify_finds_rows_that_are_missing_and_rows_too_many(database: Database, counted: Application) -> None:
    with database.transaction() as tx:
        tx.execute("DELETE FROM hourly_statistics WHERE hour = 13")
        tx.execute("UPDATE hourly_statistics SET hour = 20 WHERE hour = 12")
    differences = [day.difference for day in verify_all(database).differences]
    assert {(difference.hour, difference.stored is None) for difference in differences} == {
        (12, True),
        (13, True),
        (20, False),
    }


def test_a_rebuild_counts_hits_that_nobody_has_folded_yet_once(
    redis: Connection, database: Database, counted: Application
) -> None:
    enqueue(redis, [hit_of(counted, 100, session_id="new")])
    drain(redis, database)
    rebuild_today(database)
    fold_everything(database)
    assert rows(database, "SELECT total_requests, unique_sessions FROM daily_statistics") == [(11, 4)]
    assert_exact(database)


def test_days_whose_raw_rows_were_removed_are_left_alone_and_named(database: Database, counted: Application) -> None:
    before = statistics(database)
    with database.transaction() as tx:
        retire.note_removal(tx, NOON, counted.id)
        tx.execute("DELETE FROM custom_parameter_values")
        tx.execute("DELETE FROM access_logs WHERE created_at < %s", [NOON])
    assert [(passed.app_id, passed.date) for passed in rebuild_today(database).passed] == [("shop", TODAY)]
    verified = verify_all(database)
    assert (verified.days, verified.differences) == (0, [])
    assert "raw rows before" in verified.passed[0].reason
    assert statistics(database) == before


def test_days_whose_month_was_dropped_are_left_alone_and_named(database: Database, counted: Application) -> None:
    with database.transaction() as tx:
        tx.execute(
            """INSERT INTO daily_statistics (application_id, app_id, date, total_requests)
               VALUES (%s, 'shop', '2020-02-29', 5)""",
            [counted.id],
        )
    done = rebuild(database, SystemClock(), first=datetime(2020, 2, 29, tzinfo=UTC).date(), last=TODAY, app_id="shop")
    assert [passed.reason for passed in done.passed] == ["the partitions of 2020-02 are not there"]
    assert rows(database, "SELECT total_requests FROM daily_statistics ORDER BY date") == [(5,), (10,)]


def test_when_a_month_is_retired_its_numbers_stay_and_what_was_counted_goes(
    database: Database, database_url: str, redis: Connection, application: Application
) -> None:
    month = Month(2019, 12)
    partition_making.create(database_url, [month])
    enqueue(redis, [hit_of(application, 1, created_at=datetime(2019, 12, 31, 23, tzinfo=UTC)), hit_of(application, 2)])
    drain(redis, database)
    assert not retire.is_final(database, month)
    assert retire.retire(database, month.plus(1)) == 0
    fold_everything(database)
    assert retire.is_final(database, month)
    numbers = statistics(database)
    assert retire.retire(database, month.plus(1)) == 0, "its rows are there"
    partition_removal.remove(database_url, month, should_continue=lambda: True)
    assert retire.retire(database, month.plus(1)) == 1
    assert retire.retire(database, month.plus(1)) == 0
    assert statistics(database) == numbers
    kept = "SELECT date FROM statistics_visitors UNION SELECT date FROM statistics_periods"
    assert rows(database, kept) == [(TODAY,)]


@pytest.mark.parametrize("dropped", [Month.of(TODAY).plus(7), Month.of(TODAY).plus(-1)], ids=["ahead", "before"])
def test_a_month_that_is_dropped_leaves_others_what_they_count_on_with(
    database: Database, database_url: str, redis: Connection, counted: Application, dropped: Month
) -> None:
    """Not the oldest one goes, but one ahead that was made by mistake, or one between others."""
    old = dropped.plus(-2)
    partition_making.create(database_url, [dropped, old])
    for again in (0, 1):
        late = hit_of(counted, 200 + again, created_at=min(old.start, NOON), client_sub_id="late")
        enqueue(redis, [hit_of(counted, 100 + again, client_sub_id="c1"), late])
        drain(redis, database)
        fold_everything(database)
        if not again:
            drop_month(database, database_url, SystemClock(), dropped, statistics=STATISTICS)
    visitors = rows(database, "SELECT sum(unique_visitors) FROM daily_statistics")
    assert visitors == [(5,)], "four of today, and the late one, each of whom came again"
    assert verify_all(database).differences == []
    assert not rebuild_today(database).passed, "today's rows are all there"


def test_an_unknown_application_is_refused(database: Database) -> None:
    with pytest.raises(Refused, match="no application 'nobody'"):
        rebuild_today(database, app_id="nobody")


def test_rebuilds_and_verifications_beside_writers_and_folders_change_nothing(
    redis: Connection, database: Database, counted: Application
) -> None:
    numbers, stop, failures = count(1000), threading.Event(), []

    def write() -> None:
        while not stop.is_set():
            enqueue(
                redis,
                [
                    hit_of(
                        counted,
                        n,
                        created_at=NOON - timedelta(hours=n % 12),
                        session_id=f"s{n % 50}",
                        client_sub_id=f"c{n % 70}",
                        custom_params={"p": f"v{n % 130}"},
                    )
                    for n in (next(numbers) for _ in range(20))
                ],
            )
            drain(redis, database, batch_size=7)

    def fold_on() -> None:
        while not stop.is_set():
            fold(database, SystemClock())

    def guarded(work: object) -> None:
        try:
            work()  # type: ignore[operator]
        except BaseException as error:  # noqa: BLE001 the test's own thread tells
            failures.append(error)
            stop.set()

    threads = [threading.Thread(target=guarded, args=(work,)) for work in (write, fold_on)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(8):
            rebuild_today(database)
            assert verify_all(database).differences == []
        wait_until(lambda: failures or rows(database, "SELECT count(*) > 100 FROM access_logs") == [(True,)])
    finally:
        stop.set()
        for thread in threads:
            thread.join(PATIENCE)
    assert failures == []
    fold_everything(database)
    assert_exact(database)
    [(stored,)] = rows(database, "SELECT count(*) FROM access_logs")
    assert rows(database, "SELECT total_requests FROM daily_statistics") == [(stored,)]
    assert stored > 100
