"""Python sleeps by an absolute time of the monotonic clock, which libfaketime 0.9.10 shifts though it is told not to.

That is its issue 426. `time.sleep` fails then (EINVAL) where the clock is behind, and does not end where it is ahead.
"""

import select
import time


def _sleep(seconds: float) -> None:
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    select.select([], [], [], seconds)


time.sleep = _sleep
