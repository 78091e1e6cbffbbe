"""Hits of an import that are written at once: as workers write them, or left to these."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import pytest

from tests.support.counted import assert_exact, fold_everything
from tests.support.queued_hits import define, drain, enqueue, hit_of, rows
from tests.support.waiting import wait_until
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.erasure import requests
from tracker.erasure.run import until_done
from tracker.errors import DatabaseUnavailable, QueueUnavailable, Refused
from tracker.hit import Hit
from tracker.ingest import block_writer
from tracker.ingest.block_writer import BlockWriter
from tracker.queueing.adding import urgent_waiting
from tracker.queueing.connection import Connection
from tracker.queueing.entry import Entry
from tracker.store import imports
from tracker.store.database import Database
from tracker.store.imports import TakenHits


class Queue:
    """The queue that takes what is not written at once."""

    def __init__(self, redis: Connection) -> None:
        self._redis = redis

    def add(self, import_id: int, hits: Sequence[Hit]) -> TakenHits:
        now = SystemClock().now()
        enqueue(self._redis, [Entry.imported(hit, import_id, max_retries=0, now=now) for hit in hits])
        return TakenHits(queued=len(hits))


@pytest.fixture
def import_id(database: Database, application: Application) -> int:
    with database.transaction() as tx:
        return imports.place(tx, application.id, "access.log")


@pytest.fixture
def writer(database: Database, redis: Connection, monkeypatch: pytest.MonkeyPatch) -> BlockWriter:
    monkeypatch.setattr(block_writer, "_MAX_WAIT_SECONDS", 0.2)
    return writer_of(database, redis)


def writer_of(database: Database, redis: Connection, **other: Any) -> BlockWriter:
    given: dict[str, Any] = {"urgent_waiting": lambda: urgent_waiting(redis), "publish": lambda: None, **other}
    return BlockWriter(database, Queue(redis), SystemClock(), **given)


def hits_of(application: Application, count: int, **columns: Any) -> list[Hit]:
    return [hit_of(application, number, ip_address="192.0.2.1", **columns) for number in range(1, count + 1)]


def test_a_block_is_stored_counted_and_noted_once(
    writer: BlockWriter, database: Database, redis: Connection, application: Application, import_id: int
) -> None:
    hits = [*hits_of(application, 1200), hit_of(application, 5000, session_id="s")]
    assert writer.add(import_id, hits) == TakenHits(stored=1201)
    # Once more with new ones among them, one of them twice: as after a commit whose answer was lost.
    more = [*hits, hit_of(application, 5001), hit_of(application, 5001)]
    assert writer.add(import_id, more) == TakenHits(stored=1, known=1202)
    assert urgent_waiting(redis) == 0
    fold_everything(database)
    assert_exact(database)
    assert rows(database, "SELECT count(*) FROM access_logs") == [(1202,)]
    assert rows(database, "SELECT sum(hits), max(hits) <= 500 FROM imported_hits") == [(1202, True)]
    assert rows(database, "SELECT is_active FROM sessions") == [(False,)]
    assert rows(database, "SELECT count(*) FROM statistics_increments WHERE received_at IS NOT NULL") == [(0,)]


def test_parameters_are_checked_and_have_their_rows(
    database: Database, redis: Connection, application: Application, import_id: int
) -> None:
    define(database, application, "kind", "string", default_value="none")
    define(database, application, "size", "number")
    writer = writer_of(database, redis)
    given = [{"size": 3}, {"size": "no number"}, {"kind": "b"}, None]
    hits = [hit_of(application, number, custom_params=params) for number, params in enumerate(given, 1)]
    assert writer.add(import_id, hits).stored == 4
    fold_everything(database)
    assert_exact(database)
    query = "SELECT parameter_key, parameter_value, count(*) FROM custom_parameter_values GROUP BY 1, 2 ORDER BY 1, 2"
    assert rows(database, query) == [("kind", "b", 1), ("kind", "none", 3), ("size", "3", 1)]
    assert rows(database, "SELECT parameter_key, reason FROM custom_parameter_refusals") == [("size", "type")]


def test_a_hit_that_the_database_refuses_is_found_by_a_worker_and_harms_no_other(
    writer: BlockWriter, database: Database, redis: Connection, application: Application, import_id: int
) -> None:
    bad = hit_of(application, 7, ip_address="nowhere")
    assert writer.add(import_id, [*hits_of(application, 5), bad]) == TakenHits(queued=6)
    drain(redis, database)
    assert rows(database, "SELECT count(*) FROM access_logs") == [(5,)]
    assert rows(database, "SELECT id, status FROM batch_queue") == [(bad.tracking_id, "failed")]
    assert writer.add(import_id, hits_of(application, 6)) == TakenHits(stored=1, known=5)


def test_while_postgresql_is_unavailable_the_hits_go_into_the_queue(
    *, writer: BlockWriter, database: Database, redis: Connection, application: Application, import_id: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """And where neither takes them, whoever imports hears it."""

    @contextmanager
    def unavailable(_: Database) -> Iterator[None]:
        raise DatabaseUnavailable("PostgreSQL is unavailable.")
        yield

    writer.add(import_id, hits_of(application, 1))
    with monkeypatch.context() as patched:
        patched.setattr(Database, "transaction", unavailable)
        assert writer.add(import_id, hits_of(application, 3)) == TakenHits(queued=3)
        patched.setattr(Queue, "add", lambda *_: (_ for _ in ()).throw(QueueUnavailable("Redis is unavailable.")))
        with pytest.raises(QueueUnavailable):
            writer.add(import_id, hits_of(application, 4))
    drain(redis, database)
    assert writer.add(import_id, hits_of(application, 4)) == TakenHits(stored=1, known=3)


def test_a_suspended_application_gets_no_more_hits(
    database: Database, redis: Connection, application: Application, import_id: int
) -> None:
    with database.transaction() as tx:
        tx.execute("UPDATE applications SET status = 'suspended'")
    with pytest.raises(Refused, match="takes no hits any more"):
        writer_of(database, redis).add(import_id, hits_of(application, 1))
    assert rows(database, "SELECT count(*) FROM access_logs") == [(0,)]


def test_a_block_lets_visitors_pass_as_long_as_they_are_taken(
    database: Database, redis: Connection, application: Application, import_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(block_writer, "_MANY_WAITING", 3)
    enqueue(redis, [hit_of(application, number) for number in range(101, 111)])
    waited = list[int]()

    def take(_seconds: float) -> None:
        waited.append(urgent_waiting(redis))
        drain(redis, database, batch_size=4)

    assert writer_of(database, redis, pause=take).add(import_id, hits_of(application, 2)).stored == 2
    assert waited == [10]
    # Where nobody takes them, an import does not wait for ever.
    monkeypatch.setattr(block_writer, "_MAX_WAIT_SECONDS", 0.1)
    enqueue(redis, [hit_of(application, number) for number in range(201, 211)])
    assert writer_of(database, redis).add(import_id, hits_of(application, 4)).stored == 2
    assert urgent_waiting(redis) == 10


def test_undoing_waits_for_a_block_that_is_being_written(
    database: Database, redis: Connection, application: Application, import_id: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    is_written, may_end = Event(), Event()
    note_stored = imports.note_stored

    def hold(*arguments: Any) -> None:
        note_stored(*arguments)
        is_written.set()
        assert may_end.wait(20)

    monkeypatch.setattr(imports, "note_stored", hold)
    thread = Thread(target=writer_of(database, redis).add, args=(import_id, hits_of(application, 10)))
    thread.start()
    assert is_written.wait(20)
    requested = requests.request_undoing(
        database, application.app_id, "access.log", now=SystemClock().now(), note=lambda *_: None
    )
    undoing = Thread(target=until_done, args=(database, redis, SystemClock(), requested.id), kwargs={"owner": "test"})
    undoing.start()
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    wait_until(lambda: rows(database, waiting) == [(1,)])
    may_end.set()
    thread.join(20)
    undoing.join(20)
    assert rows(database, "SELECT count(*) FROM access_logs") == [(0,)]
    fold_everything(database)
    assert_exact(database)
