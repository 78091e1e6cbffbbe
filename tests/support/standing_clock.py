"""A clock that stands at a time of a test."""

from datetime import datetime


class StandingClock:
    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at

    def monotonic(self) -> float:
        return 0.0
