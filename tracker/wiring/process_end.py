"""What a process does when it ends in order, whichever server runs it."""

import atexit
import contextlib
import threading
from collections.abc import Callable, Sequence
from multiprocessing import util

from tracker.errors import TrackerError

_ends: list[Callable[[], None]] = []


def end_process() -> None:
    """Do now what `at_process_end` was told in this process."""
    for run in _ends:
        run()


def at_process_end(tasks: Sequence[Callable[[], object]]) -> None:
    """Call each of `tasks` once when this process ends; a server that is unavailable keeps none of the others from it.

    Those of the project's own server call `end_process`. A process of granian is one of multiprocessing, which ends
    without `atexit`; those of other servers end with it.
    """
    has_run = threading.Lock()

    def run() -> None:
        if has_run.acquire(blocking=False):
            for task in tasks:
                with contextlib.suppress(TrackerError):
                    task()

    _ends.append(run)
    atexit.register(run)
    util.Finalize(None, run, exitpriority=0)
