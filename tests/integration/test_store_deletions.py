"""By which time is deleted: two clocks that agree, no leap since the last time, and nothing in the first minutes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.queued_hits import rows
from tracker.store import deletions, retention_state
from tracker.store.database import Database
from tracker.store.deletions import FIRST_SECONDS, Deletions, PauseReason, doubt
from tracker.store.retention_state import Times

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class OwnClock:
    """This machine's clock, so far off; the monotonic one is a number."""

    def __init__(self, ahead: timedelta = timedelta(0)) -> None:
        self.ahead = ahead
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []

    class Log:
        def __getattr__(self, _level: str) -> Callable[..., None]:
            return lambda event, **fields: lines.append(f"{event}: {fields.get('reason', '')}")

    monkeypatch.setattr(deletions, "_log", Log())
    return lines


def since_the_last_deletion(database: Database, duration: timedelta) -> None:
    with database.transaction() as tx:
        retention_state.note_deletion(tx, datetime.now(UTC) - duration)


def test_nothing_is_deleted_in_the_first_five_minutes_and_sessions_end_at_once(database: Database) -> None:
    clock = OwnClock()
    asked = Deletions(database, clock)
    clock.seconds = 299.9
    assert asked.time() is None
    assert asked.agreed_time() is not None
    clock.seconds = 300
    assert asked.time() is not None
    assert FIRST_SECONDS == 300


@pytest.mark.parametrize("ahead", [-800, -100, 100, 800])
def test_clocks_that_are_apart_are_refused_with_one_line_until_they_agree(
    ahead: int, database: Database, logged: list[str]
) -> None:
    clock = OwnClock(timedelta(days=ahead))
    asked = Deletions(database, clock)
    clock.seconds = FIRST_SECONDS
    for _ in range(5):
        assert asked.time() is None
        assert asked.agreed_time() is None
    (line,) = logged
    assert f"clock is {abs(ahead)} days" in line
    ((subject, reason),) = rows(database, "SELECT subject, reason FROM deletion_refusals")
    assert (subject, line) == ("clock", f"not deleted: {reason}")
    clock.ahead = timedelta(0)
    assert asked.time() is not None
    assert rows(database, "SELECT subject FROM deletion_refusals") == []
    assert logged[1:] == ["deletions go on: "]


def test_the_refusal_of_a_scheduler_that_died_is_withdrawn_by_the_next(database: Database) -> None:
    assert Deletions(database, OwnClock(timedelta(hours=3))).agreed_time() is None
    assert Deletions(database, OwnClock()).agreed_time() is not None
    assert rows(database, "SELECT subject FROM deletion_refusals") == []


def test_the_earlier_clock_counts(database: Database) -> None:
    for ahead in (timedelta(seconds=-40), timedelta(seconds=40)):
        time = Deletions(database, OwnClock(ahead)).agreed_time()
        assert time is not None
        assert time - datetime.now(UTC) < min(ahead, timedelta(0)) + timedelta(seconds=1)


def test_a_leap_of_both_clocks_waits_for_a_word_and_is_never_followed_by_and_by(database: Database) -> None:
    since_the_last_deletion(database, timedelta(days=32))
    clock = OwnClock()
    asked = Deletions(database, clock)
    clock.seconds = FIRST_SECONDS
    for _ in range(40):
        assert asked.time() is None
    assert asked.agreed_time() is None
    since_the_last_deletion(database, timedelta(0))
    assert asked.time() is not None


def test_the_time_of_a_deletion_is_noted_forwards_and_backwards(database: Database) -> None:
    clock = OwnClock()
    asked = Deletions(database, clock)
    clock.seconds = FIRST_SECONDS
    for days in (30, -30):
        since_the_last_deletion(database, timedelta(days=days))
        assert asked.time() is not None
        ((noted,),) = rows(database, "SELECT deleted_as_of FROM retention_state")
        assert abs(datetime.now(UTC) - noted) < timedelta(hours=1)


def test_a_database_that_was_made_by_schema_sql_alone_has_no_last_deletion(database: Database) -> None:
    with database.transaction() as tx:
        tx.execute("DELETE FROM retention_state")
    clock = OwnClock()
    asked = Deletions(database, clock)
    clock.seconds = FIRST_SECONDS
    assert asked.time() is not None
    assert len(rows(database, "SELECT deleted_as_of FROM retention_state")) == 1


@pytest.mark.parametrize(
    ("off", "last", "kind"),
    [
        (timedelta(seconds=60), timedelta(days=1), None),
        (timedelta(seconds=61), timedelta(days=1), "apart, ahead of"),
        (timedelta(seconds=-60), timedelta(days=1), None),
        (timedelta(seconds=-61), timedelta(days=1), "apart, behind"),
        (timedelta(0), timedelta(days=31), None),
        (timedelta(0), timedelta(days=31, seconds=1), "leap"),
        (timedelta(0), timedelta(days=-800), None),
        (timedelta(days=800), timedelta(days=800), "apart, ahead of"),
    ],
)
def test_where_doubt_begins(off: timedelta, last: timedelta, kind: str | None) -> None:
    times = Times(now=NOW, deleted_as_of=NOW - last, refused=False)
    doubted = doubt(times, NOW + off, NOW + off)
    assert (doubted and doubted.kind) == kind


def test_a_slow_answer_is_no_difference_of_clocks() -> None:
    times = Times(now=NOW, deleted_as_of=None, refused=False)
    assert doubt(times, NOW - timedelta(minutes=3), NOW + timedelta(minutes=3)) is None


def test_of_a_kind_of_reason_the_first_is_kept_and_another_kind_is_news(database: Database, logged: list[str]) -> None:
    asked: Any = Deletions(database, OwnClock())
    for kind, sentence in (("a", "first"), ("a", "second"), ("b", "third")):
        asked.refuse("months", PauseReason(kind, sentence))
    assert logged == ["not deleted: first", "not deleted: third"]
    assert rows(database, "SELECT reason FROM deletion_refusals") == [("third",)]
