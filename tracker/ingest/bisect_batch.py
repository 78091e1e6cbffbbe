"""Isolating: what the database takes is stored at once, and what it refuses ends up alone.

A batch that is refused is halved, and so are its halves, each in its turn (`tracker.ingest.drain`). A hit that is
refused alone has failed where the database said never; where it is unclear, it becomes a suspect that is tried alone
again, with growing delays. A fault of our own that one hit brings about counts as unclear: it must not hold up the
ninety-nine others.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tracker.clock import Clock
from tracker.errors import Unclear, Unstorable
from tracker.ingest.check import Failed
from tracker.ingest.in_flight import InFlight
from tracker.ingest.parts import Item, Part, halves
from tracker.ingest.write import Written, write
from tracker.instruments import BATCH_SECONDS
from tracker.log import logger
from tracker.queueing.consumer import Claim
from tracker.store.database import Database

_FIRST_DELAY_SECONDS = 2.0
_DELAY_FACTOR = 4.0
_MAX_DELAY_SECONDS = 86_400.0
_GROWING_DELAYS = 8
"""The delay after these is more than the longest."""

FAULTS = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What a value that nobody thought of brings about in our code. RQ's time limit and a full memory are none of these."""

_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Postponed:
    """A suspect that is to be tried again alone."""

    claim: Claim
    reason: str


def write_part(
    database: Database, in_flight: InFlight, part: Part, clock: Clock, *, meanwhile: Callable[[], None] = lambda: None
) -> tuple[Sequence[Written | Postponed], Sequence[Part]]:
    """Write a part of a batch in one transaction and settle it; what became of it, and the parts to write instead.

    `meanwhile` is called while PostgreSQL is at work. Raises TryAgain's kin where the database or Redis is unavailable.
    """
    in_flight.renew()
    try:
        written = _write(database, part, clock, in_flight.batch_size, meanwhile)
    except (Unstorable, Unclear) as error:
        if len(part) > 1:
            return (), halves(part)
        return _alone(database, in_flight, part[0], error, clock), ()
    in_flight.settle([item.claim for item in part])
    return (written,), ()


def _write(database: Database, part: Part, clock: Clock, batch_size: int, meanwhile: Callable[[], None]) -> Written:
    try:
        with BATCH_SECONDS.time():
            return write(database, part, clock, batch_size=batch_size, meanwhile=meanwhile)
    except FAULTS as error:
        if len(part) == 1:
            _log.exception("a hit meets a fault of this program", entry=str(part[0].claim.entry.id))
        raise Unclear(
            f"Writing it met a fault of this program: {type(error).__name__}, see the worker's log."
        ) from error


def delay_before(retry: int) -> float:
    """Seconds before a suspect's next try, when `retry` tries have been counted: 2, 8, 32, 128..., a day at most."""
    return min(_MAX_DELAY_SECONDS, _FIRST_DELAY_SECONDS * _DELAY_FACTOR ** min(retry, _GROWING_DELAYS))


def _alone(
    database: Database, in_flight: InFlight, item: Item, error: Unstorable | Unclear, clock: Clock
) -> Sequence[Written | Postponed]:
    """Decide about a hit that was refused alone."""
    claim = item.claim
    entry = claim.entry
    if isinstance(item, Failed):
        # It cannot even be written to batch_queue. It stays in Redis, where it is taken over again and again.
        _log.error("failed hit cannot be kept", entry=str(entry.id), error=str(error))
        return ()
    if isinstance(error, Unclear) and entry.retry_count < entry.max_retries:
        in_flight.postpone(claim, reason=str(error), delay=delay_before(entry.retry_count))
        return (Postponed(claim, str(error)),)
    kind = "unstorable" if isinstance(error, Unstorable) else "unclear"
    tries = f" It was tried alone {entry.retry_count + 1} times." if kind == "unclear" else ""
    outcomes, _ = write_part(database, in_flight, [Failed(claim, kind, f"{error}{tries}", item.audience)], clock)
    return outcomes
