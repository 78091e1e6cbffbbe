"""Draining: turn after turn until the queue is dry or the time is over."""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress

from tracker.clock import Clock
from tracker.errors import TryAgain
from tracker.ingest.application_lookup import ApplicationLookup, Known
from tracker.ingest.bisect_batch import FAULTS, write_part
from tracker.ingest.check import Failed, Good, Read, check, read
from tracker.ingest.drain_result import DrainCounts, Drained, Ended
from tracker.ingest.in_flight import InFlight
from tracker.ingest.parts import Part, Unchecked, parts_of
from tracker.ingest.traced_batches import Spans
from tracker.ingest.variety import Variety
from tracker.log import logger
from tracker.queueing.consumer import Claim
from tracker.queueing.sharded_consumer import AnyConsumer
from tracker.store.database import Database

_PAUSE_SECONDS = 1.0
"""After an outage was met, so that a worker that is woken again at once does not spin."""
_MORE_LOOKS = 3
_LOOK_AGAIN_SECONDS = 0.005
"""Of a drain that had something to do, before it ends: under a steady load the next hit is milliseconds away, and would
wait for the end of one RQ job and the beginning of another."""
_MAX_PARTS_LEFT = 50
"""With so many left to write nothing new is claimed: what a worker holds stays bounded."""

_log = logger(__name__)


class Drain:
    """One drain: what it works with, what it holds and what it has counted so far."""

    def __init__(
        self,
        consumer: AnyConsumer,
        database: Database,
        clock: Clock,
        *,
        seconds: float,
        sleep: Callable[[float], None] = time.sleep,
        permit: Callable[[], None] = lambda: None,
        spans: Spans | None = None,
    ) -> None:
        self._in_flight = InFlight(consumer, clock)
        self._database = database
        self._applications = ApplicationLookup(database, clock)
        self._clock = clock
        self._started = clock.monotonic()
        self._seconds = seconds
        self._sleep = sleep
        self._permit = permit
        self._spans = spans
        self._variety = Variety(consumer.redis)
        self._counts = DrainCounts()
        self._left: deque[Unchecked] = deque()
        self._ahead: list[Unchecked] = []
        """Batches that were claimed, read and nearly always checked while the one before was written."""

    def run(self) -> Drained:
        """Turn until dry or out of time, log what was done, and say it.

        An outage of PostgreSQL or Redis ends the drain: what is claimed goes back and no try is counted. So does what
        `permit` raises before anything is claimed, where the queue is another database's for instance. Any other
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
            self._counts.report(ended, self._clock.monotonic() - self._started)
        return self._counts.drained(ended)

    def turn(self) -> bool:
        """One turn: claim, read, check, write, settle. Answers whether there was anything to do.

        A turn is short, so that nobody waits long for the next: of what is claimed one part is written, nearly always
        the whole, and then one of the parts that are left from turns before.
        """
        was_busy = bool(self._left)
        parts = self._next_parts() if len(self._left) < _MAX_PARTS_LEFT else []
        self._left.extend(parts[1:])
        if parts:
            self._write(parts[0])
        if was_busy and not self._out_of_time():
            self._write(self._left.popleft())
        return was_busy or bool(parts)

    def _next_parts(self) -> list[Unchecked]:
        """Claim and read; parted before anything is checked, so that a turn checks no more than it writes."""
        batches = self._ahead or list(map(_read, self._in_flight.claim()))
        self._ahead = []
        parts = [part for batch in batches for part in parts_of(batch, self._known(batch))]
        if len(parts) > len(batches):
            self._in_flight.claim_less()
        return parts

    def _until_dry(self) -> Ended:
        self._permit()
        looks = 0
        while self._ahead or not self._out_of_time():
            if self.turn():
                looks = _MORE_LOOKS
            elif looks:
                looks -= 1
                time.sleep(_LOOK_AGAIN_SECONDS)
            else:
                return "dry"
        self._give_back()
        return "time"

    def _known(self, part: Unchecked) -> Mapping[str, Known | None]:
        return self._applications.of(_app_ids(part))

    def _check(self, part: Unchecked) -> Part:
        """Check a part as it was claimed; the halves of one that was refused have been checked with it."""
        checked = [item for item in part if not isinstance(item, Read)]
        if len(checked) == len(part):
            return checked
        return self._checked(part, self._known(part))

    def _checked(self, part: Unchecked, known: Mapping[str, Known | None]) -> Part:
        return self._variety.bound([_checked(item, known) if isinstance(item, Read) else item for item in part], known)

    def _write(self, part: Unchecked) -> None:
        """Check, write and settle a part; where it is refused, its halves are what is left to do first."""
        with nullcontext() if self._spans is None else self._spans(part):
            checked = self._check(part)
            outcomes, smaller = write_part(
                self._database, self._in_flight, checked, self._clock, meanwhile=self._look_ahead
            )
        self._left.extendleft(reversed(smaller))
        for outcome in outcomes:
            self._counts.count(outcome)

    def _look_ahead(self) -> None:
        """Claim, read and check the next batch of a deep backlog, while PostgreSQL writes one.

        It buys a quarter of the time of a batch. The way without it is the next turn's, which also meets again whatever
        keeps Redis from answering here: the transaction that is under way need not fail for it.
        """
        if not (self._ahead or self._left or self._out_of_time()):
            with suppress(TryAgain):
                self._ahead = list(map(_read, self._in_flight.claim_ahead()))
                self._ahead = list(map(self._checked_ahead, self._ahead))

    def _checked_ahead(self, batch: Unchecked) -> Unchecked:
        """Check a batch that will be one part, of applications that are known: PostgreSQL is at work and not asked."""
        known = self._applications.at_hand(_app_ids(batch))
        return self._checked(batch, known) if known is not None and len(parts_of(batch, known)) == 1 else batch

    def _give_back(self) -> None:
        with suppress(TryAgain):  # Redis is the one that is unavailable: what we hold is taken over when it is back.
            self._in_flight.release()

    def _out_of_time(self) -> bool:
        return self._clock.monotonic() - self._started >= self._seconds


def _checked(item: Read, known: Mapping[str, Known | None]) -> Good | Failed:
    """Return what `check` says; a fault of ours that one hit brings about fails that hit, and holds up no other."""
    try:
        return check(item, known)
    except FAULTS as error:
        _log.exception("a hit meets a fault of this program", entry=str(item.claim.entry.id))
        reason = f"Checking it met a fault of this program: {type(error).__name__}, see the worker's log."
        known_application = known.get(item.hit.app_id)
        return Failed(item.claim, "fault", reason, None if known_application is None else known_application.audience)


def _app_ids(part: Unchecked) -> set[str]:
    return {item.hit.app_id for item in part if not isinstance(item, Failed)}


def _read(batch: Sequence[Claim]) -> list[Read | Failed]:
    return [read(claim) for claim in batch]
