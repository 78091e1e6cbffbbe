"""A writer of facts that works until it is killed: `python tests/support/facts_process.py DATABASE_URL FOLDER`.

It prints a line before each step of each transaction and at the end of each turn, so that a test can kill it at any of
them, and waits for none in vain.
"""

import sys
from pathlib import Path
from typing import Any

from tests.support.saying_steps import say_before
from tracker.clock import SystemClock
from tracker.facts import batch, make, write
from tracker.facts.folder import Folder
from tracker.store import facts_files, facts_marks
from tracker.store.database import Database

STEPS: tuple[tuple[Any, str], ...] = (
    (facts_marks, "take"),
    (facts_marks, "take_of"),
    (make, "join"),
    (batch, "write"),
    (Folder, "publish"),
    (facts_files, "insert"),
    (Folder, "remove"),
)


if __name__ == "__main__":
    for owner, function in STEPS:
        say_before(owner, function)
    folder = Folder(Path(sys.argv[2]))
    folder.grace_seconds = 0.0
    writer = write.Writer(Database(sys.argv[1], name="writer"), folder, SystemClock())
    while True:
        writer.turn()
        sys.stdout.write("turn\n")
        sys.stdout.flush()
