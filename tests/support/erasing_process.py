"""An erasure that says each step, so that a test can kill it: `python tests/support/erasing_process.py DB REDIS ID...`.

Without anything killing it, it ends when the person is erased.
"""

import sys
from types import ModuleType
from typing import Any

from tests.support.saying_steps import say_before
from tracker.clock import SystemClock
from tracker.erasure import hits, identifiers, person, requests, run
from tracker.queueing.connection import connect
from tracker.store import erasures, person_rows, person_statistics
from tracker.store.database import Database

STEPS: tuple[tuple[ModuleType, str], ...] = (
    (person_rows, "erase_queued"),
    (person_rows, "erase_values"),
    (person_rows, "erase_hits"),
    (person_statistics, "subtract"),
    (person_rows, "erase_sessions"),
    (erasures, "advance"),
)


def main(database_url: str, redis_url: str, *clients: str) -> None:
    for owner, function in STEPS:
        say_before(owner, function)
    setattr(hits, "BATCH_SIZE", 2)  # noqa: B010 a constant elsewhere
    setattr(person, "RETRY_SECONDS", 0.1)  # noqa: B010
    setattr(erasures, "LEASE_SECONDS", 0.2)  # noqa: B010
    database, redis, clock = Database(database_url, name="eraser"), connect(redis_url, name="eraser"), SystemClock()
    named: Any = identifiers.checked(clients, [], [])
    requested = requests.request_person(database, "shop", named, now=clock.now())
    run.until_done(database, redis, clock, requested.id, owner=f"process {requested.id}")


if __name__ == "__main__":
    main(*sys.argv[1:])
