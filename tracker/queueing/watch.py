"""The watch: looks at the queue every few seconds and wakes a worker when something waits.

It is what makes lost jobs, killed workers and a missing scheduler harmless: whatever happened, an entry that waits
is found here, after at most `TAKE_OVER_SECONDS` if a dead worker holds it.
"""

import math
import time
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from contextlib import suppress

from redis import ResponseError

from tracker.errors import DatabaseUnavailable, QueueUnavailable
from tracker.log import logger
from tracker.queueing import filtered
from tracker.queueing.connection import Connection, translated
from tracker.queueing.consumer import GROUP, TAKE_OVER_SECONDS
from tracker.queueing.failures import code_of
from tracker.queueing.inspection import depths
from tracker.queueing.overflow import all_streams, kind_of
from tracker.queueing.shards import shards_of
from tracker.queueing.wakeup import wake_worker

log = logger(__name__)

_EVERY_SECONDS = 3.0


def look(redis: Connection, queue: str, *, drain_seconds: int) -> bool:
    """Wake a worker if an entry waits, was left behind or is due for a retry, or counts wait; whether there was any.

    Raises QueueUnavailable.
    """
    is_waiting = is_work_waiting(redis) or filtered.is_due(redis)
    if is_waiting:
        wake_worker(redis, queue, drain_seconds=drain_seconds)
    return is_waiting


def is_work_waiting(redis: Connection) -> bool:
    """Return whether a drain would find something to claim now. Raises QueueUnavailable."""
    now = depths(redis)
    return (
        any(depth.waiting for depth in now if depth.next_due_seconds is None)
        or any(depth.next_due_seconds <= 0 for depth in now if depth.next_due_seconds is not None)
        or _is_any_left_behind(redis, {depth.name for depth in now if depth.pending})
    )


def _is_any_left_behind(redis: Connection, kinds: AbstractSet[str]) -> bool:
    """Return whether an entry of streams of these kinds has been pending for so long that it may be taken over."""
    with translated():
        return any(
            _is_left_behind(shard, stream)
            for shard in (shards_of(redis) if kinds else ())
            for stream in all_streams(shard)
            if kind_of(stream) in kinds
        )


def _is_left_behind(redis: Connection, stream: str) -> bool:
    try:
        return bool(redis.xpending_range(stream, GROUP, "-", "+", 1, idle=int(TAKE_OVER_SECONDS * 1000)))
    except ResponseError as error:
        # An application's own stream that no worker has read yet, or that has just been worked off, has no group.
        if code_of(error) == "NOGROUP":
            return False
        raise


class Watch:
    """Looks every 3 s, for whoever asks it often. In an outage of Redis it goes on looking, and says each reason once.

    `permit` is called before; it raises QueueUnavailable where the queue is not to be touched.
    """

    def __init__(
        self, redis: Connection, queue: str, *, drain_seconds: int, permit: Callable[[], None] = lambda: None
    ) -> None:
        self._redis = redis
        self._queue = queue
        self._drain_seconds = drain_seconds
        self._permit = permit
        self._due = -math.inf
        self._reason: str | None = None

    def look_when_due(self) -> None:
        """Look, unless the last look was less than 3 s ago; the first call looks."""
        if time.monotonic() < self._due:
            return
        try:
            with suppress(DatabaseUnavailable):  # Whoever is woken asks again before it writes.
                self._permit()
            look(self._redis, self._queue, drain_seconds=self._drain_seconds)
        except QueueUnavailable as error:
            if str(error) != self._reason:
                log.warning("watch cannot see the queue", reason=str(error))
            self._reason = str(error)
        except Exception as error:
            if repr(error) != self._reason:
                log.exception("watch fails unexpectedly")
            self._reason = repr(error)
        else:
            if self._reason is not None:
                log.info("watch sees the queue again")
            self._reason = None
        self._due = time.monotonic() + _EVERY_SECONDS
