"""The times that an import takes: what the retention leaves, and nothing of the future."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from tracker.hit import EPOCH
from tracker.store.partitions import first_kept

_CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""How far ahead of our clock a line may be: the same as for events that arrive over HTTP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPeriod:
    """The times that an import takes."""

    first: datetime
    """The beginning of the oldest month that is kept."""
    retention_months: int
    """TRACKER_RETENTION_MONTHS, for the message; 0 keeps all."""

    def refusal(self, time: datetime, now: datetime) -> str | None:
        """Return why a line of that time is not taken; None where it is."""
        if time > now + _CLOCK_TOLERANCE:
            return f"its time, {time:%Y-%m-%d %H:%M:%SZ}, lies in the future"
        if time < self.first:
            if not self.retention_months:
                return f"its time, {time:%Y-%m-%d}, lies before 1970"
            return (
                f"its time, {time:%Y-%m-%d}, lies before {self.first:%Y-%m-%d}, "
                f"where TRACKER_RETENTION_MONTHS={self.retention_months} ends"
            )
        return None


def kept_since(today: date, retention_months: int) -> KeptPeriod:
    """Return the period that the retention leaves: this month and so many whole ones before it.

    With 0, all since 1970.
    """
    oldest = first_kept(today, retention_months)
    return KeptPeriod(first=EPOCH if oldest is None else max(EPOCH, oldest.start), retention_months=retention_months)
