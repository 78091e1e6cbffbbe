"""When each key was last used, written down by a timer, once a minute at most, and when the process ends.

The first use is written within seconds, so that a process that serves one request has written it when it is killed.
"""

import math
import threading
from datetime import datetime
from typing import Final

from tracker.application import ApiKey
from tracker.clock import Clock
from tracker.store import api_keys
from tracker.store.database import Database

_SECONDS: Final = 60.0
"""Between two writes of a process that sees uses all the time."""
_FIRST_SECONDS: Final = 10.0
"""For how long a use waits for others to be written with it."""


class KeyUse:
    """The uses of keys that this process has seen and not yet written. Thread-safe.

    A process that is killed forgets what it saw in its last minute. Keys go by their hashes, under which a first key
    is found as well, and found again when another has taken its place.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._seen: dict[str, datetime] = {}
        self._lock = threading.Lock()
        self._seen_since = self._flushed_at = -math.inf

    def note(self, key: ApiKey, now: datetime) -> None:
        """Remember that a key was used just now."""
        if not self._seen:
            self._seen_since = self._clock.monotonic()
        self._seen[key.key_hash] = now

    def flush_when_due(self) -> None:
        """Write what was seen, a minute after the last time at the earliest. Raises DatabaseUnavailable: it is kept."""
        now = self._clock.monotonic()
        if self._seen and now - self._seen_since >= _FIRST_SECONDS and now - self._flushed_at >= _SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what was seen. Raises DatabaseUnavailable: it is kept."""
        with self._lock:
            self._flushed_at = self._clock.monotonic()
            # Not a swap of dicts: a request may be writing into this one, and every key that is read stays until then.
            seen = dict(self._seen)
            if not seen:
                return
            with self._database.transaction() as tx:
                api_keys.note_uses(tx, seen)
            for key_hash, used_at in seen.items():
                if self._seen.get(key_hash) == used_at:
                    self._seen.pop(key_hash, None)
