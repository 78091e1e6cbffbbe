"""The bulk stream with back pressure: an import waits for the workers instead of filling Redis."""

from collections.abc import Callable, Sequence

from tracker.clock import Clock
from tracker.hit import Hit
from tracker.instruments import HITS_IMPORTED
from tracker.queueing import adding
from tracker.queueing.adding import BulkPlace
from tracker.queueing.connection import Connection
from tracker.queueing.entry import Entry
from tracker.queueing.memory import memory_use
from tracker.store.imports import TakenHits

MAX_WAITING = 20_000
_LOOK_AGAIN = 0.2
_PUBLISH_SECONDS = 5.0
"""Between two times that the metrics of this process are published."""
_PATIENCE = 10.0
"""Seconds without any progress of the workers after which the person at the terminal is told."""


class PacedQueue:
    """Adds entries while at most MAX_WAITING wait; else wakes a worker and waits until there is room."""

    def __init__(
        self,
        redis: Connection,
        *,
        wake: Callable[[], object],
        tell: Callable[[str], None],
        clock: Clock,
        pause: Callable[[float], None],
        publish: Callable[[], object],
        max_retries: int,
        max_bytes: int = 0,
    ) -> None:
        """Remember how.

        `max_retries` is how often each hit is tried again; `max_bytes` is how much memory Redis may take
        (`tracker.queueing.memory`).
        """
        self._redis, self._max_bytes, self._max_retries = redis, max_bytes, max_retries
        self._wake = wake
        self._tell = tell
        self._clock = clock
        self._pause = pause
        self.publish = publish
        """Tells the metrics of this process; to be called once more when nothing is added any more."""
        self._published_at = clock.monotonic()
        self._last: BulkPlace | None = None

    def add(self, import_id: int, hits: Sequence[Hit]) -> TakenHits:
        """Wait until Redis has memory for a bulk, add, and wait where many wait. Raises QueueUnavailable."""
        if self._is_memory_short():
            self._wait(lambda _: not self._is_memory_short())
        now = self._clock.now()
        entries = [Entry.imported(hit, import_id, max_retries=self._max_retries, now=now) for hit in hits]
        added = adding.add(self._redis, entries)
        HITS_IMPORTED.inc(len(entries))
        self.publish_when_due()
        self._last = added.last
        if added.bulk_waiting > MAX_WAITING:
            self._wait(lambda waiting: waiting <= MAX_WAITING)
        return TakenHits(queued=len(hits))

    def publish_when_due(self) -> None:
        """Tell the metrics of this process, where it has been some seconds. Raises QueueUnavailable."""
        if (now := self._clock.monotonic()) - self._published_at > _PUBLISH_SECONDS:
            self._published_at = now
            self.publish()

    def wait_until_taken(self) -> None:
        """Wait until the workers have taken everything that was added. Raises QueueUnavailable."""
        last = self._last
        if last is not None:
            self._wait(lambda _: adding.is_bulk_taken(self._redis, last))

    def _is_memory_short(self) -> bool:
        return memory_use(self._redis, self._max_bytes).is_short_for_bulk

    def _wait(self, enough: Callable[[int], bool]) -> None:
        self._wake()
        fewest = waiting = adding.bulk_waiting(self._redis)
        since = self._clock.monotonic()
        while not enough(waiting):
            self._pause(_LOOK_AGAIN)
            waiting = adding.bulk_waiting(self._redis)
            now = self._clock.monotonic()
            if waiting < fewest:
                fewest, since = waiting, now
            elif now - since > _PATIENCE:
                self._tell(
                    f"{waiting} hits wait and nothing takes them: "
                    "see that workers run (`python -m tracker worker`). Waiting."
                )
                self._wake()
                since = now
