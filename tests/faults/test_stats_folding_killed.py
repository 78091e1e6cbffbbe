"""Folders that are killed at any step: nothing is lost, nothing is counted twice."""

import random
import time
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from tests.support.counted import assert_exact, fold_everything
from tests.support.queued_hits import NOON, define, drain, enqueue, hit_of, rows
from tests.support.stepping import stepping
from tracker.application import Application
from tracker.queueing.connection import Connection
from tracker.store.database import Database

PROJECT = Path(__file__).resolve().parents[2]
KILLS = 24
CHANCE = random.Random(20)


@pytest.mark.slow
def test_a_folder_killed_at_every_step_loses_nothing_and_counts_nothing_twice(
    redis: Connection, database: Database, database_url: str, application: Application, environment: dict[str, str]
) -> None:
    define(database, application, "p", "string")
    numbers = count()

    def arrive() -> None:
        enqueue(
            redis,
            [
                hit_of(
                    application,
                    n,
                    created_at=NOON - timedelta(hours=n % 30),
                    client_sub_id=f"c{n % 11}",
                    session_id=f"s{n % 13}",
                    custom_params={"p": f"v{n % 120}"},
                )
                for n in (next(numbers) for _ in range(20))
            ],
        )
        drain(redis, database, batch_size=2)

    for kill in range(KILLS):
        arrive()
        with stepping(environment, "folding_process", database_url) as folder:
            # The kills go through the steps of the first transactions one after the other, and then hit by chance.
            for _ in range(kill % 9 + 1):
                folder.step()
            time.sleep(CHANCE.random() * 0.01)
    fold_everything(database)
    assert_exact(database)
    [(stored,)] = rows(database, "SELECT count(*) FROM access_logs")
    assert rows(database, "SELECT sum(total_requests) FROM daily_statistics") == [(stored,)]
    assert stored == KILLS * 20
