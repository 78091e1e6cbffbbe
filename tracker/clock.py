"""Time as an argument: whoever needs the time takes a Clock, so that tests can hand in their own."""

import time
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

MAX_APART: Final = timedelta(minutes=1)
"""How far apart two machines' clocks that agree may be."""


class Clock(Protocol):
    """What the time is, in the two ways that the code asks for it."""

    def now(self) -> datetime:
        """Return the wall clock, aware, in UTC. It may be set back."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards, for durations and deadlines."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


def words(duration: timedelta) -> str:
    """Return a duration in the largest unit of which there are two."""
    seconds = duration.total_seconds()
    for unit, size in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"
