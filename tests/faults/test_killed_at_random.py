"""kill -9 of anything in any order, while hits come: nothing acknowledged is lost, nothing is stored twice.

Each run is repeatable by its seed: `make faults FAULT_SEED=7 FAULT_COUNT=200 ARGS="-k at_random"`.
"""

import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.support.fault_rows import Record, note
from tests.support.load import installation, outcome, sending
from tests.support.waiting import wait_until
from tracker.config import Settings
from tracker.management import applications
from tracker.queueing.connection import Connection
from tracker.store.database import Database

SEED = int(os.environ.get("FAULT_SEED", "1"))
COUNT = int(os.environ.get("FAULT_COUNT", "0"))
BETWEEN = (0.1, 1.2)
"""Seconds between two faults."""
HITS_BETWEEN = 20
"""Hits that are acknowledged after a fault before the next one: receivers are back."""
FAULTS = (
    "receiver",
    "server",
    "workers",
    "worker",
    "job",
    "scheduler",
    "connections of postgresql",
    "clients of redis",
)


@pytest.mark.slow
@pytest.mark.timeout(0 if COUNT else 240)
@pytest.mark.parametrize("faults", [COUNT] if COUNT else [8, pytest.param(60, marks=pytest.mark.long)])
def test_anything_is_killed_at_random_and_nothing_acknowledged_is_lost(  # noqa: PLR0917 fixtures
    faults: int, settings: Settings, redis: Connection, database: Database, tmp_path: Path, record_property: Record
) -> None:
    applications.create(database, name="Shop", app_id="shop", rate_limit=1_000_000)
    choose = random.Random(SEED)
    done: Counter[str] = Counter()
    with installation(settings, tmp_path) as running:
        with sending(running.port) as sender:
            for _ in range(faults):
                time.sleep(choose.uniform(*BETWEEN))
                what = choose.choice(FAULTS)
                done[what] += 1
                if what == "clients of redis":
                    redis.client_kill_filter(_type="normal", skipme=True)
                running.kill(what, choose)
                expected = len(sender.acknowledged) + HITS_BETWEEN
                wait_until(lambda count=expected: len(sender.acknowledged) > count)  # type: ignore[misc]
        running.revive()
        mended = time.monotonic()
        result = outcome(f"anything killed at random, seed {SEED}", faults, sender, database, redis)
        back = time.monotonic() - mended
    bit = ", ".join(f"{times} {what}" for what, times in done.most_common())
    note(record_property, result, place="0", backs=[back], bit=bit)
    assert len(done) > 3, "the faults bit"
    result.demand_sound(settings)
    assert result.balance.stored == result.stored
