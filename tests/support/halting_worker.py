"""A worker that stops at a chosen point of its drain and says so: `python tests/support/halting_worker.py POINT`.

It runs the very job that RQ calls. At the point it prints the point's name and waits for a signal, so that a test can
kill it, or stop and continue it, exactly there.
"""

import signal
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from tracker import jobs
from tracker.ingest import drain
from tracker.queueing.consumer import Consumer
from tracker.store import access_logs, batch_jobs, sessions


def halt(name: str) -> None:
    print(name, flush=True)  # noqa: T201 the test waits for this line
    signal.sigwait([signal.SIGUSR1])


def before(owner: ModuleType | type, function: str, name: str) -> Callable[[], None]:
    """Make `function` of `owner` halt when it is called."""

    def install() -> None:
        original = getattr(owner, function)

        def halting(*arguments: Any, **named: Any) -> Any:
            halt(name)
            return original(*arguments, **named)

        setattr(owner, function, halting)

    return install


POINTS = {
    name: before(owner, function, name)
    for name, owner, function in (
        ("claimed", drain, "_read"),
        ("transaction begun", access_logs, "copy"),
        ("half written", sessions, "upsert"),
        ("about to commit", batch_jobs, "add"),
        ("committed", Consumer, "settle"),
    )
}

if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    POINTS[sys.argv[1]]()
    jobs.drain()
