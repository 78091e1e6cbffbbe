"""The limit per application and minute within one process, for as long as Redis, which counts for all, is away."""

import threading
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Window:
    """What a window leaves of an offer: how many of it fit, what is left then, and when (epoch seconds) it ends."""

    taken: int
    remaining: int
    reset: int


class RateWindow:
    """Counts by minutes of the wall clock, as the shared window does. Thread-safe."""

    def __init__(self) -> None:
        self._minute = 0
        self._counts: dict[UUID, int] = {}
        self._lock = threading.Lock()

    def take(self, application_id: UUID, limit: int, wanted: int, now: datetime) -> Window:
        """Count as many of `wanted` as fit under `limit` in this minute."""
        minute = int(now.timestamp()) // _MINUTE
        with self._lock:
            if minute != self._minute:
                self._minute = minute
                self._counts.clear()
            count = self._counts.get(application_id, 0)
            taken = max(0, min(wanted, limit - count))
            self._counts[application_id] = count + taken
        return Window(taken, max(0, limit - count - taken), (minute + 1) * _MINUTE)
