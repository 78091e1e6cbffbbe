"""Hits that take much: facts are made of them piece by piece, and where they take too much all other days are made."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.facts import facts, make_facts, writer_of
from tests.support.queued_hits import define, drain, enqueue, hit_of, rows
from tracker.application import Application
from tracker.facts import write
from tracker.facts.columns import column_of
from tracker.facts.day import Workspace
from tracker.facts.engine import FactsTooLarge
from tracker.management import applications
from tracker.queueing.connection import Connection
from tracker.store.database import Database
from tracker.store.facts_marks import FactsDay

HOUR = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=3)
MANY = 100
"""Custom parameters of a hit."""
LONGEST = '"' * 1900
"""A value: each of its letters is three on the way."""


@pytest.mark.parametrize("hits", [3, pytest.param(400, marks=pytest.mark.long)])
def test_many_long_parameters_are_facts(
    database: Database, redis: Connection, application: Application, tmp_path: Path, hits: int
) -> None:
    for number in range(MANY):
        define(database, application, f"p{number}", "string")
    params = {f"p{number}": f"{number} {LONGEST}" for number in range(MANY)}
    enqueue(redis, [hit_of(application, number, created_at=HOUR, custom_params=params) for number in range(hits)])
    assert drain(redis, database, seconds=120).stored == hits
    make_facts(database, tmp_path)
    columns = ", ".join(column_of(key) for key in params)
    [*stored] = facts(database, tmp_path, columns)
    assert len(stored) == hits
    assert set(stored) == {tuple(params.values())}


def test_a_day_that_needs_too_much_holds_up_no_other(
    database: Database,
    redis: Connection,
    application: Application,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other, _ = applications.create(database, name="Blog", app_id="blog", rate_limit=1000)
    enqueue(redis, [hit_of(application, 1, created_at=HOUR), hit_of(other, 2, created_at=HOUR + timedelta(seconds=1))])
    drain(redis, database)
    writer, make_day = writer_of(database, tmp_path), write.make_day
    tried: list[FactsDay] = []

    def without_room(database: Database, space: Workspace, day: FactsDay, now: datetime) -> bool:
        tried.append(day)
        if day[0] == application.id:
            raise FactsTooLarge("no room")
        return make_day(database, space, day, now)

    def not_together(*_: Any) -> list[FactsDay]:
        raise FactsTooLarge("no room")

    monkeypatch.setattr(write, "make_day", without_room)
    monkeypatch.setattr(write, "make_batch", not_together)
    for _ in range(2):
        writer.turn()
        assert facts(database, tmp_path, "page") == [("/2",)]
        assert rows(database, "SELECT problem FROM facts_folder") == [(writer.problem,)]
        assert "more memory or time" in str(writer.problem)
    assert [day[0] for day in tried].count(application.id) == 1, "it is not tried again at once"

    monkeypatch.undo()
    writer.put_off = dict.fromkeys(writer.put_off, 0.0)
    writer.turn()
    assert facts(database, tmp_path, "page") == [("/1",), ("/2",)]
    assert rows(database, "SELECT problem FROM facts_folder") == [(None,)]
