"""What goes on at an application now: who was there in the last half hour, and the newest hits."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from tracker.clock import Clock
from tracker.reading.asked import asked_of
from tracker.store import latest_hits
from tracker.store.database import Database
from tracker.store.latest_hits import LatestHits

SPAN: Final = timedelta(minutes=30)
MAX_HITS: Final = 20_000
"""Hits that are looked at, the latest: some tens of milliseconds."""
_NEWEST: Final = 12
_AHEAD: Final = timedelta(minutes=2)
"""By how much a hit may be ahead of this machine's clock."""
_FRESH_SECONDS: Final = 1.0
"""For how long an answer serves everybody who looks at the same application."""
_MAX_REMEMBERED: Final = 200


@dataclass(frozen=True, slots=True)
class LiveView:
    """The last half hour. `newest` has `id`, `created_at`, `url`, `event_name` and `referrer`, the latest first."""

    latest: LatestHits
    newest: list[dict[str, Any]]

    @property
    def is_all(self) -> bool:
        """Return whether every hit of the time was looked at."""
        return self.latest.hits < MAX_HITS


class LiveReader:
    """Reads it, once a second for all who look at the same application. Thread-safe."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._seen: OrderedDict[str, tuple[float, LiveView]] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, app_id: str) -> LiveView:
        """Return the last half hour, no more than a second old. Raises Refused and DatabaseUnavailable."""
        now = self._clock.monotonic()
        with self._lock:
            at, view = self._seen.get(app_id, (0.0, None))
        if view is not None and now - at < _FRESH_SECONDS:
            return view
        view = read(self._database, app_id, self._clock.now())
        with self._lock:
            self._seen[app_id] = (now, view)
            self._seen.move_to_end(app_id)
            while len(self._seen) > _MAX_REMEMBERED:
                self._seen.popitem(last=False)
        return view


def read(database: Database, app_id: str, now: datetime) -> LiveView:
    """Return what there is. Raises Refused and DatabaseUnavailable."""
    with asked_of(database, app_id) as (tx, application):
        latest = latest_hits.latest_visitors(tx, application, now - SPAN, now + _AHEAD, limit=MAX_HITS)
        newest = latest_hits.latest(tx, application, now - SPAN, now + _AHEAD, limit=_NEWEST)
    return LiveView(latest, newest)
