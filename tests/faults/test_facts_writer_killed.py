"""A writer of facts that is killed at any step leaves the old state, and the next one all of the new."""

import random
import time
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from tests.support.facts import facts, make_facts
from tests.support.queued_hits import NOON, drain, enqueue, hit_of, rows
from tests.support.stepping import stepping
from tracker.application import Application
from tracker.management import applications
from tracker.queueing.connection import Connection
from tracker.store.database import Database

PROJECT = Path(__file__).resolve().parents[2]
KILLS = 6
CHANCE = random.Random(7)


@pytest.mark.parametrize("more", [0, 3])
def test_a_writer_killed_at_every_step_leaves_facts_that_are_the_hits(  # noqa: PLR0917 fixtures
    redis: Connection,
    database: Database,
    application: Application,
    environment: dict[str, str],
    tmp_path: Path,
    more: int,
) -> None:
    sites = [application]
    sites += [applications.create(database, name=f"s{n}", app_id=f"s{n}", rate_limit=1000)[0] for n in range(more)]
    folder = tmp_path / "facts"
    numbers = count()
    make_facts(database, folder)
    expected: set[str] = set()
    for kill in range(KILLS):
        arriving = [next(numbers) for _ in range(20)]
        minutes = 90 if not more else 3  # Of days made together few hours are marked.
        sent = [(sites[n % len(sites)], n, NOON - timedelta(minutes=n % minutes)) for n in arriving]
        enqueue(redis, [hit_of(site, n, created_at=at) for site, n, at in sent])
        drain(redis, database, batch_size=5)
        with stepping(environment, "facts_process", environment["DATABASE_URL"], str(folder)) as writer:
            for _ in range(kill + 1):
                writer.step()
            time.sleep(CHANCE.random() * 0.02)
        # Whatever is readable now is whole: hits of before, and none twice.
        pages = [page for (page,) in facts(database, folder, "page")]
        assert len(pages) == len(set(pages))
        expected |= {f"/{n}" for n in arriving}
        assert set(pages) <= expected
    make_facts(database, folder)
    assert {page for (page,) in facts(database, folder, "page")} == expected
    assert len(facts(database, folder, "page")) == len(expected) == KILLS * 20
    assert rows(database, "SELECT count(*) FROM facts_marks") == [(0,)]
