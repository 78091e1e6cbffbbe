"""What may be deleted: only by a time that two clocks agree on and that has not leapt since the last deletion.

A clock that is ahead would let a whole retention run out at once. Hence the earlier of this machine's time and
PostgreSQL's counts, nothing goes where the two are apart, and where both have leapt together a person has to say that
the time is right: docs/decisions/0079-deleting-by-two-clocks.md.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from tracker.clock import MAX_APART, Clock, words
from tracker.log import logger
from tracker.store import retention_state
from tracker.store.database import Database
from tracker.store.retention_state import Times

MAX_LEAP = timedelta(days=31)
"""How much later than the last deletion the next one may be without an operator's word."""
MAX_MONTHS = 1
"""Months that one turn of the retention drops without an operator's word."""
FIRST_SECONDS = 300.0
"""Nothing is deleted for so long after the start: a machine that has just come up may not have its time yet."""
CLOCK, MONTHS = "clock", "months"
"""The subjects of refusals: everything that goes by the time, and months."""

_log = logger(__name__)


class PauseReason(NamedTuple):
    """Why something that is due is not deleted. `kind` stays the same while the numbers in the sentence change."""

    kind: str
    sentence: str


class Deletions:
    """Says by which time a process may delete, and keeps what it refuses and why. Thread-safe."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._started = clock.monotonic()
        self._said: dict[str, str] = {}
        """The kind of each refusal that this process has logged."""

    def time(self) -> datetime | None:
        """Return the time to delete by, or None where nothing may be deleted now. Raises DatabaseUnavailable."""
        if self._clock.monotonic() - self._started < FIRST_SECONDS:
            return None
        time = self.agreed_time()
        if time is not None:
            with self._database.transaction() as tx:
                retention_state.note_deletion(tx, time)
        return time

    def agreed_time(self) -> datetime | None:
        """Return the earlier of the two clocks' times, or None where it is not to be trusted.

        For what deletes nothing and still cannot be taken back, such as the end of a session. Raises
        DatabaseUnavailable.
        """
        before = self._clock.now()
        with self._database.transaction() as tx:
            times = retention_state.look(tx)
        refusal = doubt(times, before, self._clock.now())
        if refusal is None:
            if times.refused or CLOCK in self._said:
                self.permit(CLOCK)
            return min(before, times.now)
        self.refuse(CLOCK, refusal)
        return None

    def refuse(self, subject: str, reason: PauseReason) -> None:
        """Note why something that is due is not deleted, and log it where the kind of reason is new."""
        with self._database.transaction() as tx:
            retention_state.note_refusal(tx, subject, reason.kind, reason.sentence)
        if self._said.get(subject) != reason.kind:
            self._said[subject] = reason.kind
            _log.error("not deleted", what=subject, reason=reason.sentence)

    def permit(self, subject: str) -> None:
        """Note that nothing is against a deletion any more, and log it where something was."""
        with self._database.transaction() as tx:
            was_refused = retention_state.withdraw_refusal(tx, subject)
        if self._said.pop(subject, None) is not None or was_refused:
            _log.info("deletions go on", what=subject)


def doubt(times: Times, before: datetime, after: datetime) -> PauseReason | None:
    """Return why the time is not to be trusted, or None where it is.

    `before` and `after` are this machine's times from before and after the server was asked for its own.
    """
    if (refusal := apart(times, before, after)) is not None:
        return refusal
    leap = times.now - times.deleted_as_of if times.deleted_as_of else timedelta(0)
    if leap <= MAX_LEAP:
        return None
    sentence = (
        f"It is {times.now:%Y-%m-%d %H:%MZ} by the clocks, {words(leap)} after the last deletion: nothing is deleted "
        "and no session ends until somebody says that the time is right: `python -m tracker partitions drop --expired`."
    )
    return PauseReason("leap", sentence)


def apart(times: Times, before: datetime, after: datetime) -> PauseReason | None:
    """Return why two clocks that disagree are not to be trusted, or None where they agree."""
    nearest = min(max(times.now, before), after)
    if abs(nearest - times.now) <= MAX_APART:
        return None
    side = "ahead of" if nearest > times.now else "behind"
    sentence = (
        f"This machine's clock is {words(abs(nearest - times.now))} {side} PostgreSQL's: nothing is deleted and no "
        "session ends until they agree. Set both by NTP."
    )
    return PauseReason(f"apart, {side}", sentence)
