"""Waiting for what must happen, with a patience that even a busy machine does not wear out."""

import time
from collections.abc import Callable

PATIENCE = 60.0
"""Seconds after which what has not happened will not happen: only a test that fails waits for so long."""


def wait_until(what: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Until `what` is true; a test that has to show how soon that is says so in `seconds`."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
