"""When each key was last used, written down once a minute at most and never by a request that counts a hit."""

import threading
from datetime import datetime
from typing import Final

from tracker.application import ApiKey
from tracker.clock import Clock
from tracker.store import api_keys
from tracker.store.database import Database

_SECONDS: Final = 60.0


class KeyUse:
    """The uses of keys that this process has seen and not yet written. Thread-safe.

    A process that is killed forgets what it saw in its last minute. Keys go by their hashes, under which a first key
    is found as well, and found again when another has taken its place.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._seen: dict[str, datetime] = {}
        self._lock = threading.Lock()
        self._flushed_at = clock.monotonic()

    def note(self, key: ApiKey, now: datetime) -> None:
        """Remember that a key was used just now."""
        self._seen[key.key_hash] = now

    def flush_when_due(self) -> None:
        """Write what was seen, where the last time was a minute ago. Raises DatabaseAway: it is kept until then."""
        if self._seen and self._clock.monotonic() - self._flushed_at >= _SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what was seen. Raises DatabaseAway: it is kept."""
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
