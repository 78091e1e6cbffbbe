"""A wall clock that is set back or forward while a scheduler works, and a scheduler of which no turn ends any more."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support import wrong_clocks
from tests.support.running import Running, running
from tests.support.waiting import wait_until
from tracker.clock import SystemClock
from tracker.config import Settings
from tracker.scheduler import loop
from tracker.scheduler.job import Job
from tracker.scheduler.loop import Loop
from tracker.store import leases
from tracker.store.database import Database

pytestmark = pytest.mark.slow


def ticks(ticking: Running) -> int:
    return ticking.output.splitlines().count("tick")


@pytest.mark.parametrize(
    "step", ["+7200", *(pytest.param(step, marks=pytest.mark.long) for step in ("-600", "+600", "-86400"))]
)
def test_turns_go_on_at_their_pace_when_the_clock_is_set(step: str, settings: Settings, tmp_path: Path) -> None:
    """libfaketime reads the offset of a file anew: the clock of the running process is set."""
    (tmp_path / "tests/support").mkdir(parents=True)
    offset = tmp_path / "offset"
    offset.write_text("+0")
    variables = {
        **wrong_clocks.by("+0"),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
    }
    del variables["FAKETIME"]
    with running(settings, tmp_path, "tests/support/ticking_scheduler.py", **variables) as ticking:
        wait_until(lambda: ticks(ticking) >= 2)
        offset.write_text(step)
        wait_until(lambda: ticking.output.count("clock was set") == 1)
        before, began = ticks(ticking), time.monotonic()
        wait_until(lambda: ticks(ticking) >= before + 4, seconds=30)
        time.sleep(max(0.0, 8 - (time.monotonic() - began)))
        # One a second and no storm.
        assert ticks(ticking) - before <= (time.monotonic() - began) + 2


@pytest.fixture
def stuck() -> Iterator[threading.Event]:
    released = threading.Event()
    yield released
    released.set()


def test_a_scheduler_of_which_no_turn_ends_gives_its_lease_up_and_takes_it_again_when_one_does(
    database: Database, stuck: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "MAX_STUCK_SECONDS", 1.0)
    monkeypatch.setattr("tracker.scheduler.lease.SECONDS", 2.0)
    monkeypatch.setattr("tracker.scheduler.lease.RENEWED_EVERY", 0.2)
    job = Job(
        name="hang",
        every=timedelta(seconds=0.2),
        jitter=timedelta(seconds=0.02),
        turn=lambda _go_on: stuck.wait(),
    )

    def holder() -> Any:
        with database.transaction() as tx:
            return leases.holder(tx, leases.SCHEDULER)

    stop = threading.Event()
    working = Loop([job], database, SystemClock(), owner="me", failed=lambda *_: None)
    thread = threading.Thread(target=working.run, args=[stop])
    thread.start()
    try:
        wait_until(lambda: holder() == "me")
        wait_until(lambda: holder() is None)
        time.sleep(1)
        assert holder() is None
        stuck.set()
        wait_until(lambda: holder() == "me")
    finally:
        stuck.set()
        stop.set()
        thread.join()
