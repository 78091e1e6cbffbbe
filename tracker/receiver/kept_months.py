"""How far back a hit may lie that a trusted key brings: as far as there are months for it, and it would be kept.

A hit of a month that is not there could be stored nowhere, so that it is refused where its sender still hears of it.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from tracker.application import Application
from tracker.application_settings import RETENTION_DAYS
from tracker.clock import Clock
from tracker.store import archived_months, partitions
from tracker.store.database import Database
from tracker.store.partitions import Month

NOT_KNOWN_YET: Final = datetime.max.replace(tzinfo=UTC)
"""In the place of the earliest time, as long as this process has not seen which months there are."""
_LOOK_SECONDS = 5.0
"""A month that an operator has just made for a log of old hits is soon known."""


class KeptMonths:
    """The months that hits can be stored in, looked at now and then beside the requests."""

    def __init__(self, database: Database, clock: Clock, *, retention_months: int) -> None:
        self._database, self._clock, self._retention_months = database, clock, retention_months
        self._first: datetime | None = None
        self._looked_at: float | None = None

    def look(self) -> None:
        """Look which months there are, unless that was done a moment ago. Raises DatabaseUnavailable."""
        now = self._clock.monotonic()
        if self._looked_at is not None and now - self._looked_at < _LOOK_SECONDS:
            return
        today = self._clock.now()
        kept = partitions.first_kept(today, self._retention_months)
        with self._database.transaction() as tx:
            oldest = partitions.oldest_month(tx)
            if oldest is None:
                return
            months = [oldest.plus(number) for number in range(Month.of(today).minus(oldest) + 1)]
            # One that is archived may be there for a while, on its way out or back.
            missing = sorted({*partitions.missing(tx, months), *archived_months.dropped(tx).intersection(months)})
        first = missing[-1].plus(1) if missing else oldest
        self._first = max(first, kept).start if kept else first.start
        self._looked_at = now

    def since(self, application: Application, now: datetime) -> datetime:
        """Return the earliest time of a hit that is stored and kept, or NOT_KNOWN_YET."""
        if self._first is None:
            return NOT_KNOWN_YET
        day_ago = now - timedelta(hours=24)
        days = RETENTION_DAYS.value(application.settings)
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        first = max(self._first, today - timedelta(days=days)) if days else self._first
        return min(first, day_ago)
