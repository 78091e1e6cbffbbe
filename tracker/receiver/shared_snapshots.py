"""What receivers tell each other of applications, by Redis: doing without it costs a question to PostgreSQL, no hit."""

from dataclasses import dataclass

from tracker.application import Application
from tracker.clock import Clock
from tracker.errors import QueueUnavailable, TrackerError
from tracker.queueing import snapshots
from tracker.queueing.connection import Connection
from tracker.queueing.snapshots import SnapshotKind
from tracker.web.circuit_breaker import CircuitBreaker


@dataclass(frozen=True, slots=True)
class SharedSnapshot:
    """An application, and when (epoch seconds) it was what PostgreSQL had."""

    checked_at: float
    application: Application


class SharedSnapshots:
    """Snapshots by one way of naming applications. Thread-safe; nothing is raised where Redis is unavailable."""

    def __init__(self, redis: Connection, clock: Clock, kind: SnapshotKind, redis_breaker: CircuitBreaker) -> None:
        self._redis, self._clock, self._kind, self._redis_breaker = redis, clock, kind, redis_breaker

    def find(self, name: str) -> SharedSnapshot | None:
        """Return what the last process that asked PostgreSQL saw, None where Redis does not tell."""
        if not self._redis_breaker.allows_call():
            return None
        try:
            data = snapshots.get(self._redis, name, self._kind)
        except QueueUnavailable:
            self._redis_breaker.record_failure()
            return None
        self._redis_breaker.record_success()
        if data is None:
            return None
        checked_at, _, encoded = data.partition(b"\n")
        try:
            return SharedSnapshot(float(checked_at), Application.decode(encoded))
        except (ValueError, TypeError, KeyError):
            # Another version of this program may have written it: PostgreSQL knows better.
            return None

    def put(self, name: str, application: Application) -> None:
        """Tell the others what PostgreSQL has just said."""
        if self._redis_breaker.is_open:
            return
        checked_at = f"{self._clock.now().timestamp():.3f}\n".encode()
        try:
            snapshots.put(self._redis, name, checked_at + application.encode(), self._kind)
        except TrackerError:
            # The next process asks PostgreSQL; the snapshot only spares it that.
            return
