"""An hour of many hits stands in several files while it goes on: a turn rewrites the last of them alone."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.conftest import TEMPLATE_WITH_SHOP
from tests.support.erasing import erase
from tests.support.facts import facts, make_facts, writer_of
from tests.support.made_hits import MadeHits, made_hits
from tests.support.queued_hits import drain, enqueue, hit_of, rows
from tests.support.standing_clock import StandingClock
from tracker.application import Application
from tracker.config import Settings
from tracker.embedded import Postgres, Valkey
from tracker.facts import pieces, write
from tracker.facts.day import Workspace
from tracker.facts.rebuild import rebuild, verify
from tracker.facts.write import Writer
from tracker.management import applications
from tracker.queueing.connection import Connection, connect
from tracker.store.database import Database
from tracker.store.facts_marks import FactsDay

HOUR = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=3)
MINUTES = range(10)
FILES = "SELECT first_minute, last_minute, facts FROM facts_files WHERE replaced_at IS NULL ORDER BY 1"

Arrive = Callable[[int, int], None]


@pytest.fixture(scope="module")
def made(
    postgres: Postgres, valkey: Valkey, shop_and_key: tuple[Application, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MadeHits]:
    """Ten minutes with a hit and a turn each: to make them takes as long as ten copies."""
    shop, _ = shop_and_key

    def make(database: Database, folder: Path) -> None:
        with pytest.MonkeyPatch.context() as patch, closing(connect(valkey.url, name="tests")) as redis:
            redis.flushall()
            patch.setattr(pieces, "PIECE_FACTS", 2)
            writer = make_facts(database, folder)
            writer.swept_at = 0.0
            for minute in MINUTES:
                come(redis, database, shop, writer, minute, minute)

    with made_hits(postgres, tmp_path_factory.mktemp("made") / "facts", make) as hits:
        yield hits


@pytest.fixture
def copied(template: str, request: pytest.FixtureRequest) -> str:
    if "ten_minutes" in request.fixturenames:
        return str(request.getfixturevalue("made").database)
    return TEMPLATE_WITH_SHOP


@pytest.fixture
def writer(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Writer:
    """One that joins no files unless a test lets it."""
    monkeypatch.setattr(pieces, "PIECE_FACTS", 2)
    assert isinstance(settings.facts_url, Path)
    if "ten_minutes" in request.fixturenames:
        request.getfixturevalue("made").copy_facts(settings)
        writer = writer_of(database, settings.facts_url)
    else:
        writer = make_facts(database, settings.facts_url)
    writer.swept_at = 0.0
    return writer


@pytest.fixture
def ten_minutes(writer: Writer) -> None:
    """Each of ten minutes had a hit, and a turn was made in it; it is the last of them, and the hour goes on."""
    writer.clock = StandingClock(HOUR + timedelta(minutes=MINUTES[-1]))


def come(  # noqa: PLR0917 what comes where and when
    redis: Connection, database: Database, application: Application, writer: Writer, minute: int, at: int
) -> None:
    """Let a hit of a minute come at another one, or at the same, and a turn be made."""
    number = int(rows(database, "SELECT count(*) FROM access_logs")[0][0])
    client = f"client {number % 3}"
    created_at = HOUR + timedelta(minutes=minute, milliseconds=number)
    enqueue(redis, [hit_of(application, number, created_at=created_at, client_sub_id=client)])
    drain(redis, database)
    writer.clock = StandingClock(HOUR + timedelta(minutes=at))
    assert writer.turn() >= 1


@pytest.fixture
def arrive(redis: Connection, database: Database, application: Application, writer: Writer) -> Arrive:
    return partial(come, redis, database, application, writer)


def lose_a_file(database: Database, writer: Writer) -> None:
    """Remove the file that begins with the fifth minute."""
    [(name,)] = rows(database, "SELECT name FROM facts_files WHERE replaced_at IS NULL AND first_minute = 4")
    (writer.folder.path / str(name)).unlink()


def is_right(database: Database, writer: Writer, application: Application) -> bool:
    stored = rows(database, "SELECT count(*) FROM access_logs")[0][0]
    assert len(facts(database, writer.folder.path, "page")) == stored
    return verify(writer, (application.id, HOUR.date())) is None


@pytest.mark.usefixtures("ten_minutes")
def test_a_turn_rewrites_the_last_minutes_and_a_late_hit_those_of_its_file(
    database: Database, writer: Writer, application: Application, arrive: Arrive
) -> None:
    assert rows(database, FILES) == [(0, 1, 2), (2, 3, 2), (4, 5, 2), (6, 7, 2), (8, 59, 2)]
    assert is_right(database, writer, application)
    numbers = dict(rows(database, "SELECT first_minute, id FROM facts_files WHERE replaced_at IS NULL"))
    arrive(9, 9)
    arrive(4, 9)
    after = dict(rows(database, "SELECT first_minute, id FROM facts_files WHERE replaced_at IS NULL"))
    assert {minute for minute, number in after.items() if numbers.get(minute) != number} == {4, 8, 9}
    assert is_right(database, writer, application)


@pytest.mark.usefixtures("ten_minutes")
def test_files_of_an_hour_are_joined_while_it_goes_on_and_when_it_is_over(
    database: Database, writer: Writer, application: Application, arrive: Arrive
) -> None:
    writer.swept_at = float("-inf")
    arrive(11, 11)
    assert rows(database, FILES) == [(0, 7, 8), (8, 10, 2), (11, 59, 1)]
    assert is_right(database, writer, application)
    writer.swept_at = float("-inf")
    arrive(11, 63)
    assert rows(database, FILES) == [(0, 59, 12)]
    assert is_right(database, writer, application)


@pytest.mark.usefixtures("ten_minutes")
def test_who_is_erased_goes_from_all_files_of_an_hour_and_what_was_emptied_is_made_again(
    database: Database, redis: Connection, writer: Writer, application: Application, arrive: Arrive
) -> None:

    def write_facts() -> None:
        writer.turn()
        writer.remove_replaced(0)

    for number in range(3):
        assert is_right(database, writer, application)
        erase(database, redis, clients=[f"client {number}"], write_facts=write_facts)
        clients = {client for (client,) in facts(database, writer.folder.path, "client")}
        assert clients == {f"client {left}" for left in range(number + 1, 3)}
    assert rows(database, FILES) == []
    arrive(5, 12)
    assert rows(database, FILES) == [(0, 59, 1)]


@pytest.mark.usefixtures("ten_minutes")
def test_a_file_that_is_gone_is_made_anew_and_others_stay(
    database: Database, writer: Writer, application: Application, arrive: Arrive
) -> None:
    lose_a_file(database, writer)
    assert verify(writer, (application.id, HOUR.date())) is not None
    arrive(4, 12)
    assert is_right(database, writer, application)
    assert rebuild(writer_of(database, writer.folder.path), [(application.id, HOUR.date())]) == len(MINUTES) + 1
    assert is_right(database, writer, application)


@pytest.mark.usefixtures("ten_minutes")
def test_a_file_that_is_gone_keeps_no_others_from_being_joined(
    database: Database, writer: Writer, application: Application, arrive: Arrive
) -> None:
    lose_a_file(database, writer)
    writer.clock, writer.swept_at = StandingClock(HOUR + timedelta(minutes=63)), float("-inf")
    writer.turn()
    assert writer.problem is None
    writer.turn()
    assert is_right(database, writer, application)


@pytest.mark.usefixtures("ten_minutes")
@pytest.mark.parametrize("swept_at", [0.0, float("-inf")], ids=["by the next hit", "by joining"])
def test_an_hour_that_a_scheduler_of_before_has_written_to_is_made_anew(
    database: Database, writer: Writer, application: Application, arrive: Arrive, swept_at: float
) -> None:
    of_hours = "UPDATE facts_files SET first_minute = 0, last_minute = 59 WHERE replaced_at IS NULL RETURNING 1"
    assert len(rows(database, of_hours)) == 5, "to that one each is a whole hour"
    writer.swept_at = swept_at
    if swept_at:
        writer.turn()
        assert writer.turn() == 1
    else:
        arrive(9, 9)
    assert rows(database, FILES) == [(0, 59, 10 if swept_at else 11)]
    assert is_right(database, writer, application)


def test_a_turn_makes_a_day_once_however_many_hits_arrive_meanwhile(
    database: Database, redis: Connection, application: Application, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_day, made = write.make_day, list[int]()

    def make_and_store(*arguments: Any) -> bool:
        is_all = make_day(*arguments)
        made.append(len(made) + 1)
        if len(made) < 5:
            enqueue(redis, [hit_of(application, 100 + made[-1], created_at=HOUR)])
            drain(redis, database)
        return is_all

    monkeypatch.setattr(write, "make_day", make_and_store)
    enqueue(redis, [hit_of(application, 100, created_at=HOUR)])
    drain(redis, database)
    assert writer.turn() == 1
    assert made == [1]
    assert writer.turn() == 1
    assert made == [1, 2]


def test_busy_applications_keep_nobody_waiting(
    database: Database, redis: Connection, application: Application, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("blog", "docs", "wiki")
    others = [applications.create(database, name=name, app_id=name, rate_limit=1000)[0] for name in names]
    busy, *quiet = sorted([application, *others], key=lambda application: application.id)
    make_day, make_batch, made = write.make_day, write.make_batch, list[UUID]()

    def store(days: list[FactsDay]) -> None:
        made.extend(day[0] for day in days)
        enqueue(redis, [hit_of(busy, 100 + len(made), created_at=HOUR)])
        drain(redis, database)

    def make_and_store(database: Database, space: Workspace, day: FactsDay, now: datetime) -> bool:
        is_all = make_day(database, space, day, now)
        store([day])
        return is_all

    def make_all_and_store(*arguments: Any) -> list[FactsDay]:
        days = make_batch(*arguments)
        store(days)
        return days

    monkeypatch.setattr(write, "make_day", make_and_store)
    monkeypatch.setattr(write, "make_batch", make_all_and_store)
    monkeypatch.setattr(write, "_DAYS_AT_ONCE", 1)
    enqueue(redis, [hit_of(one, number, created_at=HOUR) for number, one in enumerate([busy, *quiet])])
    drain(redis, database)
    assert writer.turn() == 4
    assert sorted(made) == [one.id for one in (busy, *quiet)]
