"""The lease: of two that want it one has it, for as long as it says so again and again."""

import threading
import time
from collections.abc import Iterator
from typing import Any, Self

import pytest

from tests.support.queued_hits import rows
from tests.support.waiting import PATIENCE, wait_until
from tracker.clock import SystemClock
from tracker.errors import DatabaseUnavailable
from tracker.scheduler import lease as lease_module
from tracker.scheduler.job import Job, run
from tracker.scheduler.lease import Lease
from tracker.scheduler.loop import Loop
from tracker.store import leases
from tracker.store.database import Database


class Events:
    """What a lease has told its scheduler."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def lease(self, database: Database, clock: Any, owner: str) -> Lease:
        return Lease(
            database,
            clock,
            name="test",
            owner=owner,
            on_gain=lambda: self.told.append("gained"),
            on_loss=lambda: self.told.append("lost"),
        )


def expire(database: Database) -> None:
    """Ten seconds go by, as far as the database knows."""
    with database.transaction() as tx:
        tx.execute("UPDATE leases SET expires_at = expires_at - interval '10 seconds'")


@pytest.fixture
def away() -> Iterator[Database]:
    """A PostgreSQL that is unavailable."""
    opened = Database("postgresql://nobody@127.0.0.1:1/nowhere", name="tests")
    yield opened
    opened.close()


def test_one_of_two_has_the_lease_until_it_is_silent(database: Database, clock: Any) -> None:
    first, second = Events(), Events()
    one, two = first.lease(database, clock, "one"), second.lease(database, clock, "two")
    assert one.ask()
    assert not two.ask()
    assert (one.held, two.held) == (True, False)
    assert one.ask()
    expire(database)
    assert two.ask()
    with database.transaction() as tx:
        assert leases.holder(tx, "test") == "two"
    assert not one.ask()
    assert first.told == ["gained", "lost"]
    assert second.told == ["gained"]


def test_a_holder_that_was_silent_knows_that_it_is_none_before_it_asks(database: Database, clock: Any) -> None:
    lease = Events().lease(database, clock, "one")
    lease.ask()
    clock.advance(9.9)
    assert lease.held
    clock.advance(0.2)
    assert not lease.held


def test_a_turn_of_an_earlier_term_does_not_go_on_in_a_later_one(database: Database, clock: Any) -> None:
    events = Events()
    lease = events.lease(database, clock, "one")
    lease.ask()
    permit = lease.permit()
    assert permit()
    clock.advance(11)
    assert lease.ask()
    assert lease.held
    assert not permit()
    assert lease.permit()()
    assert events.told == ["gained", "lost", "gained"]


def test_while_postgresql_is_away_the_lease_runs_out_and_is_asked_for_again(
    database: Database, away: Database, clock: Any
) -> None:
    events = Events()
    lease = events.lease(database, clock, "one")
    lease.ask()
    lease._database = away
    assert lease.ask()
    clock.advance(11)
    assert not lease.ask()
    lease._database = database
    assert lease.ask()
    assert events.told == ["gained", "lost", "gained"]


def test_many_that_ask_at_once_are_not_all_told_yes(database: Database) -> None:
    answers: list[bool] = []

    def ask(owner: str) -> None:
        with database.transaction() as tx:
            answers.append(leases.take(tx, "test", owner=owner, seconds=10))

    for _ in range(5):
        threads = [threading.Thread(target=ask, args=[f"owner {number}"]) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers.count(True) == 1
        answers.clear()
        with database.transaction() as tx:
            tx.execute("DELETE FROM leases")


def job_of(name: str, turn: Any) -> Job:
    from datetime import timedelta

    return Job(name=name, every=timedelta(seconds=1), jitter=timedelta(0), turn=turn)


def test_a_turn_that_fails_is_logged_with_its_traceback_and_raises_nothing(
    capsys: Any,
) -> None:
    def broken(_go_on: Any) -> None:
        raise ZeroDivisionError("a mistake of ours")

    def busy(_go_on: Any) -> None:
        raise DatabaseUnavailable("PostgreSQL is unavailable.")

    failures: list[Any] = []
    run(job_of("broken turn", broken), SystemClock(), lambda: True, lambda *failure: failures.append(failure))
    run(job_of("busy turn", busy), SystemClock(), lambda: True)
    logged = capsys.readouterr().out
    assert "turn failed" in logged
    assert "ZeroDivisionError: a mistake of ours" in logged
    assert "turn postponed" in logged
    assert [(name, reason) for name, _, reason in failures] == [("broken turn", "ZeroDivisionError")]


class Running:
    """A loop in a thread of this process."""

    def __init__(self, database: Database, *jobs: Job) -> None:
        self.stop = threading.Event()
        self.loop = Loop(jobs, database, SystemClock(), owner=f"loop {id(self)}", failed=lambda *_: None)
        self.thread = threading.Thread(target=self.loop.run, args=[self.stop])

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()


def test_a_turn_that_hangs_holds_up_neither_the_others_nor_the_lease_and_never_overlaps_itself(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_module, "RENEWED_EVERY", 0.2)
    begun: list[str] = []
    release = threading.Event()

    def hang(_go_on: Any) -> None:
        begun.append("hanging")
        release.wait(PATIENCE)

    with Running(database, job_of("hangs", hang), job_of("works", lambda _: begun.append("working"))):
        wait_until(lambda: begun.count("working") >= 3)
        assert begun.count("hanging") == 1
        first = rows(database, "SELECT expires_at FROM leases")
        wait_until(lambda: rows(database, "SELECT expires_at FROM leases") > first)
        release.set()
    assert rows(database, "SELECT count(*) FROM leases") == [(0,)]


def test_a_long_turn_is_told_when_the_lease_is_lost_and_the_next_one_runs_at_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_module, "RENEWED_EVERY", 0.2)
    told, begun = threading.Event(), threading.Event()

    def long(should_continue: Any) -> None:
        begun.set()
        while should_continue():
            time.sleep(0.02)
        told.set()

    with Running(database, job_of("long", long)):
        assert begun.wait(PATIENCE)
        with database.transaction() as tx:
            tx.execute("UPDATE leases SET owner = 'another', expires_at = now() + interval '2 seconds'")
        assert told.wait(PATIENCE)
        begun.clear()
        told.clear()
        assert begun.wait(PATIENCE)
        with database.transaction() as tx:
            tx.execute("UPDATE leases SET owner = 'another', expires_at = now() + interval '1 hour'")
        assert told.wait(PATIENCE)


def test_a_step_under_way_may_end_after_the_signal_and_the_lease_is_kept_until_then(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_module, "RENEWED_EVERY", 0.2)
    begun, release = threading.Event(), threading.Event()
    ended: list[bool] = []

    def turn(should_continue: Any) -> None:
        begun.set()
        release.wait(PATIENCE)
        ended.append(should_continue())

    with Running(database, job_of("turn", turn)) as running:
        assert begun.wait(PATIENCE)
        running.stop.set()
        wait_until(lambda: running.loop._stopping)
        assert rows(database, "SELECT count(*) FROM leases WHERE expires_at > now()") == [(1,)]
        release.set()
    assert ended == [False]
    assert rows(database, "SELECT count(*) FROM leases") == [(0,)]
