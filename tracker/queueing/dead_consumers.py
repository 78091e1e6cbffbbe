"""Consumers that killed workers left behind in the streams' groups."""

from typing import cast

from tracker.queueing.connection import Connection, script, translated
from tracker.queueing.consumer import GROUP
from tracker.queueing.overflow import all_streams

DEAD_SECONDS = 600.0


def remove(redis: Connection, *, idle_seconds: float = DEAD_SECONDS) -> int:
    """Remove consumers that were silent for so long and hold nothing; how many. Raises QueueAway.

    One that still holds entries is never removed, because Redis would forget them with it: a drain takes these over
    first (`Consumer.claim`), and the watch sees to it that there is a drain.
    """
    with translated():
        return cast(int, script(redis, "leave")(keys=all_streams(redis), args=[GROUP, "", int(idle_seconds * 1000)]))
