"""A folder that works in small turns until it is killed: `python tests/support/folding_process.py DATABASE_URL`.

It prints a line before each step of each transaction, so that a test can kill it at any of them.
"""

import sys
from types import ModuleType

from tests.support.saying_steps import say_before
from tracker.clock import SystemClock
from tracker.stats import fold
from tracker.store import batch_jobs, statistics, statistics_increments
from tracker.store.database import Database

STEPS: tuple[tuple[ModuleType, str], ...] = (
    (statistics_increments, "lock_next"),
    (statistics, "fold"),
    (batch_jobs, "add"),
)


if __name__ == "__main__":
    for owner, function in STEPS:
        say_before(owner, function)
    fold._BATCH_SIZE = 3  # many small transactions
    database = Database(sys.argv[1], name="folder")
    while True:
        fold.fold(database, SystemClock())
