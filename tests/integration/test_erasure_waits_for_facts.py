"""An erasure is done when the facts are made anew, also where what is marked is put off or joined meanwhile."""

import shutil
from pathlib import Path

import pytest

from tests.support.erasing import erase
from tests.support.facts import facts, make_facts, writer_of
from tests.support.queued_hits import NOON, drain, enqueue, hit_of, rows
from tracker.application import Application
from tracker.errors import FactsUnavailable
from tracker.facts import day
from tracker.facts.folder import Folder
from tracker.queueing.connection import Connection
from tracker.store import facts_marks
from tracker.store.database import Database


@pytest.fixture
def folder(database: Database, redis: Connection, application: Application, tmp_path: Path) -> Path:
    """The facts of hits of two people in each of two hours, which have a file each."""
    for number in range(4):
        client, time = "ab"[number % 2], NOON.replace(hour=number // 2)
        enqueue(redis, [hit_of(application, number, created_at=time, client_sub_id=client)])
        drain(redis, database)
        if number % 2:
            make_facts(database, tmp_path / "facts")
    assert rows(database, "SELECT facts FROM facts_files WHERE replaced_at IS NULL") == [(2,), (2,)]
    return tmp_path / "facts"


def clients(database: Database, folder: Path) -> list[str]:
    return [client for (client,) in facts(database, folder, "client")]


def test_it_waits_where_nothing_can_be_written(
    database: Database, redis: Connection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Folder, "grace_seconds", 0.1)
    shutil.rmtree(folder / "work")
    (folder / "work").touch()
    with pytest.raises(FactsUnavailable, match="the erasure waits"):
        erase(database, redis, clients=["a"], write_facts=writer_of(database, folder).turn_if_ours)
    (folder / "work").unlink()
    assert clients(database, folder) == ["a", "b"] * 2
    erase(database, redis, clients=["c"], write_facts=writer_of(database, folder).turn_if_ours)
    assert clients(database, folder) == ["b"] * 2


def test_it_waits_for_what_a_turn_puts_off(
    database: Database, redis: Connection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day, "_READ_SECONDS", -1.0)
    steps = []

    def write_one() -> None:
        """Make one of the files, as when the turn's time is over then."""
        writer = writer_of(database, folder)
        with day.Workspace.open(writer.folder, writer.places) as space:
            [waiting] = _waiting(database)
            steps.append(day.make_day(database, space, waiting, NOON))
        writer.remove_replaced(0)

    erase(database, redis, clients=["a"], write_facts=write_one)
    assert clients(database, folder) == ["b"] * 2
    assert steps == [False, True]


def _waiting(database: Database) -> list[facts_marks.FactsDay]:
    with database.transaction() as tx:
        return facts_marks.days(tx, limit=10)


def test_marks_are_joined_again_and_again(database: Database, redis: Connection, folder: Path) -> None:
    [stored] = rows(database, "SELECT id FROM applications")
    waiting = (stored[0], NOON.date())
    for _ in range(2):
        with database.transaction() as tx:
            facts_marks.put(tx, waiting, {3: 1, 4: 2})
            facts_marks.mark_day(tx, waiting)
        for _ in range(2):
            with database.transaction() as tx:
                facts_marks.collapse(tx)
        assert rows(database, "SELECT count(*), max(id) < 0 FROM facts_marks") == [(24, True)]
        with database.transaction() as tx:
            assert facts_marks.take(tx, waiting) == dict.fromkeys(range(24), facts_marks.ALL_MINUTES)
