"""Time as an argument: whoever needs the time takes a Clock, so that tests can hand in their own."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the time is, in the two ways that the code asks for it."""

    def now(self) -> datetime:
        """The wall clock, aware, in UTC. It may be set back."""
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
