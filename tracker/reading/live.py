"""What goes on at an application now: who was there in the last half hour, and the newest hits."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

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
_WAIT_SECONDS: Final = 2.0
"""For how long to wait for somebody else's look."""
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


class _Seen:
    """What was seen last of an application; whoever looks again holds the lock, and the others wait for it."""

    __slots__ = ("at", "lock", "view")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.at, self.view = 0.0, cast("LiveView | None", None)


class LiveReader:
    """Reads it, once a second for all who look at the same application. Thread-safe."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._seen: OrderedDict[str, _Seen] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, app_id: str) -> LiveView:
        """Return the last half hour, no more than a second old. Raises Refused and DatabaseUnavailable."""
        with self._lock:
            seen = self._seen.setdefault(app_id, _Seen())
            self._seen.move_to_end(app_id)
            while len(self._seen) > _MAX_REMEMBERED:
                self._seen.popitem(last=False)
        # Of several who come when it is time to look again, one looks. Where that takes too long, each does.
        is_held = seen.lock.acquire(timeout=_WAIT_SECONDS)
        try:
            view = self._fresh(seen)
            if view is None:
                at = self._clock.monotonic()
                view = read(self._database, app_id, self._clock.now())
                # In this order: `latest` must not take an old view for one of now.
                seen.view = view
                seen.at = at
            return view
        finally:
            if is_held:
                seen.lock.release()

    def latest(self, app_id: str) -> LiveView | None:
        """Return what `read` would without looking again, if it would."""
        with self._lock:
            seen = self._seen.get(app_id)
        return None if seen is None else self._fresh(seen)

    def _fresh(self, seen: _Seen) -> LiveView | None:
        at, view = seen.at, seen.view
        return view if self._clock.monotonic() - at < _FRESH_SECONDS else None


def read(database: Database, app_id: str, now: datetime) -> LiveView:
    """Return what there is. Raises Refused and DatabaseUnavailable."""
    with asked_of(database, app_id) as (tx, application):
        latest = latest_hits.latest_visitors(tx, application, now - SPAN, now + _AHEAD, limit=MAX_HITS)
        newest = latest_hits.latest(tx, application, now - SPAN, now + _AHEAD, limit=_NEWEST)
    return LiveView(latest, newest)
