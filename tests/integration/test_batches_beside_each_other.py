"""Two processes make facts of the same applications at once, a scheduler and a command: neither waits for the other."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.facts import facts, make_facts
from tests.support.queued_hits import NOON, drain, enqueue, hit_of, rows
from tests.support.standing_clock import StandingClock
from tracker.application import Application
from tracker.facts import batch
from tracker.facts.day import Workspace
from tracker.facts.write import Writer
from tracker.management import applications, settings
from tracker.queueing.connection import Connection
from tracker.reports import tally_making
from tracker.store.database import Database

DAYS = [(NOON - timedelta(days=number)) for number in (1, 2)]


@pytest.fixture
def sites(database: Database) -> list[Application]:
    """Two that are made in two passes, since their visits end after another time."""
    made = [applications.create(database, name=name, app_id=name, rate_limit=1000)[0] for name in ("a", "b")]
    settings.change(database, "b", {"session_timeout_minutes": "5"})
    return made


@pytest.fixture
def writer(database: Database, tmp_path: Path) -> Writer:
    return make_facts(database, tmp_path / "facts")


def store(database: Database, redis: Connection, sites: list[Application], first: int) -> None:
    enqueue(
        redis,
        [
            hit_of(site, first + number, created_at=day + timedelta(seconds=first))
            for number, (site, day) in enumerate((site, day) for site in sites for day in DAYS)
        ],
    )
    drain(redis, database)


def test_two_batches_of_the_same_applications_lose_none_of_them_to_a_deadlock(
    database: Database, redis: Connection, sites: list[Application], writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each change of a day takes the application's tally away, and batches come to them each in an order of its own."""
    store(database, redis, sites, 1)
    writer.turn()
    clock = StandingClock(NOON)
    assert tally_making.make_tallies(database, writer.folder, clock, min_facts=1, rest_seconds=0) == len(sites)
    store(database, redis, sites, 11)
    passes, both = batch._passes, threading.Barrier(2)

    def one_pass_each(units: Any) -> Iterator[list[Any]]:
        backwards = threading.current_thread().name == str(DAYS[1])
        for number, units_of_pass in enumerate(sorted(passes(units), key=lambda of: of[0].day, reverse=backwards)):
            if number:
                with suppress(threading.BrokenBarrierError):
                    both.wait(2)
            yield units_of_pass

    monkeypatch.setattr(batch, "_passes", one_pass_each)
    made, errors = [], []

    def make() -> None:
        day = next(day for day in DAYS if str(day) == threading.current_thread().name)
        try:
            with Workspace.open(writer.folder, writer.places) as space:
                made.extend(batch.make_batch(database, space, [(site.id, day.date()) for site in sites], NOON))
        except Exception as error:  # noqa: BLE001 whatever it is
            errors.append(error)

    threads = [threading.Thread(target=make, name=str(day)) for day in DAYS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert made
    writer.turn()
    assert len(facts(database, writer.folder.path, "page")) == 2 * len(sites) * len(DAYS)
    assert rows(database, "SELECT count(*)::int FROM facts_tallies") == [(0,)]
