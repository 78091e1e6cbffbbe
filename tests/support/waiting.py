"""Waiting for what must happen, with a patience that even a busy machine does not wear out."""

import time
from collections.abc import Callable

PATIENCE = 60.0
"""Seconds after which what has not happened will not happen: only a test that fails waits for so long."""


def wait_until(what: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Until `what` is true; a test that has to show how soon that is says so in `seconds`.

    A look takes at most a quarter of the time: one that runs a command, or loads a page, would else keep a core busy,
    and what it waits for from happening.
    """
    end = time.monotonic() + seconds
    while True:
        began = time.monotonic()
        if what():
            return
        now = time.monotonic()
        assert now < end, "it did not happen in time"
        time.sleep(min(max(0.02, 3 * (now - began)), 0.5))
