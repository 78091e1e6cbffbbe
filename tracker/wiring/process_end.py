"""What a process does when it ends in order, whichever server runs it."""

import atexit
import contextlib
import threading
from collections.abc import Callable, Sequence
from multiprocessing import util

from tracker.errors import TrackerError


def at_process_end(tasks: Sequence[Callable[[], object]]) -> None:
    """Call each of `tasks` once when this process ends; a server that is away keeps none of the others from it.

    A process of granian is one of multiprocessing, which ends without `atexit`; those of other servers end with it.
    """
    has_run = threading.Lock()

    def run() -> None:
        if has_run.acquire(blocking=False):
            for task in tasks:
                with contextlib.suppress(TrackerError):
                    task()

    atexit.register(run)
    util.Finalize(None, run, exitpriority=0)
