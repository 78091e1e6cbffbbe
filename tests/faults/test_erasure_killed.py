"""An eraser that is killed at any step: whoever goes on completes it, and the requests agree at every moment."""

import random
import time
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.counted import assert_exact, fold_everything
from tests.support.erasing import erase, keys_with, tables_with
from tests.support.queued_hits import NOON, define, drain, enqueue, hit_of, rows
from tests.support.stepping import stepping
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.erasure import person
from tracker.erasure.run import erase_waiting
from tracker.queueing.connection import Connection
from tracker.stats.verify import verify
from tracker.store.database import Database

PROJECT = Path(__file__).resolve().parents[2]
KILLS = 16
CHANCE = random.Random(16)
WHO = "somebody-1"
AHEAD = {"unique_visitors", "unique_sessions"}
"""In the middle of a day the person is no visitor any more, while some of the hits are still there."""


@pytest.mark.slow
def test_an_eraser_killed_at_any_step_leaves_numbers_that_agree_and_is_completed(
    *,
    redis: Connection,
    database: Database,
    database_url: str,
    redis_url: str,
    application: Application,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    define(database, application, "p", "string")
    told = [
        hit_of(
            application,
            n,
            created_at=NOON - timedelta(hours=n % 40 + 12),
            client_sub_id=WHO if n % 2 else "other",
            session_id=f"s{n % 5}",
            custom_params={"p": f"v{n % 7}"},
        )
        for n in range(120)
    ]
    enqueue(redis, told)
    drain(redis, database)
    fold_everything(database)
    enqueue(redis, [hit_of(application, 1000 + n, client_sub_id=WHO if n % 2 else "other") for n in range(10)])
    left = []
    for kill in range(KILLS):
        with stepping(environment, "erasing_process", database_url, redis_url, WHO, waits=True) as eraser:
            for _ in range(kill + 1):
                eraser.step()
                eraser.go_on()
            # It waits at its next step, or is in the middle of this one.
            time.sleep(CHANCE.random() * 0.01)
        assert {day.difference.name for day in verify(database, SystemClock()).differences} <= AHEAD
        left += rows(database, "SELECT count(*) FROM access_logs WHERE client_sub_id = %s", WHO)
    assert left == sorted(left, reverse=True)
    assert left[-1] < (60,)
    assert rows(database, "SELECT state FROM erasures") == [("running",)]

    monkeypatch.setattr(person, "RETRY_SECONDS", 0.1)
    done = 0
    while not done:  # The lease of the one that was killed last runs out first.
        done = erase_waiting(database, redis, SystemClock(), owner="the next")
    assert rows(database, "SELECT state, identifiers FROM erasures") == [("done", None)]
    assert rows(database, "SELECT counts ->> 'access_logs' FROM erasures") == [("60",)]
    assert assert_exact(database) == 3
    drain(redis, database)
    assert tables_with(database, WHO) == {}
    assert keys_with(redis, WHO) == []
    assert rows(database, "SELECT count(*) FROM access_logs") == [(65,)]
    assert erase(database, redis, clients=[WHO]).counts == {}
