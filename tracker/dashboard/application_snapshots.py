"""Applications that this process has read, asked for again only where they have changed.

Each request looks whether they have, so that a key or a share link that ends, ends with the next one. What somebody
writes into the tables by hand is noticed within MAX_AGE_SECONDS.
"""

import threading
from collections import OrderedDict
from datetime import datetime
from typing import Final

from tracker.application import Application
from tracker.clock import Clock
from tracker.store import applications
from tracker.store.database import Transaction

MAX_AGE_SECONDS: Final = 5.0
_MAX_REMEMBERED: Final = 500


class ApplicationSnapshots:
    """One of it a process. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: OrderedDict[str, tuple[datetime, float, Application]] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, tx: Transaction, app_id: str) -> Application | None:
        """Return the application as it is now, a deleted one too (flagged); None where there is none."""
        # First when, then what: a change between the two makes the next look read it again.
        changed_at = applications.changed_at(tx, app_id)
        return None if changed_at is None else self.as_of(tx, app_id, changed_at)

    def as_of(self, tx: Transaction, app_id: str, changed_at: datetime) -> Application | None:
        """Return the same where it has just been read when the application was last changed."""
        now = self._clock.monotonic()
        with self._lock:
            seen = self._known.get(app_id)
        if seen is not None and seen[0] == changed_at and now - seen[1] < MAX_AGE_SECONDS:
            return seen[2]
        application = applications.find(tx, app_id)
        if application is not None:
            with self._lock:
                self._known[app_id] = (changed_at, now, application)
                self._known.move_to_end(app_id)
                while len(self._known) > _MAX_REMEMBERED:
                    self._known.popitem(last=False)
        return application
