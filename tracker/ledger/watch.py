"""The scheduler's look at the balance: an hour that does not balance is said once, in the log and to webhooks."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from tracker.clock import Clock
from tracker.ledger import balance as ledger_balance
from tracker.log import logger
from tracker.queueing.connection import Connection
from tracker.queueing.inspection import depths
from tracker.store.database import Database, Transaction
from tracker.store.ledger import LedgerHour

_LOOKED_AT: Final = timedelta(days=31)
_WRITTEN_WITHIN: Final = timedelta(minutes=2)
"""After that what was accepted in an hour stands in the ledger."""

_log = logger(__name__)


class LedgerWatch:
    """What one process has said already."""

    def __init__(self, publish: Callable[[Transaction, Sequence[LedgerHour]], None]) -> None:
        """`publish` tells webhooks of hours, those of which they know already too: they hear of each once."""
        self._publish = publish
        self._said: set[tuple[UUID, datetime]] = set()

    def look(
        self, database: Database, redis: Connection, clock: Clock, *, sleep: Callable[[float], None] = time.sleep
    ) -> list[LedgerHour]:
        """Return the hours that do not balance, as far as they can be told by now.

        An hour to which hits belong that wait in Redis is left for later: they cannot be told from lost ones. Raises
        QueueUnavailable and DatabaseUnavailable.
        """
        present = ledger_balance.balance(database, redis, clock, sleep=sleep)
        if present.is_balanced:
            self._said.clear()
            return []
        now = clock.now()
        hours = [
            hour
            for hour in ledger_balance.hours(database, now - _LOOKED_AT, _end(redis, now))
            if (present.lost and hour.open > 0) or (present.surplus and hour.open < 0)
        ]
        with database.transaction() as tx:
            self._publish(tx, hours)
        for hour in hours:
            if (key := (hour.application_id, hour.hour)) not in self._said:
                self._said.add(key)
                _log.error("ledger does not balance", app_id=hour.app_id, hour=hour.hour.isoformat(), missing=hour.open)
        return hours


def _end(redis: Connection, now: datetime) -> datetime:
    """Return the end of the last hour of which everything is known and nothing waits in Redis."""
    waits = max((depth.oldest_seconds or 0.0 for depth in depths(redis)), default=0.0)
    latest = now - max(_WRITTEN_WITHIN, timedelta(seconds=waits))
    return latest.replace(minute=0, second=0, microsecond=0)
