"""Erasures that are stopped between any two steps are taken up by the next process, and nothing is done twice."""

from collections import Counter
from collections.abc import Callable
from itertools import count, pairwise
from typing import Any
from uuid import uuid4

import pytest

from tests.support.counted import assert_exact, fold_everything
from tests.support.erasing import tables_with
from tests.support.queued_hits import drain, enqueue, entry_of, hit_of, rows
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.erasure import application as erased_application
from tracker.erasure import hits, identifiers, person, requests
from tracker.erasure.run import erase_waiting
from tracker.erasure.work import Interrupted, TakenOver, Work
from tracker.queueing import removal
from tracker.queueing.connection import Connection
from tracker.queueing.consumer import RETRIES
from tracker.queueing.entry import STREAMS
from tracker.store import batch_queue_events, erasures
from tracker.store.database import Database


@pytest.fixture(autouse=True)
def _small_and_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hits, "BATCH_SIZE", 2)
    monkeypatch.setattr(person, "_PAUSE_SECONDS", 0)
    monkeypatch.setattr(erased_application, "BATCH_SIZE", 2)
    monkeypatch.setattr(erased_application, "RECEIVERS_SECONDS", 0)
    monkeypatch.setattr(erased_application, "_PAUSE_SECONDS", 0)


@pytest.fixture
def stored(redis: Connection, database: Database, application: Application) -> Application:
    enqueue(redis, [hit_of(application, n, client_sub_id=f"c{n % 2}", session_id=f"s{n}") for n in range(12)])
    drain(redis, database)
    fold_everything(database)
    return application


def run_in_pieces(database: Database, redis: Connection) -> int:
    """Each process may make one step more than the one before; how many it took."""
    for steps in count(1):
        left = Counter(steps=steps)

        def should_continue(left: Counter[str] = left) -> bool:
            left["steps"] -= 1
            return left["steps"] >= 0

        if erase_waiting(database, redis, SystemClock(), owner=f"process {steps}", should_continue=should_continue):
            return steps
    raise AssertionError("unreachable")


def test_a_person_is_erased_however_often_it_is_stopped(
    redis: Connection, database: Database, stored: Application
) -> None:
    requests.request_person(database, "shop", identifiers.checked(["c1"], [], []), now=SystemClock().now())
    assert run_in_pieces(database, redis) > 3
    [receipt] = requests.receipts(database, "shop")
    assert (receipt.state, receipt.counts["access_logs"], receipt.counts["sessions"]) == ("done", 6, 6)
    assert rows(database, "SELECT count(*), min(client_sub_id), max(client_sub_id) FROM access_logs") == [
        (6, "c0", "c0")
    ]
    assert_exact(database)


def test_an_application_is_purged_however_often_it_is_stopped(
    redis: Connection, database: Database, stored: Application
) -> None:
    with database.transaction() as tx:
        tx.execute("UPDATE applications SET deleted_at = now()")
        requests.request_purge(tx, stored, now=SystemClock().now())
        batch_queue_events.first_hits(tx, stored.id, {uuid4(): uuid4()}, SystemClock().now())
    assert run_in_pieces(database, redis) > 3
    tables = tables_with(database, str(stored.id))
    assert tables.keys() <= {"audit_log"}


def test_whoever_was_silent_for_too_long_does_nothing_more(
    redis: Connection, database: Database, stored: Application
) -> None:
    clock = SystemClock()
    made = requests.request_person(database, "shop", identifiers.checked(["c1"], [], []), now=clock.now())
    with database.transaction() as tx:
        claimed = erasures.claim(tx, owner="slow", now=clock.now())
        assert claimed is not None
        assert erasures.claim(tx, owner="fast", now=clock.now(), erasure_id=made.id) is None
        tx.execute("UPDATE erasures SET leased_until = now() - interval '1 second'")
    assert erase_waiting(database, redis, clock, owner="fast") == 1
    slow = Work(database, clock, claimed, owner="slow")
    with pytest.raises(TakenOver):
        person.erase(slow, redis, identifiers.person_from(stored.id, "shop", claimed.identifiers))
    with pytest.raises(TakenOver):
        slow.finish([])


def test_a_long_search_that_finds_nothing_keeps_its_hold(
    redis: Connection, database: Database, stored: Application, clock: Any
) -> None:
    requests.request_person(database, "shop", identifiers.checked(["nobody"], [], []), now=clock.now())
    with database.transaction() as tx:
        claimed = erasures.claim(tx, owner="slow", now=clock.now())
    assert claimed is not None
    slow = Work(database, clock, claimed, owner="slow")
    with database.transaction() as tx:
        tx.execute("UPDATE erasures SET leased_until = now() + interval '1 second'")
    clock.advance(11)
    slow.look(lambda _: None)
    assert rows(database, "SELECT leased_until > now() + interval '20 seconds' FROM erasures") == [(True,)]


@pytest.fixture
def backlog(redis: Connection, application: Application, monkeypatch: pytest.MonkeyPatch) -> Application:
    """Thirty hits in the streams, ten of them the person's, and as many retries; read ten at a time."""
    monkeypatch.setattr(removal, "_AT_A_TIME", 10)
    monkeypatch.setattr(person, "RETRY_SECONDS", 0)
    hits = [hit_of(application, n, client_sub_id=f"c{n % 3}") for n in range(60)]
    enqueue(redis, hits[:30])
    redis.zadd(RETRIES, {entry_of(hit).to_member(): 1e12 for hit in hits[30:]})
    return application


def slowly(clock: Any, seconds: float, then: Callable[[], None] = lambda: None) -> Any:
    """The queue's reading, each page of which takes so long."""
    read = removal._entries

    def entries(*given: Any) -> list[Any]:
        clock.advance(seconds)
        then()
        return read(*given)

    return entries


def test_a_long_queue_is_read_without_losing_the_hold(
    redis: Connection, database: Database, backlog: Application, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewals: list[float] = []
    advance = Work._advance

    def renewed(work: Work, *given: Any) -> None:
        renewals.append(clock.monotonic())
        advance(work, *given)

    monkeypatch.setattr(Work, "_advance", renewed)
    monkeypatch.setattr(removal, "_entries", slowly(clock, 9))
    requests.request_person(database, "shop", identifiers.checked(["c1"], [], []), now=clock.now())
    assert erase_waiting(database, redis, clock, owner="one") == 1
    assert max(after - before for before, after in pairwise(renewals)) < erasures.LEASE_SECONDS
    [receipt] = requests.receipts(database, "shop")
    assert (receipt.counts["redis_streams"], receipt.counts["redis_retries"]) == (10, 10)


def test_whoever_loses_its_hold_in_the_middle_of_the_queue_stops_there_and_the_next_goes_on(
    redis: Connection, database: Database, backlog: Application, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = count(1)

    def take_it_over() -> None:
        if next(pages) == 2:
            with database.transaction() as tx:
                tx.execute("UPDATE erasures SET leased_by = 'another'")

    with monkeypatch.context() as slow:
        slow.setattr(removal, "_entries", slowly(clock, 1, take_it_over))
        requests.request_person(database, "shop", identifiers.checked(["c1"], [], []), now=clock.now())
        assert erase_waiting(database, redis, clock, owner="one") == 0
    assert next(pages) == 3
    assert 20 < sum(redis.xlen(stream) for stream in STREAMS) < 30
    with database.transaction() as tx:
        tx.execute("UPDATE erasures SET leased_until = now() - interval '1 second'")
    assert erase_waiting(database, redis, clock, owner="two") == 1
    assert (sum(redis.xlen(stream) for stream in STREAMS), redis.zcard(RETRIES)) == (20, 20)


def test_a_process_that_is_to_end_leaves_the_queue_in_the_middle(
    redis: Connection, database: Database, backlog: Application, clock: Any
) -> None:
    requests.request_person(database, "shop", identifiers.checked(["nobody"], [], []), now=clock.now())
    with database.transaction() as tx:
        claimed = erasures.claim(tx, owner="one", now=clock.now())
    assert claimed is not None
    asked = count(1)
    work = Work(database, clock, claimed, owner="one", should_continue=lambda: next(asked) < 3)
    with pytest.raises(Interrupted):
        person.erase(work, redis, identifiers.person_from(backlog.id, "shop", claimed.identifiers))
    assert next(asked) < 8
