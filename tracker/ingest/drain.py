"""Draining: turn after turn until the queue is dry or the time is over."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from tracker.clock import Clock
from tracker.errors import TryAgain
from tracker.ingest.applications import Known, KnownApplications
from tracker.ingest.check import Good, check
from tracker.ingest.held import Held
from tracker.ingest.isolate import FAULTS, write_isolating
from tracker.ingest.read import Failed, Read, read
from tracker.ingest.tally import Drained, Ended, Tally
from tracker.log import logger
from tracker.queueing.claims import Claim, Claims
from tracker.store.database import Database

_PAUSE_SECONDS = 1.0
"""After an outage was met, so that a worker which is nudged again at once does not spin."""

_log = logger(__name__)


class Drain:
    """One drain: what it works with, what it holds and what it has counted so far."""

    def __init__(
        self,
        claims: Claims,
        database: Database,
        clock: Clock,
        *,
        seconds: float,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._held = Held(claims, clock)
        self._database = database
        self._applications = KnownApplications(database, clock)
        self._clock = clock
        self._started = clock.monotonic()
        self._seconds = seconds
        self._sleep = sleep
        self._tally = Tally()

    def run(self) -> Drained:
        """Turn until dry or out of time, log what was done, and say it.

        An outage of PostgreSQL or Redis ends the drain: what is claimed goes back and no try is counted. Any other
        exception comes through; what was claimed is then taken over by the next drain after a while.
        """
        ended: Ended = "interrupted"
        try:
            ended = self._until_dry()
        except TryAgain as error:
            ended = "away"
            _log.warning("drain stopped, the rest waits", reason=str(error))
            self._give_back()
            self._sleep(_PAUSE_SECONDS)
        finally:
            self._tally.report(ended, self._clock.monotonic() - self._started)
        return self._tally.drained(ended)

    def turn(self) -> bool:
        """One turn: claim, read, check, write, settle. Answers whether there was anything to do."""
        batches = self._held.claim()
        for batch in batches:
            self._write(self._check(_read(batch)))
        return bool(batches)

    def _until_dry(self) -> Ended:
        while not self._out_of_time():
            if not self.turn():
                return "dry"
        self._give_back()
        return "time"

    def _check(self, batch: Sequence[Read | Failed]) -> list[Good | Failed]:
        known = self._applications.of({item.hit.app_id for item in batch if isinstance(item, Read)})
        return [_checked(item, known) if isinstance(item, Read) else item for item in batch]

    def _write(self, batch: Sequence[Good | Failed]) -> None:
        """Write and settle; nothing when the time is over, and what is left stays held."""
        for outcome in write_isolating(self._database, self._held, batch, self._clock, self._out_of_time):
            self._tally.count(outcome)

    def _give_back(self) -> None:
        with suppress(TryAgain):  # Redis is the one that is away: what we hold is taken over when it is back.
            self._held.release()

    def _out_of_time(self) -> bool:
        return self._clock.monotonic() - self._started >= self._seconds


def _checked(item: Read, known: Mapping[str, Known | None]) -> Good | Failed:
    """What `check` says; a fault of ours that one hit brings about fails that hit, and holds up no other."""
    try:
        return check(item, known)
    except FAULTS as error:
        _log.exception("a hit meets a fault of this program", entry=str(item.claim.entry.id))
        reason = f"Checking it met a fault of this program: {type(error).__name__}, see the worker's log."
        found = known.get(item.hit.app_id)
        return Failed(item.claim, "fault", reason, None if found is None else found.audience)


def _read(batch: Sequence[Claim]) -> list[Read | Failed]:
    return [read(claim) for claim in batch]
