"""The limits of an application within one process, for as long as Redis, which counts for all, is away."""

import threading
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tracker.queueing.quota import DAY_SECONDS, MINUTE_SECONDS, Quota, QuotaUse, Usage


class RateWindow:
    """Counts by minutes and days of the wall clock, as the shared counters do. Thread-safe."""

    def __init__(self) -> None:
        self._minute = self._day = 0
        self._usages: dict[UUID, Usage] = {}
        self._bytes: dict[UUID, int] = {}
        self._lock = threading.Lock()

    def take(
        self, application_id: UUID, rate_limit: int, sizes: Sequence[int], now: datetime, quota: Quota
    ) -> QuotaUse:
        """Count as many hits, of so many bytes each, as fit; of the day's bytes this process knows its own."""
        seconds = int(now.timestamp())
        minute, day = seconds // MINUTE_SECONDS, seconds // DAY_SECONDS
        with self._lock:
            if minute != self._minute:
                self._minute = minute
                self._usages.clear()
            if day != self._day:
                self._day = day
                self._bytes.clear()
            used = self._bytes.get(application_id, 0)
            usage = self._usages.setdefault(application_id, Usage())
            taken = usage.take(rate_limit, quota, sizes, used)
            self._bytes[application_id] = used + sum(sizes[: taken.hits])
        return taken
