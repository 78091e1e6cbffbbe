"""The time that a process goes by: its machine's, unless PostgreSQL and Redis outvote it.

A machine whose clock is hours off would otherwise date hits wrongly, refuse good ones, make months that nobody needs
and let sessions look idle: docs/decisions/0080-the-time-most-clocks-agree-on.md. What deletes asks for more than this:
`tracker.store.deletions`.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from tracker.clock import MAX_APART, Clock, SystemClock, words
from tracker.errors import TrackerError
from tracker.log import logger

EVERY_SECONDS: Final = 10.0
"""How long a measurement counts as fresh."""
MAX_ROUND_TRIP_SECONDS: Final = 5.0
"""A server that takes longer to say what the time is has not said it."""
_NONE: Final = timedelta(0)

_log = logger(__name__)

Ask = Callable[[], datetime]
"""Asks a server for its time. Raises TrackerError where that cannot be had."""


class AgreedClock:
    """A clock that is set by a majority of three: this machine's and those of two servers.

    Thread-safe. `now` costs no I/O: between measurements the time goes on by the monotonic clock, whatever is done to
    the machine's. Whoever holds the clock calls `measure_when_due` beside the work, and `measure` before it begins.
    """

    def __init__(self, servers: Mapping[str, Ask], machine: Clock | None = None) -> None:
        self._servers = dict(servers)
        self._machine = machine or SystemClock()
        self._set_at = (self._machine.now(), self._machine.monotonic())
        self._measured_at: float | None = None
        self._measurements = 0
        self._is_agreed = False
        """Whether a majority has ever said what the time is."""
        self._lock = threading.Lock()
        self.correction = _NONE
        """How far this machine's clock was off when it was measured last, with the other sign."""
        self.complaint: str | None = None
        """What is wrong with the clocks, as a sentence; None where nothing is."""

    def now(self) -> datetime:
        time, monotonic = self._set_at
        # Days and seconds by their places take half the time of `timedelta(seconds=...)`, and every hit asks.
        return time + timedelta(0, self._machine.monotonic() - monotonic)

    def monotonic(self) -> float:
        return self._machine.monotonic()

    def measure_when_due(self) -> None:
        """Measure unless that was done a moment ago. Who comes while another measures waits for that."""
        if self._is_fresh():
            return
        measurements = self._measurements
        with self._lock:
            if self._measurements == measurements:
                self._measure()

    def measure(self) -> None:
        """Ask the servers for their time, and set this clock. A server that is unavailable has no vote."""
        with self._lock:
            self._measure()

    def _is_fresh(self) -> bool:
        return self._measured_at is not None and self._machine.monotonic() - self._measured_at < EVERY_SECONDS

    def _measure(self) -> None:
        answers = {name: answer for name, ask in self._servers.items() if (answer := self._answer(ask)) is not None}
        here, monotonic = self._machine.now(), self._machine.monotonic()
        differences = {name: time + timedelta(seconds=monotonic - at) - here for name, (time, at) in answers.items()}
        self._measurements += 1
        if not differences:
            return
        self._measured_at = monotonic
        votes = list(differences.values())
        agreed = majority(votes)
        self._is_agreed = self._is_agreed or agreed is not None
        if agreed is None and not self._is_agreed:
            agreed = middle(votes)
        if agreed is not None:
            self._set_at, self.correction = (here + agreed, monotonic), agreed
        self._say(_complaint(differences, agreed))

    def _answer(self, ask: Ask) -> tuple[datetime, float] | None:
        """Return a server's time and when it was that, by the monotonic clock; None where it has not said it."""
        before = self._machine.monotonic()
        try:
            time = ask()
        except TrackerError:
            # Whoever needs the server meets the same, and says so.
            return None
        after = self._machine.monotonic()
        return (time, (before + after) / 2) if after - before <= MAX_ROUND_TRIP_SECONDS else None

    def _say(self, complaint: str | None) -> None:
        """Log it when something begins or ends to be wrong, not at every measurement."""
        if complaint is not None and self.complaint is None:
            _log.warning("clock is wrong", reason=complaint)
        elif complaint is None and self.complaint is not None:
            _log.info("clock is right again")
        self.complaint = complaint


def majority(differences: Sequence[timedelta]) -> timedelta | None:
    """Return by how much to correct this machine's clock, or None where no two clocks agree.

    `differences` says by how much each server is ahead of it.
    """
    if any(abs(difference) <= MAX_APART for difference in differences):
        return _NONE
    if any(later - earlier <= MAX_APART for earlier, later in pairwise(sorted(differences))):
        return middle(differences)
    return None


def middle(differences: Sequence[timedelta]) -> timedelta:
    """Return the median of this machine's clock and the servers'; that of a server where it is the only other one."""
    return sorted([_NONE, *differences])[1] if len(differences) > 1 else differences[0]


def _complaint(differences: Mapping[str, timedelta], agreed: timedelta | None) -> str | None:
    if agreed == _NONE:
        return None
    seen = " and ".join(f"{_words(difference)} {name}'s" for name, difference in differences.items())
    if agreed is None:
        return f"This machine's clock is {seen}: it goes on from the time that was agreed on last. Set all by NTP."
    return f"This machine's clock is {seen}: its processes go by the time {_words(agreed)} it. Set it by NTP."


def _words(difference: timedelta) -> str:
    """Return how a clock stands to one that is ahead of it by so much."""
    return f"{words(abs(difference))} {'behind' if difference > _NONE else 'ahead of'}"
