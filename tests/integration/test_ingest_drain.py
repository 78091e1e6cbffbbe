from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import orjson
import pytest
import structlog

from tests.support.queued_hits import NOON, define, drain, enqueue, entry_of, hit_of, rows
from tracker.application import Application
from tracker.ingest import drain as draining
from tracker.ingest import parts
from tracker.ingest.check import check
from tracker.ingest.drain import Drain
from tracker.management import applications
from tracker.queueing.connection import Connection
from tracker.queueing.consumer import Claim, Consumer
from tracker.queueing.inspection import depths
from tracker.store.database import Database


def test_a_hit_arrives_in_every_table_with_every_column(
    database: Database, redis: Connection, application: Application
) -> None:
    define(database, application, "price", "number")
    hit = hit_of(
        application,
        client_sub_id="client\t1",
        module_id="module\\N",
        url="https://shop.example/?q=a\\b\nc",
        referrer="",
        user_agent="日本語 \\. \r",
        ip_address="2001:db8::1",
        session_id="s1",
        screen_resolution="1920x1080",
        language="ja",
        timezone="Asia/Tokyo",
        event_name="page_view",
        event_data={"quoted": 'a "b" \\ \n', "list": [1, 2.5, None, True]},
        custom_params={"price": 12.50, "free": {"a": "\t"}},
    )
    enqueue(redis, [hit])

    drained = drain(redis, database)

    assert (drained.ended, drained.batches, drained.stored, drained.duplicates) == ("dry", 1, 1, 0)
    columns = [name for name in hit.__slots__ if name not in ("id", "created_at", "application_id")]
    stored = rows(database, f"SELECT id, created_at, application_id, {', '.join(columns)} FROM access_logs")
    assert [
        tuple(
            str(value) if name == "ip_address" else value
            for name, value in zip(("id", "created_at", "application_id", *columns), stored[0], strict=True)
        )
    ] == [(hit.id, hit.created_at, hit.application_id, *(getattr(hit, name) for name in columns))]
    assert rows(
        database,
        "SELECT access_log_id, parameter_key, parameter_value, created_at, application_id FROM custom_parameter_values",
    ) == [(hit.id, "price", "12.5", hit.created_at, application.id)]
    assert rows(database, "SELECT session_id, app_id, page_views, is_active, session_custom_params FROM sessions") == [
        ("s1", "shop", 1, True, {"price": 12.5, "free": {"a": "\t"}})
    ]
    job = rows(
        database,
        "SELECT job_type, status, batch_size, processed_count, error_count, error_message, "
        "completed_at >= started_at FROM batch_jobs",
    )
    assert job == [("ingest", "completed", 1, 1, 0, None, True)]
    assert all(depth.waiting == depth.pending == 0 for depth in depths(redis))


def test_a_long_queue_is_drained_in_batches_with_one_job_row_each(
    database: Database, redis: Connection, application: Application
) -> None:
    enqueue(redis, [hit_of(application, number) for number in range(1, 251)])

    drained = drain(redis, database)

    assert (drained.batches, drained.stored) == (3, 250)
    assert sorted(rows(database, "SELECT batch_size, processed_count FROM batch_jobs")) == [
        (50, 50),
        (100, 100),
        (100, 100),
    ]
    # So many wait that they share a transaction.
    assert rows(database, "SELECT count(DISTINCT xmin::text) FROM batch_jobs") == [(1,)]


def test_hits_that_come_one_by_one_share_a_row_a_minute_and_are_no_log_lines(
    database: Database, redis: Connection, application: Application
) -> None:
    counted = "SELECT batch_size, processed_count, error_count, status FROM batch_jobs ORDER BY started_at"
    with structlog.testing.capture_logs() as lines:
        for number in range(1, 8):
            enqueue(redis, [hit_of(application, number)])
            drain(redis, database)
    assert rows(database, counted) == [(7, 7, 0, "completed")]
    assert {line["log_level"] for line in lines} <= {"debug"}
    enqueue(redis, [hit_of(application, number) for number in range(20, 40)])
    with structlog.testing.capture_logs() as lines:
        drain(redis, database)
    assert [line["event"] for line in lines if line["log_level"] == "info"] == ["drained"]
    assert rows(database, counted) == [(7, 7, 0, "completed"), (20, 20, 0, "completed")]
    with database.transaction() as tx:
        tx.execute("UPDATE batch_jobs SET created_at = created_at - interval '2 minutes'")
    enqueue(redis, [hit_of(application, 50)])
    drain(redis, database)
    enqueue(redis, [entry_of(hit_of(application, 51), tracking_data=b"{}")])
    drain(redis, database)
    assert rows(database, counted)[2:] == [(1, 1, 0, "completed"), (1, 0, 1, "failed")]


def test_a_hit_without_anything_optional_is_stored(
    database: Database, redis: Connection, application: Application
) -> None:
    enqueue(redis, [hit_of(application, url=None)])

    drain(redis, database)

    assert rows(database, "SELECT url, session_id, custom_params FROM access_logs") == [(None, None, None)]
    assert rows(database, "SELECT count(*) FROM sessions") == [(0,)]


def test_hits_of_different_months_go_together(database: Database, redis: Connection, application: Application) -> None:
    define(database, application, "price", "number")
    enqueue(
        redis,
        [
            hit_of(application, 1, custom_params={"price": 1}),
            hit_of(application, 2, created_at=NOON + timedelta(days=40), custom_params={"price": 1}),
        ],
    )

    assert drain(redis, database).batches == 1

    months = rows(database, "SELECT count(DISTINCT tableoid) FROM access_logs")
    assert months == rows(database, "SELECT count(DISTINCT tableoid) FROM custom_parameter_values") == [(2,)]


def test_a_drain_that_is_out_of_time_gives_back_what_it_holds(
    database: Database, redis: Connection, application: Application
) -> None:
    enqueue(redis, [hit_of(application, number) for number in range(1, 11)])

    assert drain(redis, database, seconds=0).ended == "time"
    assert drain(redis, database).stored == 10


def test_json_numbers_keep_their_digits(database: Database, redis: Connection, application: Application) -> None:
    params = {"integer": 2**53 - 1, "float": 0.1, "large": 1e22}
    enqueue(redis, [hit_of(application, custom_params=params)])

    drain(redis, database)

    stored = rows(database, "SELECT custom_params::text FROM access_logs")[0][0]
    assert orjson.loads(stored) == params


class HandClock:
    """A clock that moves by hand."""

    seconds = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return self.seconds


class SlowConsumer(Consumer):
    """A consumer whose claims take a second each."""

    def __init__(self, redis: Connection, clock: HandClock) -> None:
        super().__init__(redis, consumer="slow", batch_size=2, clock=clock)
        self.clock = clock

    def claim(self, *, held: Sequence[Claim] = ()) -> list[Claim]:
        self.clock.seconds += 1
        return super().claim(held=held)


def test_a_drain_whose_time_is_over_writes_what_it_has_claimed_ahead_and_no_more(
    database: Database, redis: Connection, application: Application
) -> None:
    long = {"text": "x" * 60_000}
    enqueue(redis, [hit_of(application, number, event_data=long) for number in range(1, 14)])
    clock = HandClock()

    drained = Drain(SlowConsumer(redis, clock), database, clock, seconds=0.5).run()

    # Two claims go together, and are over the time: of what follows nothing is looked at.
    assert (drained.ended, drained.stored) == ("time", 4)

    drained = Drain(SlowConsumer(redis, clock), database, clock, seconds=2.5).run()
    assert (drained.ended, drained.stored) == ("time", 8)
    assert [(depth.waiting, depth.pending) for depth in depths(redis) if depth.waiting] == [(1, 0)]


class WatchingConsumer(Consumer):
    """A consumer that notes, whenever a batch is settled, how many hits have been checked by then."""

    def __init__(self, redis: Connection, checked: Sequence[str] = (), batch_size: int = 2) -> None:
        super().__init__(redis, consumer="watching", batch_size=batch_size, clock=HandClock())
        self.checked = checked
        self.seen: list[int] = []
        self.settled: list[int] = []

    def settle(self, claims: Sequence[Claim]) -> None:
        self.seen.append(len(self.checked))
        self.settled.append(len(claims))
        super().settle(claims)


def test_what_is_claimed_ahead_is_checked_ahead_where_its_application_is_known(
    database: Database, redis: Connection, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL is not asked about another one meanwhile: what it brings is checked in its turn."""
    checked: list[str] = []
    monkeypatch.setattr(draining, "check", lambda read, known: checked.append(read.hit.app_id) or check(read, known))
    other, _ = applications.create(database, name="Other", app_id="other")
    long = {"text": "x" * 60_000}
    of = [application] * 8 + [other] * 4 + [application] * 4
    enqueue(redis, [hit_of(app, number, event_data=long) for number, app in enumerate(of)])
    consumer = WatchingConsumer(redis, checked)

    drained = Drain(consumer, database, HandClock(), seconds=600).run()

    assert (drained.ended, drained.stored, len(checked)) == ("dry", 16, 16)
    # Four are written together: each time the next four are checked already, but for the other application's.
    assert consumer.seen == [8, 8, 16, 16]


def test_less_is_claimed_together_once_it_was_more_than_a_transaction_writes(
    database: Database, redis: Connection, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts and what is left of them cost more transactions than batches that fit."""
    monkeypatch.setattr(parts, "MAX_PART_BYTES", 200_000)
    long = {"text": "x" * 60_000}
    enqueue(redis, [hit_of(application, number, event_data=long) for number in range(14)])
    consumer = WatchingConsumer(redis)

    drained = Drain(consumer, database, HandClock(), seconds=600).run()

    assert (drained.ended, drained.stored) == ("dry", 14)
    # Four were claimed together at first, and written as three and one.
    assert (consumer.settled[0], max(consumer.settled[1:])) == (3, 2)


def test_three_batches_of_ordinary_hits_go_together(
    database: Database, redis: Connection, application: Application
) -> None:
    """Each transaction costs a commit: of a deep backlog 300 hits share one."""
    enqueue(redis, [hit_of(application, number, event_data={"text": "x" * 450}) for number in range(700)])
    consumer = WatchingConsumer(redis, batch_size=100)

    drained = Drain(consumer, database, HandClock(), seconds=600).run()

    assert (drained.stored, consumer.settled) == (700, [300, 300, 100])
