"""kill -9 of anything in any order, while hits come: nothing acknowledged is lost, nothing is stored twice.

Each run is repeatable by its seed: `FAULT_SEED=7 FAULT_COUNT=200 make faults ARGS="-k at_random"`.
"""

import os
import random
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

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


@pytest.mark.timeout(0 if COUNT else 240)
@pytest.mark.parametrize("faults", [COUNT] if COUNT else [8, pytest.param(60, marks=pytest.mark.long)])
def test_anything_is_killed_at_random_and_nothing_acknowledged_is_lost(
    faults: int, settings: Settings, redis: Connection, database: Database, tmp_path: Path
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
        found = outcome(f"seed {SEED}", faults, sender, database, redis)
        back = time.monotonic() - mended
    sys.stdout.write(f"{dict(done)}, drained {back:.1f} s after the last fault\n")
    assert len(done) > 3, "the faults bit"
    found.demand_sound(settings)
    assert found.balance.stored == found.stored
