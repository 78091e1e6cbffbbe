"""A scheduler whose only job ticks each second, and which says when its wall clock has been set."""

import sys
import threading
import time
from datetime import timedelta

from tracker import config
from tracker.clock import SystemClock
from tracker.scheduler.job import Job
from tracker.scheduler.loop import Loop
from tracker.store.database import Database

_distance = time.time() - time.monotonic()
_said = False


def tick(_go_on: object) -> None:
    global _said  # noqa: PLW0603 a test's program of one thread
    if not _said and abs(time.time() - time.monotonic() - _distance) > 60:
        _said = True
        sys.stdout.write("clock was set\n")
    sys.stdout.write("tick\n")
    sys.stdout.flush()


def main() -> None:
    job = Job(name="tick", every=timedelta(seconds=1), jitter=timedelta(seconds=0.01), turn=tick)
    database = Database(config.load().database_url, name="ticking", connections=1)
    Loop([job], database, SystemClock(), owner="ticking", failed=lambda *_: None).run(threading.Event())


if __name__ == "__main__":
    main()
