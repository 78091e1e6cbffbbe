"""The doctor says where hits wait and none is stored, and not where a backlog is being worked off."""

import time
from typing import Any

import pytest

from tests.support.queued_hits import drain, entry_of, hit_of
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.config import Settings
from tracker.diagnostics import doctor, work_checks
from tracker.queueing.entry import BULK, FIELDS, NORMAL
from tracker.queueing.inspection import depths
from tracker.store.database import Database


def wait_since(redis: Any, application: Application, number: int, *, seconds: float, stream: str = NORMAL) -> None:
    fields = dict(zip(FIELDS, entry_of(hit_of(application, number)).to_fields(), strict=True))
    redis.xadd(stream, fields, id=f"{int((time.time() - seconds) * 1000)}-0")


def progress(settings: Settings) -> list[str]:
    return [finding.seen for finding in doctor.examine(settings, SystemClock()) if finding.check == "progress"]


def test_hits_that_wait_while_none_is_stored_are_a_finding(
    settings: Settings, database: Database, redis: Any, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.diagnostics.doctor._LOOK_SECONDS", 0.01)
    monkeypatch.setattr("tracker.ledger.balance._PAUSE_SECONDS", 0.01)
    wait_since(redis, application, 1, seconds=5)
    assert progress(settings) == [], "it may be stored any moment"
    wait_since(redis, application, 2, seconds=400, stream=BULK)
    wait_since(redis, application, 3, seconds=300, stream=BULK)
    [seen] = progress(settings)
    assert seen.startswith("2 hits wait, the oldest since 40")

    monkeypatch.setattr(doctor.time, "sleep", lambda _: drain(redis, database))
    assert progress(settings) == [], "a worker came meanwhile"


def test_a_backlog_that_is_worked_off_is_none(database: Database, redis: Any, application: Application) -> None:
    for number, seconds in enumerate((400, 350, 300), 1):
        wait_since(redis, application, number, seconds=seconds)
    first = depths(redis)
    [(oldest, _)] = redis.xrange(NORMAL, count=1)
    redis.xdel(NORMAL, oldest)
    assert work_checks.about_progress(first, depths(redis), 0.0) == []
    assert len(work_checks.about_progress(depths(redis), depths(redis), 0.0)) == 1
